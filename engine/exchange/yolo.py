"""YOLO: `data.yaml`, and for each picture a file of `class xc yc width height`, fractions of its size.

Classes count from 0 in the order of `names`; a label keeps its class over exports, so that a removed one leaves a name
that nothing uses. Pictures stand in `images/`, their labels in `labels/`, under the name of their part.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from engine.domain.annotation import Annotation
from engine.domain.errors import ExchangeError
from engine.domain.geometry import Box
from engine.domain.media import MediaItem, MediaKind
from engine.exchange import reading
from engine.exchange.dataset import Dataset, Split, category, category_names
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing, names_of, split_of, stem_of, suffix_of
from engine.exchange.serialise import decimals

_DIGITS = 9
_FILES = re.compile(r".+\.txt", re.IGNORECASE)
_NO_LABELS = frozenset({"classes.txt", "obj.names", "train.txt", "val.txt", "test.txt", "readme.txt", "labels.txt"})
_LARGEST_YAML = 1 << 20
_MOST_CLASSES = 1_000_000


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names, files = category_names(dataset), names_of(dataset)
    classes = {out.numbers.of("label", id_) - 1: name for id_, name in names.items()}
    for item, annotations in out.each(dataset):
        split, name = split_of(dataset, item), files[item.id]
        rows = [_row(one, item, names, classes, out) for one in annotations if isinstance(one.geometry, Box)]
        yield File(f"labels/{split}/{name}.txt", "".join(rows).encode())
        yield from out.copies(item, f"images/{split}/{name}{suffix_of(item.path)}")
    yield File("data.yaml", _yaml(dataset, classes))


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    sheet = _sheet(source)
    names = _names(sheet)
    folder = sheet.parent / "labels"
    files = reading.files(folder if folder.is_dir() else sheet.parent, _FILES, into.losses)
    for done, path in enumerate(files, 1):
        if done % 64 == 0:
            into.tick(done, len(files))
        if path.name.casefold() in _NO_LABELS:
            continue
        name = path.relative_to(folder if folder.is_dir() else sheet.parent).as_posix()
        item = _picture(name, into)
        if item is None:
            into.losses.dropped("file whose picture is not in the project", name)
            continue
        for at, line in enumerate(reading.text(path).split("\n"), 1):
            if line.strip():
                yield from _line(line, f"{name} line {at}", item, names, into)


def _row(annotation: Annotation, item: MediaItem, names: dict[str, str], classes: dict[int, str], out: Outgoing) -> str:
    name = category(annotation, names)
    key = annotation.label if annotation.label in names else f"phrase:{name}"
    number = out.numbers.of("label", key or "") - 1
    classes[number] = name
    x0, y0, x1, y1 = annotation.geometry.edges if isinstance(annotation.geometry, Box) else (0.0,) * 4
    width, height = item.width, item.height
    exact = ((x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height)
    written = [decimals(value, _DIGITS) for value in exact]
    error = max(abs(float(text) - value) for text, value in zip(written, exact, strict=True))
    out.losses.rounded("edges", error * max(width, height), "px")
    return f"{number} {' '.join(written)}\n"


def _yaml(dataset: Dataset, classes: dict[int, str]) -> bytes:
    used = set(dataset.splits.values()) or {Split.TRAIN}
    lines = ["path: .", "train: images/train"]
    lines.append(f"val: images/{Split.VAL if Split.VAL in used else Split.TRAIN}")
    if Split.TEST in used:
        lines.append("test: images/test")
    lines.append("names:")
    taken: set[str] = set()
    for number in range(max(classes, default=-1) + 1):
        name = classes.get(number, f"(unused {number})")
        name = name if name not in taken else f"{name} ({number})"
        taken.add(name)
        quoted = yaml.safe_dump(name, default_style='"', width=float("inf")).strip()
        lines.append(f"  {number}: {quoted}")
    return ("\n".join(lines) + "\n").encode()


def _sheet(source: Path) -> Path:
    if source.is_file() and source.suffix.lower() in {".yaml", ".yml"}:
        return source
    folder = source if source.is_dir() else source.parent
    for name in ("data.yaml", "data.yml", "dataset.yaml"):
        if (folder / name).is_file():
            return folder / name
    raise ExchangeError(f"{folder} has no data.yaml; choose the folder or the YAML file of a YOLO data set.")


def _names(sheet: Path) -> dict[int, str]:
    refusal = f"{sheet} does not name its classes; add `names` to it."
    try:
        found: Any = yaml.safe_load(reading.text(sheet, _LARGEST_YAML))
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise ExchangeError(f"{sheet} is not sound YAML; export it again.") from error
    names = found.get("names") if isinstance(found, dict) else None
    rows = enumerate(names) if isinstance(names, list) else names.items() if isinstance(names, dict) else None
    if rows is None:
        raise ExchangeError(refusal)
    made = {int(number): str(name) for number, name in rows if _class_number(number) and isinstance(name, str | int)}
    if not made:
        raise ExchangeError(refusal)
    return made


def _class_number(value: object) -> bool:
    return isinstance(value, int) and 0 <= value < _MOST_CLASSES


def _picture(name: str, into: Incoming) -> MediaItem | None:
    """By its path below `labels/`, with and without the folder of its part."""
    stem = stem_of(name)
    first, _, rest = stem.partition("/")
    bare = rest if rest and first in {*Split, "valid", "validation"} else stem
    return into.media.find(bare, MediaKind.IMAGE)


def _line(line: str, where: str, item: MediaItem, names: dict[int, str], into: Incoming) -> Iterator[Imported]:
    fields = line.split()
    values = [reading.number(field) for field in fields]
    numbers = [value for value in values if value is not None]
    if len(numbers) != len(values) or len(numbers) < 5 or int(numbers[0]) not in names or item.width == 0:
        into.losses.dropped("line that is not `class xc yc width height`", where)
        return
    edges = _edges(numbers[1:], item)
    if edges is None:
        into.losses.dropped("polygon or box that cannot be read", where)
        return
    if len(numbers) > 6:
        into.losses.changed("polygon, of which its box is kept", where)
    box = into.box(item, edges)
    if box is not None:
        score = numbers[5] if len(numbers) == 6 else None
        yield into.annotation(item, box, names[int(numbers[0])], score=score)


def _edges(numbers: list[float], item: MediaItem) -> tuple[float, float, float, float] | None:
    """Centre and size (4 numbers, or 5 with a score), or the hull of a polygon's points."""
    if len(numbers) <= 5:
        x, y, width, height = numbers[:4]
        fractions = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        if width <= 0 or height <= 0:
            return None
    elif len(numbers) % 2 == 0:
        fractions = (min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2]))
    else:
        return None
    x0, y0, x1, y1 = fractions
    return x0 * item.width, y0 * item.height, x1 * item.width, y1 * item.height
