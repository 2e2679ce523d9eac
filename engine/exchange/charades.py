"""Charades-STA: a line `VIDEO start end##sentence` for each segment, in seconds."""

import re
from collections.abc import Iterator
from pathlib import Path

from engine.domain.annotation import Annotation
from engine.domain.geometry import Segment
from engine.domain.media import MediaItem, MediaKind
from engine.exchange import reading
from engine.exchange.dataset import Dataset, category, category_names
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing, stem_of
from engine.exchange.serialise import decimals

_LINE = re.compile(r"(.+?)\s+([^\s#]+)\s+([^\s#]+)##(.*)", re.DOTALL)
_DIGITS = 6


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names = category_names(dataset)
    keys = video_keys(dataset.items, out)
    lines: list[str] = []
    for item, annotations in out.each(dataset):
        for one in annotations:
            if isinstance(one.geometry, Segment):
                start, end = out.seconds(item, one.geometry, _DIGITS)
                sentence = out.one_line(one.phrase or category(one, names))
                lines.append(f"{keys[item.id]} {decimals(start, _DIGITS)} {decimals(end, _DIGITS)}##{sentence}\n")
    yield File("", "".join(lines).encode())


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    lines = reading.text(source).split("\n")
    for at, line in enumerate(lines, 1):
        if at % 4096 == 0:
            into.tick(at, len(lines))
        if line.strip():
            yield from _line(line, at, into)


def video_keys(items: tuple[MediaItem, ...], out: Outgoing) -> dict[str, str]:
    """A name without blanks for each clip: its file name's stem, or its whole path where two share one."""
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for item in items:
        stem = stem_of(item.path)
        key = "_".join(stem.rsplit("/", 1)[-1].split())
        if key in taken:
            key = "_".join(item.path.split())
            out.losses.changed("name of a clip that another clip has too", item.path)
        taken.add(key)
        keys[item.id] = key
    return keys


def _line(line: str, at: int, into: Incoming) -> Iterator[Annotation]:
    match = _LINE.fullmatch(line)
    start, end = (reading.number(match.group(2)), reading.number(match.group(3))) if match else (None, None)
    if match is None or start is None or end is None:
        into.losses.dropped("line that is not `VIDEO start end##sentence`", f"line {at}")
        return
    item = into.media.find(match.group(1), MediaKind.VIDEO)
    if item is None:
        into.losses.dropped("segment of a clip that is not in the project", match.group(1)[:60])
    elif (segment := into.segment(item, start, end)) is not None:
        yield into.annotation(item, segment, "", phrase=match.group(4), labelled=False)
