"""Names of a file that fit no medium: what they may mean by likeness, and which files of a folder they mean."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from engine.exchange.incoming import Progress, quiet
from engine.exchange.jail import last_name

_LIKE = 0.5
_CONTAINED = 0.75
_COMMON = 2000
_NEAREST = 50


def guesses(names: Iterable[str], paths: Mapping[str, str], tick: Progress = quiet) -> dict[str, str]:
    """For each name the item whose file is called most alike; names like none are absent.

    `paths` maps item ids to paths. Likeness is the Dice coefficient of the names' groups of three characters; the
    numbers in one name must all be in the other, so that picture 12 never stands for picture 13.
    """
    plain = {id_: _plain(path) for id_, path in paths.items()}
    index: dict[str, list[str]] = {}
    for id_, words in plain.items():
        for piece in _pieces(words):
            index.setdefault(piece, []).append(id_)
    found: dict[str, str] = {}
    wanted = list(names)
    for done, name in enumerate(wanted):
        tick(done, len(wanted))
        if (nearest := _nearest(name, plain, paths, index)) is not None:
            found[name] = nearest
    return found


def lying(
    paths: Sequence[Path], wanted: Mapping[str, str], digest: Callable[[Path], str], tick: Progress = quiet
) -> dict[str, Path]:
    """Which of the files `paths` each wanted name means; names that none or several fit are absent.

    `wanted` maps names to digests, "" where the file tells none. The content decides where it is known, then the name,
    then the folders above it. Raises OSError where a file cannot be read.
    """
    named: dict[str, list[Path]] = {}
    for path in paths:
        for key in {path.name.casefold(), path.stem.casefold()}:
            named.setdefault(key, []).append(path)
    found = {name: one for name in wanted if (one := _lying(name, named)) is not None}
    asked = {sha: name for name, sha in wanted.items() if sha}
    alike = {path for name, sha in wanted.items() if sha for path in named.get(last_name(name).casefold(), ())}
    lost = any(name not in found for name in asked.values())
    looked_at = list(paths) if lost else [path for path in paths if path in alike]
    for done, path in enumerate(looked_at if asked else ()):
        tick(done, len(looked_at))
        if (name := asked.get(digest(path))) is not None:
            found[name] = path
    return found


def _nearest(
    name: str, plain: Mapping[str, str], paths: Mapping[str, str], index: Mapping[str, Sequence[str]]
) -> str | None:
    own = _plain(name)
    shared: Counter[str] = Counter()
    for piece in _pieces(own):
        if len(index.get(piece, ())) <= _COMMON:
            shared.update(index.get(piece, ()))
    near = [id_ for id_, _ in shared.most_common(_NEAREST)]
    ranked = ((_likeness(own, plain[id_]), _same_tail(name, paths[id_]), id_) for id_ in near)
    best = max(ranked, default=(0.0, 0, ""))
    return best[2] if best[0] >= _LIKE else None


def _likeness(one: str, other: str) -> float:
    first, second = ({part.lstrip("0") for part in re.findall(r"\d+", words)} for words in (one, other))
    if not (first <= second or second <= first):
        return 0.0
    a, b = _pieces(one), _pieces(other)
    dice = 2 * len(a & b) / (len(a) + len(b))
    short, long = sorted((one, other), key=len)
    return max(dice, _CONTAINED) if len(short) > 2 and f" {short} " in f" {long} " else dice


def _plain(name: str) -> str:
    """The name without folders and ending, as words in small letters."""
    return " ".join(re.findall(r"\d+|[^\W\d_]+", Path(last_name(name)).stem.casefold()))


def _pieces(words: str) -> frozenset[str]:
    padded = f" {words} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))


def _lying(name: str, named: Mapping[str, Sequence[Path]]) -> Path | None:
    """The one file of that name; of several, the one whose folders fit best."""
    fitting = named.get(last_name(name).casefold(), ())
    ranked = sorted(fitting, key=lambda path: -_same_tail(name, path.as_posix()))
    tails = [_same_tail(name, path.as_posix()) for path in ranked[:2]]
    return ranked[0] if ranked and (len(tails) == 1 or tails[0] > tails[1]) else None


def _same_tail(one: str, other: str) -> int:
    """How many folders above the file are called the same."""
    first, second = (name.replace("\\", "/").casefold().split("/")[-2::-1] for name in (one, other))
    same = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        same += 1
    return same
