"""Reading Label Studio's tasks: regions of `annotations` as verified work, of `predictions` as guesses."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.domain.annotation import Annotation
from engine.domain.geometry import Absent, Box, Geometry, Key, Segment, WholeItem
from engine.domain.media import MediaItem, MediaKind
from engine.exchange import reading
from engine.exchange.facts import Facts
from engine.exchange.frames import Frames
from engine.exchange.incoming import Imported, Incoming


class Instant(Struct, frozen=True):
    x: float
    y: float
    width: float
    height: float
    frame: int = 0
    enabled: bool = True
    rotation: float = 0.0


class Range(Struct, frozen=True):
    start: int
    end: int


class Value(Struct, frozen=True):
    """Fields of all the kinds of regions that are read; each kind uses some."""

    x: float | None = None
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    rotation: float = 0.0
    rectanglelabels: list[str] = []
    labels: list[str] = []
    timelinelabels: list[str] = []
    start: float | None = None
    end: float | None = None
    ranges: list[Range] = []
    sequence: list[Instant] = []
    text: list[str] | str = []
    choices: list[str] = []


class Meta(Struct, frozen=True):
    text: list[str] | str = []
    gw: Facts | None = None
    gw_label: str = ""
    gw_pts: list[tuple[int, int]] = []


class Region(Struct, frozen=True):
    type: str
    value: Value
    from_name: str = ""
    original_width: int = 0
    original_height: int = 0
    meta: Meta = Meta()


class Answer(Struct, frozen=True):
    result: list[msgspec.Raw] = []
    score: float | None = None
    was_cancelled: bool = False


class Task(Struct, frozen=True):
    data: dict[str, msgspec.Raw]
    annotations: list[Answer] = []
    predictions: list[Answer] = []


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    file = source / "tasks.json" if source.is_dir() else source
    raws = reading.json(file, list[msgspec.Raw])
    for done, task in enumerate(reading.rows(raws, Task, into.losses, "task"), 1):
        if done % 256 == 0:
            into.tick(done, len(raws))
        item = _medium(task, into)
        if item is None:
            into.losses.dropped("task about a medium that is not in the project", f"task {done}")
            continue
        for answer in task.annotations:
            yield from _answer(answer, item, None, into)
        for answer in task.predictions:
            yield from _answer(answer, item, 0.0 if answer.score is None else answer.score, into)


def _medium(task: Task, into: Incoming) -> MediaItem | None:
    for key in ("image", "video", "audio", *sorted(task.data)):
        raw = task.data.get(key)
        if raw is None or not bytes(raw).startswith(b'"'):
            continue
        name = msgspec.json.decode(raw, type=str)
        if (item := into.media.find(name) or into.media.find(_unhashed(name))) is not None:
            return item
    return None


def _unhashed(name: str) -> str:
    """The name of a file before its server put a hash in front of it."""
    tail = name.rsplit("/", 1)[-1].rsplit("=", 1)[-1]
    head, dash, rest = tail.partition("-")
    return rest if dash and len(head) == 8 and all(sign in "0123456789abcdef" for sign in head) else tail


def _answer(answer: Answer, item: MediaItem, score: float | None, into: Incoming) -> Iterator[Imported]:
    if answer.was_cancelled:
        into.losses.dropped("answer that its annotator skipped", item.path)
        return
    for region in reading.rows(answer.result, Region, into.losses, f"{item.path[:60]} region"):
        reader = _READERS.get(region.type)
        if reader is None:
            into.losses.dropped(f"region of type {region.type[:30]}, which is not read", item.path)
            continue
        yield from reader(region, item, score, into)


def _box(region: Region, item: MediaItem, score: float | None, into: Incoming) -> Iterator[Annotation]:
    value = region.value
    if value.x is None or item.kind is not MediaKind.IMAGE:
        into.losses.dropped("rectangle without a place", item.path)
        return
    size = (region.original_width, region.original_height)
    if region.original_width and size != (item.width, item.height):
        into.losses.dropped("region of a picture that has another size in the project", item.path)
        return
    place = Instant(value.x, value.y, value.width, value.height, rotation=value.rotation)
    edges = _edges(place, item, into)
    box = into.box(item, edges) if edges is not None else None
    if box is not None:
        yield _made(region, item, box, score, into)


def _sound(region: Region, item: MediaItem, score: float | None, into: Incoming) -> Iterator[Annotation]:
    value = region.value
    if value.start is None or value.end is None:
        into.losses.dropped("region without its two times", item.path)
    elif (segment := into.segment(item, value.start, value.end)) is not None:
        yield _made(region, item, segment, score, into)


def _timeline(region: Region, item: MediaItem, score: float | None, into: Incoming) -> Iterator[Annotation]:
    exact = [Segment(start, end) for start, end in region.meta.gw_pts] or list(_ranges(region, item, into))
    for segment in exact:
        geometry = into.geometry(item, segment)
        if geometry is not None:
            yield _made(region, item, geometry, score, into)


def _ranges(region: Region, item: MediaItem, into: Incoming) -> Iterator[Segment]:
    frames = into.frames(item)
    for stretch in region.value.ranges if frames else ():
        start, end = (frames.pts_at(at - 1) if frames else None for at in (stretch.start, stretch.end))
        if start is None or end is None or start > end:
            into.losses.dropped("range of frames that the clip does not have", item.path)
        else:
            yield Segment(start, end)


def _track(region: Region, item: MediaItem, score: float | None, into: Incoming) -> Iterator[Annotation]:
    frames = into.frames(item)
    if frames is None:
        return
    keys = _own_keys(region, item, frames, into) if region.meta.gw_pts else _foreign_keys(region, item, frames, into)
    track = into.track(item, keys) if keys else None
    if track is not None:
        yield _made(region, item, track, score, into)


def _own_keys(region: Region, item: MediaItem, frames: Frames, into: Incoming) -> list[Key]:
    """The instants that we noted, with the boxes of their frames; gone with the box before."""
    places = {place.frame: place for place in region.value.sequence}
    keys: list[Key] = []
    for pts, outside in region.meta.gw_pts:
        place = places.get(frames.index_at(pts) + 1)
        edges = _edges(place, item, into) if place and not outside else None
        if outside and keys:
            keys.append(Key(pts, keys[-1].box, outside=True))
        elif edges is not None:
            keys.append(Key(pts, Box(*edges)))
        else:
            into.losses.dropped("keyframe that does not fit its clip", item.path)
    return keys


def _foreign_keys(region: Region, item: MediaItem, frames: Frames, into: Incoming) -> list[Key]:
    """Frames count from 1; one that is not enabled is the last that shows the object."""
    keys: list[Key] = []
    for place in region.value.sequence:
        edges, pts = _edges(place, item, into), frames.pts_at(place.frame - 1)
        if edges is None or pts is None:
            into.losses.dropped("keyframe that does not fit its clip", item.path)
            continue
        keys.append(Key(pts, Box(*edges)))
        gone = None if place.enabled else frames.pts_at(place.frame)
        if gone is not None:
            keys.append(Key(gone, Box(*edges), outside=True))
    return keys


def _text(region: Region, item: MediaItem, score: float | None, into: Incoming) -> Iterator[Annotation]:
    value = region.value
    texts = [value.text] if isinstance(value.text, str) else value.text or value.choices
    for words in texts:
        geometry = Absent() if region.from_name == "absent" else WholeItem()
        facts, label = region.meta.gw, region.meta.gw_label
        yield into.annotation(item, geometry, label, phrase=words, labelled=bool(label), facts=facts, score=score)


def _made(region: Region, item: MediaItem, geometry: Geometry, score: float | None, into: Incoming) -> Annotation:
    value = region.value
    labels = value.rectanglelabels or value.timelinelabels or value.labels
    name = region.meta.gw_label or (labels[0] if labels else "")
    texts = region.meta.text
    phrase = texts if isinstance(texts, str) else (texts[0] if texts else None)
    return into.annotation(item, geometry, name, phrase=phrase, labelled=bool(name), facts=region.meta.gw, score=score)


def _edges(place: Instant, item: MediaItem, into: Incoming) -> tuple[float, float, float, float] | None:
    if place.rotation % 360:
        into.losses.dropped("region that is turned", item.path)
        return None
    left, top = place.x * item.width / 100, place.y * item.height / 100
    return left, top, left + place.width * item.width / 100, top + place.height * item.height / 100


_READERS: dict[str, Callable[[Region, MediaItem, float | None, Incoming], Iterator[Annotation]]] = {
    "rectanglelabels": _box,
    "rectangle": _box,
    "labels": _sound,
    "timelinelabels": _timeline,
    "videorectangle": _track,
    "textarea": _text,
    "choices": _text,
}
