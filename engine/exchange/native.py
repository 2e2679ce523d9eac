"""Groundwork's own JSON: everything a project holds, as it is. The schema is published as `docs/native.schema.json`."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.domain.annotation import Annotation, Label
from engine.domain.errors import ExchangeError
from engine.domain.ids import new_id
from engine.domain.media import MediaItem
from engine.domain.project import Template
from engine.domain.query import Prediction, Query
from engine.exchange import reading
from engine.exchange.dataset import Dataset, Split
from engine.exchange.facts import proper_extra, proper_id
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing
from engine.exchange.serialise import json_bytes

VERSION = 1


class Native(Struct, frozen=True):
    """The file. `groundwork` is the version of the layout."""

    groundwork: int
    items: tuple[MediaItem, ...] = ()
    labels: tuple[Label, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    queries: tuple[Query, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    templates: tuple[Template, ...] = ()
    splits: dict[str, Split] = {}


class _Raw(Struct, frozen=True):
    groundwork: int
    items: list[msgspec.Raw] = []
    labels: list[msgspec.Raw] = []
    annotations: list[msgspec.Raw] = []
    queries: list[msgspec.Raw] = []
    predictions: list[msgspec.Raw] = []
    templates: list[msgspec.Raw] = []


def schema() -> bytes:
    """The JSON Schema of the file."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(Native)), indent=2) + b"\n"


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    for _ in out.each(dataset):
        pass
    whole = Native(
        VERSION,
        dataset.items,
        dataset.labels,
        dataset.annotations,
        dataset.queries,
        dataset.predictions,
        dataset.templates,
        dataset.splits,
    )
    yield File("", json_bytes(whole))


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    file = reading.json(source, _Raw)
    if file.groundwork > VERSION:
        raise ExchangeError(f"{source} was written by a newer Groundwork; update this one.")
    items = {
        row.id: into.media.find(row.path, row.kind, row.digest)
        for row in reading.rows(file.items, MediaItem, into.losses, "item")
    }
    labels = {
        row.id: into.labels.add(row if proper_id(row.id) else msgspec.structs.replace(row, id=new_id()))
        for row in reading.rows(file.labels, Label, into.losses, "label")
    }
    yield from _templates(file, labels, into)
    yield from _questions(file, items, into)
    for done, row in enumerate(reading.rows(file.annotations, Annotation, into.losses, "annotation"), 1):
        if done % 4096 == 0:
            into.tick(done, len(file.annotations))
        if (item := _known(items, row.item, into)) and (made := _annotation(row, item, labels, into)):
            yield made


def _templates(file: _Raw, labels: dict[str, str], into: Incoming) -> Iterator[Template]:
    for template in reading.rows(file.templates, Template, into.losses, "template"):
        if proper_id(template.id):
            yield msgspec.structs.replace(template, label=labels.get(template.label or ""))


def _questions(file: _Raw, items: dict[str, MediaItem | None], into: Incoming) -> Iterator[Query | Prediction]:
    for query in reading.rows(file.queries, Query, into.losses, "query"):
        if (item := _known(items, query.item, into)) and (asked := into.query(item, query.text, query)[1]):
            yield asked
    for prediction in reading.rows(file.predictions, Prediction, into.losses, "prediction"):
        item = _known(items, prediction.item, into)
        if item and into.has_query(item, prediction.query) and proper_id(prediction.id):
            yield msgspec.structs.replace(prediction, item=item.id)


def _known(items: dict[str, MediaItem | None], id_: str, into: Incoming) -> MediaItem | None:
    if (item := items.get(id_)) is None:
        into.losses.dropped("entry about a medium that is not in the project", id_[:60])
    return item


def _annotation(row: Annotation, item: MediaItem, labels: dict[str, str], into: Incoming) -> Annotation | None:
    geometry = into.geometry(item, row.geometry)
    if geometry is None:
        return None
    return msgspec.structs.replace(
        row,
        id=into.identified(row.id),
        item=item.id,
        geometry=geometry,
        label=labels.get(row.label or ""),
        query=row.query if row.query and into.has_query(item, row.query) else None,
        score=row.score if row.score is not None and 0.0 <= row.score <= 1.0 else None,
        extra=proper_extra(row.extra),
    )
