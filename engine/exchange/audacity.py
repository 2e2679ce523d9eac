"""Audacity labels: `start<TAB>end<TAB>text` in seconds with 6 decimals, one file for each medium."""

import re
from collections.abc import Iterator
from pathlib import Path

from engine.domain.geometry import Segment
from engine.domain.media import MediaItem
from engine.exchange import reading
from engine.exchange.dataset import Dataset, category, category_names
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing, names_of, stem_of

_FILES = re.compile(r".+\.txt", re.IGNORECASE)


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names, files = category_names(dataset), names_of(dataset)
    for item, annotations in out.each(dataset):
        lines = []
        for one in annotations:
            if isinstance(one.geometry, Segment):
                start, end = out.seconds(item, one.geometry, 6)
                lines.append(f"{start:.6f}\t{end:.6f}\t{out.one_line(one.phrase or category(one, names))}\n")
        yield File(f"{files[item.id]}.txt", "".join(lines).encode())


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    for path, item in timed_files(source, _FILES, into):
        for at, line in enumerate(reading.text(path).split("\n"), 1):
            if line.strip():
                yield from _line(line, f"{path.name} line {at}", item, into)


def timed_files(source: Path, pattern: re.Pattern[str], into: Incoming) -> Iterator[tuple[Path, MediaItem]]:
    """The files of one medium each, with the medium that has the file's name."""
    found = reading.files(source, pattern, into.losses)
    for done, path in enumerate(found, 1):
        into.tick(done, len(found))
        name = path.relative_to(source).as_posix() if source.is_dir() else path.name
        item = into.media.find(stem_of(name))
        if item is None:
            into.losses.dropped("file whose medium is not in the project", name)
        else:
            yield path, item


def _line(line: str, where: str, item: MediaItem, into: Incoming) -> Iterator[Imported]:
    if line.startswith("\\"):
        into.losses.dropped("range of frequencies", where)
        return
    fields = line.split("\t", 2)
    start = reading.number(fields[0])
    end = reading.number(fields[1]) if len(fields) > 1 else start
    if start is None or end is None:
        into.losses.dropped("line that is not `start, end, text`", where)
    elif (segment := into.segment(item, start, end)) is not None:
        words = fields[2] if len(fields) > 2 else ""
        yield into.annotation(item, segment, "", phrase=words, labelled=False)
