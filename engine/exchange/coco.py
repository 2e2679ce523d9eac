"""COCO instances: boxes of pictures, and of clips frame by frame as COCO-VID has them.

`bbox` is x, y, width, height in pixels, 0-based, unrounded; ids start at 1. A "not there" is `neg_category_ids` of its
picture or clip, as LVIS has it. Tracks are written at their keyframes.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from engine.domain.annotation import Annotation
from engine.domain.geometry import Absent, Box, Key, Track
from engine.domain.media import MediaItem, MediaKind
from engine.exchange import reading
from engine.exchange.dataset import Dataset, category, category_names
from engine.exchange.facts import Facts, facts_of
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.loss import LossBook
from engine.exchange.outgoing import File, Outgoing, stem_of, visible
from engine.exchange.serialise import json_bytes

INFO = {"description": "Exported from Groundwork", "version": "1.0"}
_KEY = "coco.iscrowd"


class Denied(Struct, frozen=True):
    """One "not there" of a picture; several may be of one category."""

    category_id: int
    gw: Facts


class KeyFacts(Struct, frozen=True, omit_defaults=True):
    """The instant of a frame's picture, up to when a track shows, what is not in the picture."""

    pts: int | None = None
    until: int | None = None
    absent: list[Denied] = []


class Image(Struct, frozen=True, omit_defaults=True):
    id: int
    file_name: str = ""
    width: int = 0
    height: int = 0
    video_id: int | None = None
    frame_id: int | None = None
    neg_category_ids: list[int] = []
    gw: KeyFacts | None = None


class Category(Struct, frozen=True):
    id: int
    name: str
    supercategory: str = ""


class Video(Struct, frozen=True, omit_defaults=True):
    id: int
    name: str = ""
    width: int = 0
    height: int = 0
    neg_category_ids: list[int] = []
    gw: KeyFacts | None = None


class Instance(Struct, frozen=True, omit_defaults=True):
    id: int
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    iscrowd: int = 0
    track_id: int | None = None
    gw: Facts | None = None
    gw_key: KeyFacts | None = None


class Document(Struct, frozen=True):
    """A COCO file whose entries are read one by one."""

    images: list[msgspec.Raw]
    annotations: list[msgspec.Raw] = []
    categories: list[msgspec.Raw] = []
    videos: list[msgspec.Raw] = []


class _Sheet:
    """The lists of one file while they grow."""

    def __init__(self, dataset: Dataset, out: Outgoing) -> None:
        self.out = out
        self.names = category_names(dataset)
        self.images: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self.videos: list[dict[str, Any]] = []
        self.categories = {out.numbers.of("label", id_): name for id_, name in self.names.items()}

    def category(self, annotation: Annotation) -> int:
        name = category(annotation, self.names)
        number = self.out.numbers.of("label", annotation.label if annotation.label in self.names else f"phrase:{name}")
        self.categories[number] = name
        return number

    def instance(self, key: str, image: int, annotation: Annotation, box: Box) -> dict[str, Any]:
        return {
            "id": self.out.numbers.of("annotation", key),
            "image_id": image,
            "category_id": self.category(annotation),
            "bbox": [box.x0, box.y0, box.width, box.height],
            "area": box.area,
            "iscrowd": 1 if annotation.extra.get(_KEY) == "1" else 0,
            "segmentation": [],
            "gw": facts_of(annotation),
        }


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    sheet = _Sheet(dataset, out)
    for item, annotations in out.each(dataset):
        if item.kind is MediaKind.IMAGE:
            _picture(sheet, item, annotations)
        else:
            _clip(sheet, dataset, item, annotations)
    yield File("", json_bytes(document(sheet.images, sheet.annotations, sheet.categories, sheet.videos)))


def document(
    images: list[dict[str, Any]],
    annotations: list[dict[str, Any]],
    categories: dict[int, str] | None,
    videos: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """A COCO file in the order that readers expect; everything by rising id."""
    made: dict[str, Any] = {"info": INFO, "licenses": []}
    if videos:
        made["videos"] = sorted(videos, key=_by_id)
    made["images"] = sorted(images, key=_by_id)
    made["annotations"] = sorted(annotations, key=_by_id)
    if categories is not None:
        rows = sorted(categories.items())
        made["categories"] = [{"id": number, "name": name, "supercategory": ""} for number, name in rows]
    return made


def image_row(item: MediaItem, out: Outgoing) -> dict[str, Any]:
    number = out.numbers.of("item", item.id)
    return {"id": number, "file_name": item.path, "width": item.width, "height": item.height}


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    file = reading.json(source, Document)
    names = category_table(file, into)
    images, pictures = image_table(file, into)
    videos = [row for row in reading.rows(file.videos, Video, LossBook(), "video") if row.neg_category_ids]
    clips = {row.id: item for row in videos if (item := into.media.find(row.name, MediaKind.VIDEO))}
    yield from _absences(images.values(), pictures, names, into)
    yield from _absences(videos, clips, names, into)
    tracks: dict[int, list[tuple[Instance, Image, MediaItem]]] = {}
    seen: set[int] = set()
    total = len(file.annotations)
    for done, row in enumerate(reading.rows(file.annotations, Instance, into.losses, "annotation"), 1):
        if done % 4096 == 0:
            into.tick(done, total)
        image, item = images.get(row.image_id), pictures.get(row.image_id)
        if image is None or item is None:
            into.losses.dropped("box of a medium that is not in the project", f"annotation {row.id}")
        elif row.category_id not in names:
            into.losses.dropped("box of a category that the file does not name", f"annotation {row.id}")
        elif row.track_id is not None and item.kind is MediaKind.VIDEO:
            tracks.setdefault(row.track_id, []).append((row, image, item))
        elif (made := instance(row, item, names[row.category_id], into, seen)) is not None:
            yield made
    for rows in tracks.values():
        yield from _track(rows, names, into)


def category_table(file: Document, into: Incoming) -> dict[int, str]:
    return {row.id: row.name for row in reading.rows(file.categories, Category, into.losses, "category")}


def image_table(file: Document, into: Incoming) -> tuple[dict[int, Image], dict[int, MediaItem]]:
    """The file's pictures by number, and those of them that are media of the project."""
    videos = {row.id: row for row in reading.rows(file.videos, Video, into.losses, "video")}
    images: dict[int, Image] = {}
    found: dict[int, MediaItem] = {}
    for row in reading.rows(file.images, Image, into.losses, "image"):
        if row.id in images:
            into.losses.dropped("picture with a number that is taken", row.file_name)
            continue
        images[row.id] = row
        video = videos.get(row.video_id) if row.video_id is not None else None
        kind = MediaKind.VIDEO if video else MediaKind.IMAGE
        item = into.media.find(video.name if video else row.file_name, kind)
        if item is not None and row.width and row.height and (row.width, row.height) != (item.width, item.height):
            into.losses.dropped("picture whose size is not that of the medium", row.file_name)
        elif item is not None:
            found[row.id] = item
    return images, found


def instance(row: Instance, item: MediaItem, name: str, into: Incoming, seen: set[int]) -> Annotation | None:
    """One box of a picture; numbers used twice are told."""
    if row.id in seen:
        into.losses.changed("annotation number that is used twice", str(row.id))
    seen.add(row.id)
    x, y, width, height = row.bbox
    if width <= 0 or height <= 0:
        into.losses.dropped("box without width or height", f"annotation {row.id}")
        return None
    if item.kind is not MediaKind.IMAGE:
        into.losses.dropped("box of a clip that belongs to no track", f"annotation {row.id}")
        return None
    box = into.box(item, (x, y, x + width, y + height))
    if box is None:
        return None
    made = into.annotation(item, box, name, facts=row.gw)
    return msgspec.structs.replace(made, extra={**made.extra, _KEY: "1"}) if row.iscrowd else made


def _picture(sheet: _Sheet, item: MediaItem, annotations: list[Annotation]) -> None:
    row = image_row(item, sheet.out)
    sheet.images.append(row | _denials(sheet, annotations))
    for one in annotations:
        if isinstance(one.geometry, Box):
            sheet.annotations.append(sheet.instance(one.id, row["id"], one, one.geometry))


def _denials(sheet: _Sheet, annotations: list[Annotation]) -> dict[str, Any]:
    denied = [Denied(sheet.category(one), facts_of(one)) for one in annotations if isinstance(one.geometry, Absent)]
    if not denied:
        return {}
    return {"neg_category_ids": sorted({one.category_id for one in denied}), "gw": KeyFacts(absent=denied)}


def _clip(sheet: _Sheet, dataset: Dataset, item: MediaItem, annotations: list[Annotation]) -> None:
    tracks = [(one, one.geometry) for one in annotations if isinstance(one.geometry, Track)]
    frames = sheet.out.frames(dataset, item, len(annotations))
    if frames is None:
        return
    video = sheet.out.numbers.of("video", item.id)
    row: dict[str, Any] = {"id": video, "name": item.path, "width": item.width, "height": item.height}
    sheet.videos.append(row | _denials(sheet, annotations))
    pictures: dict[int, int] = {}
    for annotation, track in tracks:
        for at, gone in visible(track):
            key = track.keys[at]
            frame = sheet.out.on_frame(frames, key.pts)
            if key.pts not in pictures:
                pictures[key.pts] = sheet.out.numbers.of("item", f"{item.id}@{key.pts}")
                name = f"{stem_of(item.path)}/{frame:06d}.jpg"
                sheet.images.append(
                    {"id": pictures[key.pts], "file_name": name, "width": item.width, "height": item.height}
                    | {"video_id": video, "frame_id": frame, "gw": {"pts": key.pts}}
                )
            row = sheet.instance(f"{annotation.id}@{key.pts}", pictures[key.pts], annotation, key.box)
            row["track_id"] = sheet.out.numbers.of("track", annotation.id)
            if gone:
                row["gw_key"] = {"until": track.keys[at + 1].pts}
            sheet.annotations.append(row)


def _track(rows: list[tuple[Instance, Image, MediaItem]], names: dict[int, str], into: Incoming) -> Iterator[Imported]:
    first, _, item = rows[0]
    keys: dict[int, Key] = {}
    for row, image, other in rows:
        x, y, width, height = row.bbox
        pts = _instant(image, item, into)
        box = into.box(item, (x, y, x + width, y + height)) if width > 0 and height > 0 else None
        if other is not item or pts is None or box is None:
            into.losses.dropped("key of a track that does not fit its clip", f"annotation {row.id}")
            continue
        keys[pts] = Key(pts, box)
        if row.gw_key and row.gw_key.until is not None and row.gw_key.until > pts:
            keys.setdefault(row.gw_key.until, Key(row.gw_key.until, box, outside=True))
    if keys and (track := into.track(item, keys.values())) is not None:
        yield into.annotation(item, track, names[first.category_id], facts=first.gw)


def _instant(image: Image, item: MediaItem, into: Incoming) -> int | None:
    if image.gw is not None and image.gw.pts is not None:
        clock = item.clock
        return image.gw.pts if clock and clock.start <= image.gw.pts <= clock.start + clock.duration else None
    frames = into.frames(item)
    return frames.pts_at(image.frame_id) if frames and image.frame_id is not None else None


def _absences(
    rows: Iterable[Image | Video], found: dict[int, MediaItem], names: dict[int, str], into: Incoming
) -> Iterator[Imported]:
    for row in rows:
        item = found.get(row.id)
        ours = row.gw.absent if row.gw else []
        told = {one.category_id for one in ours}
        plain = [Denied(negative, Facts()) for negative in row.neg_category_ids if negative not in told]
        for one in [*ours, *plain] if item else ():
            if item is not None and one.category_id in names:
                yield into.annotation(item, Absent(), names[one.category_id], facts=one.gw)
            else:
                into.losses.dropped("'not there' of a category that the file does not name", _name(row))


def _name(row: Image | Video) -> str:
    return (row.file_name if isinstance(row, Image) else row.name)[:60]


def _by_id(row: dict[str, Any]) -> int:
    return int(row["id"])
