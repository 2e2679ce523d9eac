"""Pascal VOC: an XML file for each picture, whole pixels counted from 1, both ends inclusive.

Other tools write the same file counted from 0: a file in which an edge is 0 was counted so.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from engine.domain.annotation import Annotation
from engine.domain.geometry import Box
from engine.domain.media import MediaItem, MediaKind
from engine.exchange import reading
from engine.exchange.dataset import Dataset, Split, category, category_names
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing, names_of, split_of, stem_of, suffix_of
from engine.exchange.serialise import xml_bytes, xml_text

_FILES = re.compile(r".+\.xml", re.IGNORECASE)
_EDGES = ("xmin", "ymin", "xmax", "ymax")
_DEPTH = "3"


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names, files = category_names(dataset), names_of(dataset)
    parts: dict[Split, list[str]] = {}
    for item, annotations in out.each(dataset):
        name = files[item.id]
        parts.setdefault(split_of(dataset, item), []).append(name)
        yield File(f"Annotations/{name}.xml", xml_bytes(_document(item, name, annotations, names, out)))
        yield from out.copies(item, f"JPEGImages/{name}{suffix_of(item.path)}")
    used = {category(one, names) for one in dataset.annotations} | set(names.values())
    yield File("labelmap.txt", _label_map(sorted(used), out))
    for split, listed in sorted(parts.items()):
        yield File(f"ImageSets/Main/{split}.txt", "".join(f"{name}\n" for name in listed).encode())


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    folder = source / "Annotations" if (source / "Annotations").is_dir() else source
    files = reading.files(folder, _FILES, into.losses)
    base = into.options.voc_base
    if base is None:
        base = 0 if any(_counts_from_zero(path) for path in files) else 1
    for done, path in enumerate(files, 1):
        if done % 64 == 0:
            into.tick(done, len(files))
        name = path.relative_to(folder).as_posix() if folder.is_dir() else path.name
        for root in reading.elements(path, frozenset({"annotation"})):
            yield from _picture(root, name, base, into)


def pixels(box: Box, item: MediaItem) -> tuple[int, int, int, int]:
    """A box in whole pixels counted from 1, both ends inclusive, at least one pixel and inside the picture."""
    x0, x1 = _span(box.x0, box.x1, item.width)
    y0, y1 = _span(box.y0, box.y1, item.height)
    return x0 + 1, y0 + 1, x1, y1


def _span(low: float, high: float, length: int) -> tuple[int, int]:
    first, end = round(low), round(high)
    if first < end:
        return first, end
    first = min(math.floor(low), length - 1)
    return first, first + 1


def _label_map(labels: list[str], out: Outgoing) -> bytes:
    """The kinds of things, as CVAT lists them; colons part its columns."""
    lines = ["# label:color_rgb:parts:actions"]
    for label in labels:
        name = out.one_line(label.replace(":", " ") if ":" in label else label)
        lines.append(f"{name}:::")
    return ("\n".join(lines) + "\n").encode()


def _document(
    item: MediaItem, name: str, annotations: list[Annotation], names: dict[str, str], out: Outgoing
) -> Element:
    root = Element("annotation")
    folder, _, file = f"{name}{suffix_of(item.path)}".rpartition("/")
    SubElement(root, "folder").text = xml_text(folder, out.losses)
    SubElement(root, "filename").text = xml_text(file, out.losses)
    SubElement(SubElement(root, "source"), "database").text = "Groundwork"
    _values(SubElement(root, "size"), ("width", "height", "depth"), (str(item.width), str(item.height), _DEPTH))
    SubElement(root, "segmented").text = "0"
    for one in annotations:
        if isinstance(one.geometry, Box):
            element = SubElement(root, "object")
            SubElement(element, "name").text = xml_text(category(one, names), out.losses)
            _values(element, ("pose", "truncated", "difficult"), ("Unspecified", "0", "0"))
            edges = pixels(one.geometry, item)
            kept = (edges[0] - 1, edges[1] - 1, edges[2], edges[3])
            error = max(abs(a - b) for a, b in zip(kept, one.geometry.edges, strict=True))
            out.losses.rounded("edges", error, "px")
            _values(SubElement(element, "bndbox"), _EDGES, tuple(str(edge) for edge in edges))
    return root


def _values(parent: Element, names: tuple[str, ...], values: tuple[str, ...]) -> None:
    for name, value in zip(names, values, strict=True):
        SubElement(parent, name).text = value


def _counts_from_zero(path: Path) -> bool:
    for bounds in reading.elements(path, frozenset({"bndbox"})):
        if any(reading.number(bounds.findtext(name) or "") == 0 for name in _EDGES[:2]):
            return True
    return False


def _picture(root: Element, name: str, base: int, into: Incoming) -> Iterator[Imported]:
    item = into.media.find(stem_of(name), MediaKind.IMAGE)
    if item is None:
        item = into.media.find(root.findtext("filename") or "", MediaKind.IMAGE)
    if item is None:
        into.losses.dropped("file whose picture is not in the project", name)
        return
    size = tuple(reading.number(root.findtext(f"size/{side}") or "") for side in ("width", "height"))
    if all(size) and size != (item.width, item.height):
        into.losses.dropped("file whose picture has another size in the project", name)
        return
    for element in root.iter("object"):
        edges = [reading.number(element.findtext(f"bndbox/{edge}") or "") for edge in _EDGES]
        x0, y0, x1, y1 = edges
        if x0 is None or y0 is None or x1 is None or y1 is None:
            into.losses.dropped("object without a box", name)
            continue
        # Inclusive ends: counted from 1 the last pixel's number is its right edge, counted from 0 one less.
        box = into.box(item, (x0 - base, y0 - base, x1 + 1 - base, y1 + 1 - base))
        if box is not None:
            yield into.annotation(item, box, (element.findtext("name") or "").strip())
