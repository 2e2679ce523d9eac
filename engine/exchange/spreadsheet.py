"""A table of everything, a row for each annotation: CSV for spreadsheets, TSV for programs.

In a CSV a text that a spreadsheet would take for a formula has an apostrophe before it, which reading takes away again.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.domain.annotation import Annotation, Origin, Review
from engine.domain.geometry import Absent, Box, Geometry, Key, Segment, Track, WholeItem
from engine.domain.media import MediaItem
from engine.domain.query import Query
from engine.exchange import reading
from engine.exchange.dataset import Dataset, category_names, kind_of
from engine.exchange.facts import Facts
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_LONGEST_CELL = 4 << 20


class Row(Struct, frozen=True):
    """One line. Edges in pixels; `start` and `end` in PTS of the item's clock, and beside them in seconds."""

    id: str = ""
    file: str = ""
    media: str = ""
    digest: str = ""
    split: str = ""
    kind: str = ""
    label: str = ""
    phrase: str = ""
    x0: str = ""
    y0: str = ""
    x1: str = ""
    y1: str = ""
    start: str = ""
    end: str = ""
    start_seconds: str = ""
    end_seconds: str = ""
    keys: str = ""
    review: str = ""
    score: str = ""
    locked: str = ""
    origin: str = ""
    author: str = ""
    at: str = ""
    prediction: str = ""
    revises: str = ""
    query: str = ""
    question: str = ""
    extra: str = ""


_COLUMNS = Row.__struct_fields__
_keys = msgspec.json.Decoder(tuple[Key, ...])
_extra = msgspec.json.Decoder(dict[str, str])


def write_csv(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    rows = ([_guarded(cell) for cell in msgspec.structs.astuple(row)] for row in _rows(dataset, out))
    yield File("", _table(rows, ","))


def write_tsv(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    yield File("", _table((list(msgspec.structs.astuple(row)) for row in _rows(dataset, out)), "\t"))


def read_csv(source: Path, into: Incoming) -> Iterator[Imported]:
    return _read(source, ",", into)


def read_tsv(source: Path, into: Incoming) -> Iterator[Imported]:
    return _read(source, "\t", into)


def _rows(dataset: Dataset, out: Outgoing) -> Iterator[Row]:
    names = category_names(dataset)
    asked = {query.id: query for query in dataset.queries}
    answered: set[str | None] = set()
    for item, annotations in out.each(dataset):
        for one in annotations:
            answered.add(one.query)
            query = asked.get(one.query or "")
            yield _row(one, item, names.get(one.label or "", ""), dataset.splits.get(item.id, ""), query)
    out.losses.dropped("question without an answer in the table", count=len(asked.keys() - answered))
    used = {one.label for one in dataset.annotations}
    out.losses.dropped("label that no row uses", count=sum(label.id not in used for label in dataset.labels))
    out.losses.dropped("prediction of the model", count=len(dataset.predictions))
    out.losses.dropped("saved question", count=len(dataset.templates))


def _row(annotation: Annotation, item: MediaItem, label: str, split: str, query: Query | None) -> Row:
    source = annotation.provenance
    facts = {
        "id": annotation.id,
        "file": item.path,
        "media": str(item.kind),
        "digest": item.digest,
        "split": str(split),
        "kind": kind_of(annotation),
        "label": label,
        "phrase": annotation.phrase,
        "review": str(annotation.review),
        "score": "" if annotation.score is None else repr(annotation.score),
        "locked": "1" if annotation.locked else "",
        "origin": str(source.origin),
        "author": source.author,
        "at": source.at,
        "prediction": source.prediction or "",
        "revises": source.revises or "",
        "query": annotation.query or "",
        "question": query.text if query else "",
        "extra": msgspec.json.encode(annotation.extra).decode() if annotation.extra else "",
    }
    return Row(**facts, **_cells(annotation.geometry, item))


def _cells(geometry: Geometry, item: MediaItem) -> dict[str, str]:
    match geometry:
        case Box():
            return dict(zip(("x0", "y0", "x1", "y1"), map(repr, geometry.edges), strict=True))
        case Segment(start, end):
            clock = item.clock
            seconds = (repr(clock.seconds_at(start)), repr(clock.seconds_at(end))) if clock else ("", "")
            return {"start": str(start), "end": str(end), "start_seconds": seconds[0], "end_seconds": seconds[1]}
        case Track(keys):
            return {"keys": msgspec.json.encode(keys).decode()}
        case _:
            return {}


def _table(rows: Iterator[list[str]], separator: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n" if separator == "," else "\n")
    writer.writerow(_COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode()


def _guarded(cell: str) -> str:
    """Numbers, too, are guarded only where they are texts: a negative number stays a number."""
    return f"'{cell}" if _FORMULA.match(cell) and reading.number(cell) is None else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _read(source: Path, separator: str, into: Incoming) -> Iterator[Imported]:
    csv.field_size_limit(_LONGEST_CELL)
    text = reading.text(source, keep_ends=True)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        header = next(rows, [])
        if not {"file", "kind"} <= set(header):
            into.losses.dropped("table without the columns `file` and `kind`", source.name)
            return
        for at, cells in enumerate(rows, 2):
            plain = [_unguarded(cell) for cell in cells] if separator == "," else cells
            if any(plain):
                row = Row(**{name: cell for name, cell in zip(header, plain, strict=False) if name in _COLUMNS})
                yield from _annotation(row, f"line {at}", into)
    except csv.Error as error:
        into.losses.dropped("rest of the table, which cannot be read", str(error)[:120])


def _annotation(row: Row, where: str, into: Incoming) -> Iterator[Imported]:
    item = into.media.find(row.file, digest=row.digest)
    if item is None:
        into.losses.dropped("row about a medium that is not in the project", row.file[:60])
        return
    found = _geometry(row, item, into)
    geometry = into.geometry(item, found) if found is not None else None
    if geometry is None:
        into.losses.dropped("row without a sound place or time", where)
        return
    query: str | None = None
    if row.query or row.question:
        known = Query(row.query, item.id, row.question, row.at) if row.query else None
        query, made = into.query(item, row.question, known)
        if made is not None:
            yield made
    yield into.annotation(
        item,
        geometry,
        row.label,
        phrase=row.phrase,
        labelled=bool(row.label),
        facts=_facts(row, where, into),
        query=query,
    )


def _facts(row: Row, where: str, into: Incoming) -> Facts:
    score = reading.number(row.score) if row.score else None
    try:
        extra = _extra.decode(row.extra) if row.extra else {}
        review = Review(row.review) if row.review else None
        origin = Origin(row.origin) if row.origin else Origin.IMPORTED
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        into.losses.dropped("review, origin or extra of a row that cannot be read", f"{where}: {str(error)[:80]}")
        return Facts(uid=row.id, phrase=row.phrase, labelled=bool(row.label))
    return Facts(
        uid=row.id,
        phrase=row.phrase,
        labelled=bool(row.label),
        review=review,
        origin=origin,
        author=row.author,
        at=row.at,
        score=score,
        prediction=row.prediction or None,
        revises=row.revises or None,
        locked=bool(row.locked),
        extra=extra,
    )


def _geometry(row: Row, item: MediaItem, into: Incoming) -> Geometry | None:
    if row.kind == "box":
        edges = [reading.number(cell) for cell in (row.x0, row.y0, row.x1, row.y1)]
        x0, y0, x1, y1 = edges
        return None if x0 is None or y0 is None or x1 is None or y1 is None else Box(x0, y0, x1, y1)
    if row.kind == "segment":
        return _segment(row, item, into)
    if row.kind == "track":
        try:
            return Track(_keys.decode(row.keys))
        except (msgspec.DecodeError, RecursionError):
            return None
    if row.kind == "whole":
        return WholeItem()
    return Absent() if row.kind == "absent" else None


def _segment(row: Row, item: MediaItem, into: Incoming) -> Segment | None:
    """By PTS where the table has them, else by seconds."""
    start, end = reading.number(row.start), reading.number(row.end)
    if start is not None and end is not None:
        return Segment(round(start), round(end))
    start, end = reading.number(row.start_seconds), reading.number(row.end_seconds)
    return into.segment(item, start, end) if start is not None and end is not None else None
