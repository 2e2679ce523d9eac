"""COCO captions: sentences about whole pictures."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from engine.domain.geometry import WholeItem
from engine.exchange import reading
from engine.exchange.coco import Document, document, image_row, image_table
from engine.exchange.dataset import Dataset, category_names
from engine.exchange.facts import Facts, facts_of
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing
from engine.exchange.serialise import json_bytes


class Caption(Struct, frozen=True):
    image_id: int
    caption: str
    id: int = 0
    gw: Facts | None = None
    gw_label: str = ""


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names = category_names(dataset)
    images, captions = [], []
    for item, annotations in out.each(dataset):
        row = image_row(item, out)
        images.append(row)
        for one in annotations:
            if isinstance(one.geometry, WholeItem):
                caption = {"id": out.numbers.of("annotation", one.id), "image_id": row["id"], "caption": one.phrase}
                label = {"gw_label": names[one.label]} if one.label in names else {}
                captions.append(caption | {"gw": facts_of(one)} | label)
    yield File("", json_bytes(document(images, captions, None)))


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    file = reading.json(source, Document)
    _, pictures = image_table(file, into)
    for row in reading.rows(file.annotations, Caption, into.losses, "caption"):
        item = pictures.get(row.image_id)
        if item is None:
            into.losses.dropped("caption of a picture that is not in the project", f"picture {row.image_id}")
        else:
            yield into.annotation(
                item, WholeItem(), row.gw_label, phrase=row.caption, labelled=bool(row.gw_label), facts=row.gw
            )
