"""CVAT for video 1.1: tracks by keyframes, linear between, `outside` where the object is gone; a file for each clip."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from msgspec import Struct

from engine.domain.annotation import Annotation
from engine.domain.geometry import Box, Key, Track
from engine.domain.media import MediaItem, MediaKind
from engine.exchange import reading
from engine.exchange.cvat_images import PHRASE, attribute_of, corners, described, edges_of, worded
from engine.exchange.dataset import Dataset, category, category_names
from engine.exchange.frames import Frames
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing, names_of, stem_of
from engine.exchange.serialise import xml_bytes, xml_text

_FILES = re.compile(r".+\.xml", re.IGNORECASE)


class _Frame(Struct, frozen=True):
    frame: int
    outside: int = 0
    keyframe: int = 1


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names, files = category_names(dataset), names_of(dataset)
    for item, annotations in out.each(dataset):
        frames = out.frames(dataset, item, len(annotations))
        if frames is None:
            continue
        root = Element("annotations")
        SubElement(root, "version").text = "1.1"
        labels = sorted({category(one, names) for one in annotations} | set(names.values()))
        task = described(root, item.path, labels, out)
        _sized(task, item, frames, out)
        number = 0
        for one in annotations:
            if isinstance(one.geometry, Track):
                label = xml_text(category(one, names), out.losses)
                track = SubElement(root, "track", {"id": str(number), "label": label, "source": "manual"})
                _keys(track, one, one.geometry, frames, out)
                number += 1
        yield File(f"{files[item.id]}.xml", xml_bytes(root))


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    found = reading.files(source, _FILES, into.losses)
    for done, path in enumerate(found, 1):
        into.tick(done, len(found))
        name = path.relative_to(source).as_posix() if source.is_dir() else path.name
        item: MediaItem | None = None
        for element in reading.elements(path, frozenset({"meta", "track"})):
            if element.tag == "meta":
                item = _clip(element, name, into)
                if item is None:
                    into.losses.dropped("clip that is not in the project", name)
            elif item is not None:
                yield from _track(element, item, into)


def _sized(task: Element, item: MediaItem, frames: Frames, out: Outgoing) -> None:
    SubElement(task, "size").text = str(len(frames.table) or frames.count)
    SubElement(task, "mode").text = "interpolation"
    size = SubElement(task, "original_size")
    SubElement(size, "width").text, SubElement(size, "height").text = str(item.width), str(item.height)
    SubElement(task, "source").text = xml_text(item.path, out.losses)


def _keys(element: Element, annotation: Annotation, track: Track, frames: Frames, out: Outgoing) -> None:
    rows: dict[int, dict[str, str]] = {}
    for key in track.keys:
        frame = out.on_frame(frames, key.pts)
        if frame in rows:
            out.losses.dropped("keyframe on a frame that has one", annotation.phrase[:60])
        fixed = {"frame": str(frame), "keyframe": "1", "outside": str(int(key.outside)), "occluded": "0"}
        rows[frame] = fixed | corners(key.box, out) | {"z_order": "0"}
    for frame in sorted(rows):
        worded(SubElement(element, "box", rows[frame]), annotation.phrase, out)


def _clip(meta: Element, name: str, into: Incoming) -> MediaItem | None:
    """By the file's own name first, since a server's `source` is often another."""
    stem = stem_of(name)
    names = [element.text or "" for tag in ("source", "name") for element in meta.iter(tag)]
    for candidate in (*names[:1], stem, *names[1:2]):
        if candidate and (item := into.media.find(candidate, MediaKind.VIDEO)):
            return item
    return None


def _track(element: Element, item: MediaItem, into: Incoming) -> Iterator[Imported]:
    frames = into.frames(item)
    if frames is None:
        return
    keys: list[Key] = []
    for box in element.iter("box"):
        at = reading.attributes(box, _Frame, into.losses, "keyframe")
        edges = edges_of(box, into)
        pts = frames.pts_at(at.frame) if at else None
        if at is None or edges is None or pts is None:
            into.losses.dropped("keyframe that does not fit its clip", element.get("label", "")[:60])
            continue
        if not at.keyframe and not at.outside:
            continue
        keys.append(Key(pts, Box(edges.xtl, edges.ytl, edges.xbr, edges.ybr), outside=bool(at.outside)))
    track = into.track(item, keys) if keys else None
    if track is not None:
        first = next(iter(element.iter("box")))
        yield into.annotation(item, track, element.get("label", ""), phrase=attribute_of(first, PHRASE))
