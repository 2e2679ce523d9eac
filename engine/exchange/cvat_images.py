"""CVAT for images 1.1: boxes in pixels; captions and "not there" as tags of their own labels."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from msgspec import Struct

from engine.domain.annotation import Annotation
from engine.domain.geometry import Absent, Box, WholeItem
from engine.domain.media import MediaItem, MediaKind
from engine.exchange import reading
from engine.exchange.dataset import Dataset, category, category_names
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing
from engine.exchange.serialise import decimals, xml_bytes, xml_text

PHRASE = "phrase"
_TAGS: dict[str, type[WholeItem] | type[Absent]] = {"caption": WholeItem, "absent": Absent}
_LABEL = "label"
_DIGITS = 6
_SHAPES = frozenset({"polygon", "polyline", "mask", "ellipse", "points", "cuboid", "skeleton"})


class Edges(Struct, frozen=True):
    xtl: float
    ytl: float
    xbr: float
    ybr: float
    label: str = ""
    rotation: float = 0.0


class Picture(Struct, frozen=True):
    name: str
    width: int = 0
    height: int = 0


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    names = category_names(dataset)
    boxed = (category(one, names) for one in dataset.annotations if isinstance(one.geometry, Box))
    tags = (tag for tag, kind in _TAGS.items() if any(isinstance(one.geometry, kind) for one in dataset.annotations))
    described(root, "task", sorted({*names.values(), *boxed}), out, tags)
    for item, annotations in out.each(dataset):
        number = str(out.numbers.of("item", item.id) - 1)
        size = {"width": str(item.width), "height": str(item.height)}
        image = SubElement(root, "image", {"id": number, "name": xml_text(item.path, out.losses)} | size)
        for one in annotations:
            _one(image, one, names, out)
    yield File("", xml_bytes(root))


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    for element in reading.elements(source, frozenset({"image"})):
        picture = reading.attributes(element, Picture, into.losses, "picture")
        if picture is None:
            continue
        item = into.media.find(picture.name, MediaKind.IMAGE)
        if item is None or (picture.width and (picture.width, picture.height) != (item.width, item.height)):
            into.losses.dropped("picture that is not in the project in this size", picture.name[:60])
        else:
            yield from _image(element, item, into)


def described(root: Element, name: str, labels: Iterable[str], out: Outgoing, tags: Iterable[str] = ()) -> Element:
    """The head of a file: what its labels are, and that each has a phrase. Returns the task's element."""
    task = SubElement(SubElement(root, "meta"), "task")
    SubElement(task, "name").text = xml_text(name, out.losses)
    listed = SubElement(task, "labels")
    for label, type_ in [*((label, "rectangle") for label in labels), *((tag, "tag") for tag in tags)]:
        element = SubElement(listed, "label")
        SubElement(element, "name").text = xml_text(label, out.losses)
        SubElement(element, "type").text = type_
        fields = SubElement(element, "attributes")
        for field in (PHRASE, _LABEL) if type_ == "tag" else (PHRASE,):
            attribute = SubElement(fields, "attribute")
            SubElement(attribute, "name").text = field
            SubElement(attribute, "mutable").text = "False"
            SubElement(attribute, "input_type").text = "text"
            SubElement(attribute, "default_value")
            SubElement(attribute, "values")
    return task


def corners(box: Box, out: Outgoing) -> dict[str, str]:
    """The edges of a box as attributes, with what rounding does to them."""
    written = {
        name: decimals(edge, _DIGITS) for name, edge in zip(("xtl", "ytl", "xbr", "ybr"), box.edges, strict=True)
    }
    error = max(abs(float(text) - edge) for text, edge in zip(written.values(), box.edges, strict=True))
    out.losses.rounded("edges", error, "px")
    return written


def worded(parent: Element, phrase: str, out: Outgoing) -> None:
    SubElement(parent, "attribute", {"name": PHRASE}).text = xml_text(phrase, out.losses)


def attribute_of(element: Element, name: str) -> str | None:
    """The text of a named attribute, "" where it is empty, None where there is none."""
    for attribute in element.iter("attribute"):
        if attribute.get("name") == name:
            return attribute.text or ""
    return None


def edges_of(element: Element, into: Incoming) -> Edges | None:
    """The attributes of a box; a turned one is refused, since its edges say another place."""
    edges = reading.attributes(element, Edges, into.losses, "box")
    if edges is not None and edges.rotation % 360:
        into.losses.dropped("box that is turned", edges.label[:60])
        return None
    return edges


def _one(image: Element, annotation: Annotation, names: dict[str, str], out: Outgoing) -> None:
    geometry = annotation.geometry
    if isinstance(geometry, Box):
        label = xml_text(category(annotation, names), out.losses)
        shape = {"label": label, "source": "manual", "occluded": "0", "z_order": "0"}
        worded(SubElement(image, "box", shape | corners(geometry, out)), annotation.phrase, out)
        return
    tag = next((name for name, kind in _TAGS.items() if isinstance(geometry, kind)), "")
    if tag:
        element = SubElement(image, "tag", {"label": tag, "source": "manual"})
        worded(element, annotation.phrase, out)
        SubElement(element, "attribute", {"name": _LABEL}).text = names.get(annotation.label or "", "")


def _image(image: Element, item: MediaItem, into: Incoming) -> Iterator[Imported]:
    for element in image:
        if element.tag == "box" and (edges := edges_of(element, into)) is not None:
            box = into.box(item, (edges.xtl, edges.ytl, edges.xbr, edges.ybr))
            if box is not None:
                phrase = attribute_of(element, PHRASE)
                yield into.annotation(item, box, edges.label, phrase=phrase)
        elif element.tag == "tag":
            yield _tag(element, item, into)
        elif element.tag in _SHAPES:
            into.losses.dropped(f"{element.tag}: only boxes and tags are read", item.path)


def _tag(element: Element, item: MediaItem, into: Incoming) -> Annotation:
    name = element.get("label", "")
    phrase = attribute_of(element, PHRASE)
    if name in _TAGS and phrase is not None:
        label = attribute_of(element, _LABEL) or ""
        return into.annotation(item, _TAGS[name](), label, phrase=phrase, labelled=bool(label))
    return into.annotation(item, WholeItem(), name, phrase=phrase)
