"""Label Studio: `tasks.json` with regions in percent of the picture, and the labelling config that shows them.

Unreviewed work goes to `predictions`, all else to `annotations`. Frames of clips count from 1; time is
frame / rate. What a region is called stands in its `meta`; reading is in `label_studio_tasks`.
"""

from collections.abc import Callable, Iterator
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from engine.domain.annotation import Annotation, Review
from engine.domain.geometry import Absent, Box, Segment, Track, WholeItem
from engine.domain.media import MediaItem, MediaKind
from engine.exchange.dataset import Dataset, category, category_names
from engine.exchange.facts import facts_of
from engine.exchange.frames import Frames
from engine.exchange.label_studio_tasks import read
from engine.exchange.outgoing import File, Outgoing, visible
from engine.exchange.serialise import json_bytes, xml_bytes, xml_text

__all__ = ["read", "write"]

_Result = dict[str, Any]


class _Sheet:
    """One task while it grows."""

    def __init__(self, item: MediaItem, names: dict[str, str], frames: Frames | None, out: Outgoing) -> None:
        self.item = item
        self.names = names
        self.frames = frames
        self.out = out

    def head(self, annotation: Annotation, control: str, type_: str) -> _Result:
        meta = {
            "text": [annotation.phrase],
            "gw": facts_of(annotation),
            "gw_label": self.names.get(annotation.label or "", ""),
        }
        return {"id": annotation.id, "from_name": control, "to_name": "media", "type": type_, "meta": meta}


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names = category_names(dataset)
    tasks: list[_Result] = []
    for item, annotations in out.each(dataset):
        framed = sum(isinstance(one.geometry, Track | Segment) for one in annotations)
        frames = out.frames(dataset, item, framed) if item.kind is MediaKind.VIDEO else None
        tasks.append(_task(_Sheet(item, names, frames, out), annotations))
    regions = (one for one in dataset.annotations if isinstance(one.geometry, Box | Segment | Track))
    labels = {category(one, names) for one in regions} | set(names.values())
    yield File("tasks.json", json_bytes(tasks))
    for kind in sorted({item.kind for item in dataset.items}):
        yield File(f"config-{kind}.xml", xml_bytes(_config(kind, sorted(labels), out)))


def _task(sheet: _Sheet, annotations: list[Annotation]) -> _Result:
    item = sheet.item
    data: _Result = {str(item.kind): item.path}
    if sheet.frames is not None:
        data["framerate"] = sheet.frames.rate
    verified: list[_Result] = []
    guesses: list[tuple[Annotation, _Result]] = []
    for one in annotations:
        result = _RESULTS[type(one.geometry)](sheet, one)
        if result is not None:
            if one.review is Review.PREDICTED:
                guesses.append((one, result))
            else:
                verified.append(result)
    task: _Result = {"id": sheet.out.numbers.of("item", item.id), "data": data}
    task["annotations"] = [{"result": verified, "ground_truth": True}]
    task["predictions"] = [
        {"model_version": one.provenance.author, "score": one.score, "result": [result]} for one, result in guesses
    ]
    return task


def _box(sheet: _Sheet, annotation: Annotation) -> _Result | None:
    if not isinstance(annotation.geometry, Box):
        return None
    size = {"original_width": sheet.item.width, "original_height": sheet.item.height, "image_rotation": 0}
    value = _percent(annotation.geometry, sheet.item) | {"rectanglelabels": [category(annotation, sheet.names)]}
    return sheet.head(annotation, "box", "rectanglelabels") | size | {"value": value}


def _segment(sheet: _Sheet, annotation: Annotation) -> _Result | None:
    geometry = annotation.geometry
    if not isinstance(geometry, Segment):
        return None
    labels = [category(annotation, sheet.names)]
    if sheet.item.kind is MediaKind.AUDIO:
        start, end = sheet.out.seconds(sheet.item, geometry)
        value: _Result = {"start": start, "end": end, "channel": 0, "labels": labels}
        return sheet.head(annotation, "segment", "labels") | {"value": value}
    if sheet.frames is None:
        return None
    first, last = sheet.frames.index_at(geometry.start) + 1, sheet.frames.index_at(geometry.end) + 1
    value = {"ranges": [{"start": first, "end": max(first, last)}], "timelinelabels": labels}
    result = sheet.head(annotation, "segment", "timelinelabels") | {"value": value}
    result["meta"]["gw_pts"] = [[geometry.start, geometry.end]]
    return result


def _track(sheet: _Sheet, annotation: Annotation) -> _Result | None:
    geometry = annotation.geometry
    if not isinstance(geometry, Track) or sheet.frames is None:
        return None
    frames, item = sheet.frames, sheet.item
    places: dict[int, Box] = {}
    ends: set[int] = set()
    for at, gone in visible(geometry):
        key = geometry.keys[at]
        frame = sheet.out.on_frame(frames, key.pts) + 1
        places[frame] = key.box
        if gone:
            # The last frame that shows it ends a lifespan, not the last that has a key.
            last = max(frames.index_at(geometry.keys[at + 1].pts), frame)
            places.setdefault(last, key.box)
            ends.add(last)
    sequence = [
        {"frame": frame, "time": frame / frames.rate, "enabled": frame not in ends} | _percent(places[frame], item)
        for frame in sorted(places)
    ]
    count = len(frames.table) or frames.count
    value = {"framesCount": count, "duration": count / frames.rate, "sequence": sequence}
    result = sheet.head(annotation, "track", "videorectangle")
    result["meta"]["gw_pts"] = [[key.pts, int(key.outside)] for key in geometry.keys]
    return result | {"value": value | {"labels": [category(annotation, sheet.names)]}}


def _whole(sheet: _Sheet, annotation: Annotation) -> _Result:
    return sheet.head(annotation, "caption", "textarea") | {"value": {"text": [annotation.phrase]}}


def _absent(sheet: _Sheet, annotation: Annotation) -> _Result:
    value = {"text": [annotation.phrase or category(annotation, sheet.names)]}
    return sheet.head(annotation, "absent", "textarea") | {"value": value}


_RESULTS: dict[type, Callable[[_Sheet, Annotation], _Result | None]] = {
    Box: _box,
    Segment: _segment,
    Track: _track,
    WholeItem: _whole,
    Absent: _absent,
}


def _percent(box: Box, item: MediaItem) -> _Result:
    return {
        "x": box.x0 / item.width * 100,
        "y": box.y0 / item.height * 100,
        "width": box.width / item.width * 100,
        "height": box.height / item.height * 100,
        "rotation": 0,
    }


def _config(kind: MediaKind, labels: list[str], out: Outgoing) -> Element:
    """The labelling config: the medium, its regions by label, and lines for captions and what is not there."""
    view = Element("View")
    tag = {MediaKind.IMAGE: "Image", MediaKind.VIDEO: "Video", MediaKind.AUDIO: "Audio"}[kind]
    rate = {"frameRate": "$framerate"} if kind is MediaKind.VIDEO else {}
    SubElement(view, tag, {"name": "media", "value": f"${kind}"} | rate)
    for name, control in _CONTROLS[kind]:
        element = SubElement(view, control, {"name": name, "toName": "media"})
        if control != "VideoRectangle":
            for label in labels:
                SubElement(element, "Label", {"value": xml_text(label, out.losses)})
    for name in ("caption", "absent"):
        SubElement(view, "TextArea", {"name": name, "toName": "media"})
    return view


_CONTROLS = {
    MediaKind.IMAGE: (("box", "RectangleLabels"),),
    MediaKind.VIDEO: (("track", "VideoRectangle"), ("label", "Labels"), ("segment", "TimelineLabels")),
    MediaKind.AUDIO: (("segment", "Labels"),),
}
