"""COCO results: a flat list of boxes with scores, beside an instances file whose numbers it uses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from engine.domain.geometry import Box
from engine.domain.media import MediaItem
from engine.exchange import reading
from engine.exchange.coco import Document, category_table, image_table
from engine.exchange.dataset import Dataset, category, category_names
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing
from engine.exchange.serialise import json_bytes

_INSTANCES = ("instances.json", "annotations.json")


class Result(Struct, frozen=True):
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    score: float


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names = category_names(dataset)
    rows: list[dict[str, Any]] = []
    for item, annotations in out.each(dataset):
        image = out.numbers.of("item", item.id)
        for one in annotations:
            if not isinstance(one.geometry, Box):
                continue
            box = one.geometry
            key = one.label if one.label in names else f"phrase:{category(one, names)}"
            rows.append(
                {
                    "image_id": image,
                    "category_id": out.numbers.of("label", key),
                    "bbox": [box.x0, box.y0, box.width, box.height],
                    "score": 1.0 if one.score is None else one.score,
                }
            )
    yield File("", json_bytes(rows))


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    """Numbers are those of an instances file beside it, else those that this project gave at an earlier export."""
    images, names = _tables(source, into)
    raws = reading.json(source, list[msgspec.Raw])
    for done, row in enumerate(reading.rows(raws, Result, into.losses, "result"), 1):
        if done % 4096 == 0:
            into.tick(done, len(raws))
        item = images.get(row.image_id) or into.media.by_id(into.numbers.id_at("item", row.image_id))
        name = names.get(row.category_id)
        if item is None or name is None:
            into.losses.dropped("result whose picture or category is not known", f"picture {row.image_id}")
            continue
        x, y, width, height = row.bbox
        box = into.box(item, (x, y, x + width, y + height)) if width > 0 and height > 0 else None
        if box is None:
            into.losses.dropped("result without a box", f"picture {row.image_id}")
            continue
        yield into.annotation(item, box, name, score=row.score)


def _tables(source: Path, into: Incoming) -> tuple[dict[int, MediaItem], dict[int, str]]:
    for name in _INSTANCES:
        beside = source.parent / name
        if beside != source and beside.is_file():
            file = reading.json(beside, Document)
            return image_table(file, into)[1], category_table(file, into)
    names: dict[int, str] = {}
    for number, key in enumerate(into.numbers.ids("label"), 1):
        name = key.removeprefix("phrase:") if key.startswith("phrase:") else into.labels.name_of(key)
        if name:
            names[number] = name
    return {}, names
