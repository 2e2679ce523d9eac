"""ELAN EAF 3.0: segments in whole milliseconds on tiers, one file for each clip or sound.

`PARTICIPANT` holds the label's name, which a tier's own name holds too, numbered where segments overlap.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from engine.domain.annotation import Annotation
from engine.domain.media import MediaItem, MediaKind
from engine.exchange import reading
from engine.exchange.audacity import timed_files
from engine.exchange.dataset import Dataset
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing, names_of
from engine.exchange.serialise import xml_bytes, xml_text
from engine.exchange.tiers import label_of, labelled_tiers, layers, tier_name

_FILES = re.compile(r".+\.eaf", re.IGNORECASE)
_MIME = {MediaKind.VIDEO: "video/mp4", MediaKind.AUDIO: "audio/x-wav"}
_TYPE = "default-lt"
# A date is required; a fixed one keeps a second export the same.
_DATE = "1970-01-01T00:00:00+00:00"
_Span = tuple[float, float, str]


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names = names_of(dataset)
    for item, annotations in out.each(dataset):
        yield File(f"{names[item.id]}.eaf", xml_bytes(_document(item, annotations, dataset, out)))


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    for path, item in timed_files(source, _FILES, into):
        for root in reading.elements(path, frozenset({"ANNOTATION_DOCUMENT"})):
            yield from _tiers(root, item, into)


def _document(item: MediaItem, annotations: list[Annotation], dataset: Dataset, out: Outgoing) -> Element:
    root = Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "",
            "DATE": _DATE,
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:noNamespaceSchemaLocation": "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
        },
    )
    header = SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    name = xml_text(item.path, out.losses)
    place = {"MEDIA_URL": name, "RELATIVE_MEDIA_URL": f"./{name}", "MIME_TYPE": _MIME.get(item.kind, "unknown")}
    SubElement(header, "MEDIA_DESCRIPTOR", place)
    order = SubElement(root, "TIME_ORDER")
    tiers: list[tuple[str, str, list[_Span]]] = []
    for label, found in labelled_tiers(annotations, dataset).items():
        spans = [(*out.milliseconds(item, segment), one.phrase) for one, segment in found]
        tiers += [(tier_name(label, at), label, layer) for at, layer in enumerate(layers(spans))]
    slots = _slots(order, tiers)
    _annotated(root, tiers, slots, out)
    SubElement(
        root,
        "LINGUISTIC_TYPE",
        {"LINGUISTIC_TYPE_ID": _TYPE, "TIME_ALIGNABLE": "true", "GRAPHIC_REFERENCES": "false"},
    )
    return root


def _slots(order: Element, tiers: list[tuple[str, str, list[_Span]]]) -> dict[int, str]:
    """A time slot for each instant in use, in order of time."""
    instants = sorted({int(at) for _, _, spans in tiers for start, end, _ in spans for at in (start, end)})
    slots = {at: f"ts{number}" for number, at in enumerate(instants, 1)}
    for at, id_ in slots.items():
        SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": id_, "TIME_VALUE": str(at)})
    return slots


def _annotated(root: Element, tiers: list[tuple[str, str, list[_Span]]], slots: dict[int, str], out: Outgoing) -> None:
    number = 0
    for name, label, spans in tiers:
        named = {"TIER_ID": xml_text(name, out.losses), "PARTICIPANT": xml_text(label, out.losses)}
        tier = SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": _TYPE} | named)
        for start, end, phrase in spans:
            number += 1
            slot = {
                "ANNOTATION_ID": f"a{number}",
                "TIME_SLOT_REF1": slots[int(start)],
                "TIME_SLOT_REF2": slots[int(end)],
            }
            aligned = SubElement(SubElement(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION", slot)
            SubElement(aligned, "ANNOTATION_VALUE").text = xml_text(phrase, out.losses)


def _tiers(root: Element, item: MediaItem, into: Incoming) -> Iterator[Imported]:
    instants = {slot.get("TIME_SLOT_ID", ""): slot.get("TIME_VALUE") for slot in root.iter("TIME_SLOT")}
    names = [tier.get("TIER_ID", "") for tier in root.iter("TIER")]
    for tier in root.iter("TIER"):
        label = label_of(tier.get("TIER_ID", ""), names)
        for annotation in tier.iter("ALIGNABLE_ANNOTATION"):
            start = _seconds(instants.get(annotation.get("TIME_SLOT_REF1", "")))
            end = _seconds(instants.get(annotation.get("TIME_SLOT_REF2", "")))
            value = annotation.findtext("ANNOTATION_VALUE") or ""
            if start is None or end is None:
                into.losses.dropped("annotation without its two times", value[:60])
            elif (segment := into.segment(item, start, end)) is not None:
                yield into.annotation(item, segment, label, phrase=value, labelled=bool(label))
        dependent = sum(1 for _ in tier.iter("REF_ANNOTATION"))
        into.losses.dropped("annotation of a dependent tier", tier.get("TIER_ID", "")[:60], dependent)


def _seconds(value: str | None) -> float | None:
    found = reading.number(value) if value else None
    return None if found is None else found / 1000
