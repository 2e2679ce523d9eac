"""LabelMe: a JSON file for each picture, rectangles by two corners in pixels, unrounded."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from engine.domain.geometry import Box
from engine.domain.media import MediaItem, MediaKind
from engine.exchange import reading
from engine.exchange.dataset import Dataset, category, category_names
from engine.exchange.facts import Facts, facts_of
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing, names_of, stem_of
from engine.exchange.serialise import json_bytes

_VERSION = "5.5.0"
_FILES = re.compile(r".+\.json", re.IGNORECASE)
_HULLS = frozenset({"polygon", "linestrip", "line", "mask"})


class Shape(Struct, frozen=True):
    label: str
    points: list[tuple[float, float]]
    shape_type: str = "polygon"
    description: str | None = None
    gw: Facts | None = None


class Picture(Struct, frozen=True):
    shapes: list[msgspec.Raw]
    imagePath: str = ""  # noqa: N815
    imageHeight: int | None = None  # noqa: N815
    imageWidth: int | None = None  # noqa: N815


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names, files = category_names(dataset), names_of(dataset)
    for item, annotations in out.each(dataset):
        shapes: list[dict[str, Any]] = [
            {
                "label": category(one, names),
                "points": [[one.geometry.x0, one.geometry.y0], [one.geometry.x1, one.geometry.y1]],
                "group_id": None,
                "description": one.phrase,
                "shape_type": "rectangle",
                "flags": {},
                "mask": None,
                "gw": facts_of(one),
            }
            for one in annotations
            if isinstance(one.geometry, Box)
        ]
        sheet: dict[str, Any] = {
            "version": _VERSION,
            "flags": {},
            "shapes": shapes,
            "imagePath": item.path,
            "imageData": None,
        }
        size = {"imageHeight": item.height, "imageWidth": item.width}
        yield File(f"{files[item.id]}.json", json_bytes(sheet | size))


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    files = reading.files(source, _FILES, into.losses)
    for done, path in enumerate(files, 1):
        if done % 64 == 0:
            into.tick(done, len(files))
        name = path.relative_to(source).as_posix() if source.is_dir() else path.name
        sheet = reading.json(path, Picture)
        item = into.media.find(stem_of(name), MediaKind.IMAGE) or into.media.find(sheet.imagePath, MediaKind.IMAGE)
        if item is None:
            into.losses.dropped("file whose picture is not in the project", name)
        elif sheet.imageWidth and (sheet.imageWidth, sheet.imageHeight) != (item.width, item.height):
            into.losses.dropped("file whose picture has another size in the project", name)
        else:
            for shape in reading.rows(sheet.shapes, Shape, into.losses, f"{name} shape"):
                yield from _shape(shape, item, into)


def _shape(shape: Shape, item: MediaItem, into: Incoming) -> Iterator[Imported]:
    corners = shape.points
    if len(corners) < 2 or shape.shape_type not in {"rectangle", *_HULLS}:
        into.losses.dropped(f"{shape.shape_type[:20]}: only rectangles and polygons are read", item.path)
        return
    if shape.shape_type in _HULLS:
        into.losses.changed(f"{shape.shape_type}, of which its box is kept", item.path)
    across, down = [x for x, _ in corners], [y for _, y in corners]
    box = into.box(item, (min(across), min(down), max(across), max(down)))
    if box is not None:
        yield into.annotation(item, box, shape.label, phrase=shape.description or None, facts=shape.gw)
