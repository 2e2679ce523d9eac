"""Praat TextGrid: tiers of intervals that tile the whole length, and tiers of points, one file for each medium."""

import re
from collections.abc import Iterator
from pathlib import Path

from engine.domain.annotation import Annotation
from engine.domain.errors import ExchangeError
from engine.domain.media import MediaItem
from engine.exchange import reading
from engine.exchange.audacity import timed_files
from engine.exchange.dataset import Dataset
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing, names_of
from engine.exchange.serialise import decimals
from engine.exchange.tiers import label_of, labelled_tiers, layers, tier_name

_FILES = re.compile(r".+\.textgrid", re.IGNORECASE)
_TOKEN = re.compile(r'(?<!\S)(?:"((?:[^"]+|"")*+)"|(<\w+>)|([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?))(?=\s|\Z)')
_INTERVALS, _POINTS = "IntervalTier", "TextTier"
_SUFFIX = " points"
_NAMELESS = "?"
_Span = tuple[float, float, str]


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names = names_of(dataset)
    for item, annotations in out.each(dataset):
        length = item.clock.seconds if item.clock else 0.0
        tiers = _tiers(item, annotations, dataset, out)
        head = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {_number(length)} "]
        lines = [*head, "tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
        for at, (kind, name, spans) in enumerate(tiers, 1):
            whole = [f"    item [{at}]:", f'        class = "{kind}" ', f"        name = {_quoted(name)} "]
            lines += [*whole, "        xmin = 0 ", f"        xmax = {_number(length)} "]
            lines += _intervals(spans, length) if kind == _INTERVALS else _points(spans)
        yield File(f"{names[item.id]}.TextGrid", "\n".join([*lines, ""]).encode())


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    for path, item in timed_files(source, _FILES, into):
        tiers = _parsed(path)
        names = [name for _, name, _ in tiers]
        for kind, name, spans in tiers:
            stem = name.removesuffix(_SUFFIX) if kind == _POINTS else name
            label = label_of(stem, [*names, *(other.removesuffix(_SUFFIX) for other in names)])
            for start, end, words in spans:
                if (segment := into.segment(item, start, end)) is not None:
                    phrase = label if words == _NAMELESS and label else words
                    yield into.annotation(item, segment, label, phrase=phrase, labelled=bool(label))


def _tiers(
    item: MediaItem, annotations: list[Annotation], dataset: Dataset, out: Outgoing
) -> list[tuple[str, str, list[_Span]]]:
    tiers: list[tuple[str, str, list[_Span]]] = []
    for label, found in labelled_tiers(annotations, dataset).items():
        spans = [(*out.seconds(item, segment), _said(one, label, out)) for one, segment in found]
        lasting = [span for span in spans if span[0] < span[1]]
        instants = sorted(span for span in spans if span[0] >= span[1])
        tiers += [(_INTERVALS, tier_name(label, at), layer) for at, layer in enumerate(layers(lasting))]
        tiers += [(_POINTS, tier_name(label, at) + _SUFFIX, layer) for at, layer in enumerate(_apart(instants))]
    return tiers


def _apart(instants: list[_Span]) -> list[list[_Span]]:
    """Points divided so that no two of one tier are at the same time."""
    made: list[list[_Span]] = []
    for point in instants:
        free = next((layer for layer in made if layer[-1][0] < point[0]), None)
        if free is None:
            made.append([point])
        else:
            free.append(point)
    return made


def _said(annotation: Annotation, label: str, out: Outgoing) -> str:
    """An interval without text is a gap, so that an empty phrase needs a word."""
    words = annotation.phrase.replace("\r", " ").replace("\0", " ")
    if not words.strip():
        out.losses.changed("empty phrase, which would be a gap", label[:60])
        return _NAMELESS
    return words


def _intervals(spans: list[_Span], length: float) -> list[str]:
    tiled: list[_Span] = []
    at = 0.0
    for start, end, words in spans:
        if start > at:
            tiled.append((at, start, ""))
        tiled.append((start, end, words))
        at = end
    if at < length or not tiled:
        tiled.append((at, length, ""))
    lines = [f"        intervals: size = {len(tiled)} "]
    for number, (start, end, words) in enumerate(tiled, 1):
        times = [f"            xmin = {_number(start)} ", f"            xmax = {_number(end)} "]
        lines += [f"        intervals [{number}]:", *times, f"            text = {_quoted(words)} "]
    return lines


def _points(spans: list[_Span]) -> list[str]:
    lines = [f"        points: size = {len(spans)} "]
    for number, (start, _, words) in enumerate(spans, 1):
        lines += [f"        points [{number}]:", f"            number = {_number(start)} "]
        lines.append(f"            mark = {_quoted(words)} ")
    return lines


def _number(seconds: float) -> str:
    """Without powers of ten, which not every reader knows."""
    return decimals(seconds, 9)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


class _Tokens:
    """The strings and numbers of a TextGrid in order, whether it is of the long or the short kind."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found = _TOKEN.finditer(reading.text(path))

    def string(self) -> str:
        match = self._next()
        if match.group(1) is None:
            raise self.refusal("a text")
        return match.group(1).replace('""', '"')

    def number(self) -> float:
        found = reading.number(self._next().group(3) or "")
        if found is None:
            raise self.refusal("a number")
        return found

    def exists(self) -> bool:
        return self._next().group(2) == "<exists>"

    def refusal(self, what: str) -> ExchangeError:
        return ExchangeError(f"{self._path} is not a sound TextGrid ({what} is missing); save it again in Praat.")

    def _next(self) -> "re.Match[str]":
        match = next(self._found, None)
        if match is None:
            raise self.refusal("its end")
        return match


def _parsed(path: Path) -> list[tuple[str, str, list[_Span]]]:
    tokens = _Tokens(path)
    if tokens.string() != "ooTextFile" or tokens.string() != "TextGrid":
        raise tokens.refusal("its heading")
    tokens.number()
    tokens.number()
    if not tokens.exists():
        return []
    return [_tier(tokens) for _ in range(_count(tokens))]


def _tier(tokens: _Tokens) -> tuple[str, str, list[_Span]]:
    kind, name = tokens.string(), tokens.string()
    if kind not in {_INTERVALS, _POINTS}:
        raise tokens.refusal("the kind of a tier")
    tokens.number()
    tokens.number()
    spans: list[_Span] = []
    for _ in range(_count(tokens)):
        start = tokens.number()
        end = tokens.number() if kind == _INTERVALS else start
        words = tokens.string()
        if words or kind == _POINTS:
            spans.append((start, end, words))
    return kind, name, spans


def _count(tokens: _Tokens) -> int:
    """A size as the file states it; the tokens themselves end a size that is too large."""
    found = tokens.number()
    if not 0 <= found <= reading.LARGEST_TEXT:
        raise tokens.refusal("a size")
    return int(found)
