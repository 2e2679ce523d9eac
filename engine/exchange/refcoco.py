"""Referring expressions: `instances.json` (COCO) beside `refs.json`, whose rows are those of the RefCOCO pickles.

The pickles themselves (`refs(unc).p`, `refs(google).p`, `refs(umd).p`) are read by an unpickler that knows no global
names. A phrase that is nowhere has `no_target`, as gRefCOCO has it. One box may have several sentences.
"""

import io
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import msgspec
from msgspec import Struct

from engine.domain.annotation import Annotation
from engine.domain.errors import ExchangeError
from engine.domain.geometry import Absent, Box
from engine.domain.media import MediaItem
from engine.exchange import coco, reading
from engine.exchange.dataset import Dataset, category, category_names
from engine.exchange.facts import Facts, facts_of
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing, split_of
from engine.exchange.serialise import json_bytes

_REFS = re.compile(r"refs.*\.(json|p|pickle)", re.IGNORECASE)
_LARGEST_PICKLE = 48 << 20
_MOST_CONTAINERS = 6_000_000
_MOST_SENTENCES = 2_000_000
_Row = dict[str, Any]


class Sentence(Struct, frozen=True):
    raw: str = ""
    sent: str = ""
    gw: Facts | None = None


class Reference(Struct, frozen=True):
    image_id: int
    sentences: list[Sentence]
    ann_id: int = -1
    ref_id: int = -1
    category_id: int = -1
    no_target: bool = False


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names = category_names(dataset)
    images, annotations, references = [], [], []
    categories = {out.numbers.of("label", id_): name for id_, name in names.items()}
    for item, found in out.each(dataset):
        images.append(coco.image_row(item, out))
        for group in _same_box(found):
            first = group[0]
            name = category(first, names)
            number = out.numbers.of("label", first.label if first.label in names else f"phrase:{name}")
            categories[number] = name
            reference = _reference(group, number, item, str(split_of(dataset, item)), out)
            references.append(reference)
            if isinstance(first.geometry, Box):
                annotations.append(_instance(first.geometry, reference))
    yield File("instances.json", json_bytes(coco.document(images, annotations, categories)))
    yield File("refs.json", json_bytes(sorted(references, key=lambda row: int(row["ref_id"]))))


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    path = _references_in(source)
    beside = path.parent / "instances.json"
    file = reading.json(beside, coco.Document)
    names = coco.category_table(file, into)
    _, pictures = coco.image_table(file, into)
    rows = reading.rows(file.annotations, coco.Instance, into.losses, "annotation")
    boxes = {row.id: row for row in rows}
    sentences = 0
    for row in _rows(path, into):
        item = pictures.get(row.image_id)
        sentences += len(row.sentences)
        if sentences > _MOST_SENTENCES:
            raise ExchangeError(f"{path} has more than {_MOST_SENTENCES} sentences; import it in parts.")
        if item is None:
            into.losses.dropped("reference to a picture that is not in the project", f"reference {row.ref_id}")
        else:
            yield from _sentences(row, item, boxes.get(row.ann_id), names, into)


class _Plain(pickle.Unpickler):
    """Lists, dictionaries, texts and numbers; any name of a class or function is refused."""

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"it names {module_name}.{global_name}")


def unpickled(path: Path) -> list[Any]:
    """The list in a pickle of plain values; ExchangeError for anything else."""
    data = reading.contents(path, _LARGEST_PICKLE)
    if sum(data.count(mark) for mark in (b"]", b"}", b"(", b")", b"\x8f")) > _MOST_CONTAINERS:
        raise ExchangeError(f"{path} holds more lists than any set of references; choose another file.")
    try:
        found = _Plain(io.BytesIO(data), encoding="latin1").load()
    except MemoryError as error:
        raise ExchangeError(f"{path} asks for more memory than a set of references needs.") from error
    except (pickle.UnpicklingError, ValueError, TypeError, KeyError, IndexError, EOFError) as error:
        raise _refused(path, error) from error
    except (AttributeError, ImportError, OverflowError, RecursionError) as error:
        raise _refused(path, error) from error
    if not isinstance(found, list):
        raise ExchangeError(f"{path} is not a list of references; choose a refs file.")
    return found


def _refused(path: Path, error: Exception) -> ExchangeError:
    return ExchangeError(f"{path} is not a pickle of plain references ({str(error)[:120]}); convert it to JSON first.")


def _rows(path: Path, into: Incoming) -> Iterator[Reference]:
    if path.suffix.lower() == ".json":
        yield from reading.rows(reading.json(path, list[msgspec.Raw]), Reference, into.losses, "reference")
        return
    for at, row in enumerate(unpickled(path)):
        try:
            yield msgspec.convert(row, Reference)
        except (msgspec.ValidationError, RecursionError) as error:
            into.losses.dropped("entry that cannot be read", f"reference {at}: {str(error)[:120]}")


def _references_in(source: Path) -> Path:
    folder = source if source.is_dir() else source.parent
    if source.is_file() and _REFS.fullmatch(source.name):
        return source
    found = sorted(path for path in folder.glob("*") if _REFS.fullmatch(path.name) and path.is_file())
    if not found:
        raise ExchangeError(f"{folder} holds no refs file; choose the folder with instances.json and refs.")
    return next((path for path in found if path.suffix == ".json"), found[0])


def _sentences(
    row: Reference, item: MediaItem, boxed: coco.Instance | None, names: dict[int, str], into: Incoming
) -> Iterator[Imported]:
    number = row.category_id if boxed is None else boxed.category_id
    name = names.get(number, "")
    if row.no_target:
        geometry: Box | Absent | None = Absent()
    elif boxed is None:
        into.losses.dropped("reference to a box that the file does not hold", f"reference {row.ref_id}")
        return
    else:
        x, y, width, height = boxed.bbox
        geometry = into.box(item, (x, y, x + width, y + height)) if width > 0 and height > 0 else None
    if geometry is None:
        into.losses.dropped("reference to a box without area", f"reference {row.ref_id}")
        return
    for sentence in row.sentences:
        words = sentence.raw or sentence.sent
        yield into.annotation(item, geometry, name, phrase=words, labelled=bool(name), facts=sentence.gw)


def _same_box(annotations: list[Annotation]) -> list[list[Annotation]]:
    """Annotations that differ in their words alone stand together."""
    groups: dict[Any, list[Annotation]] = {}
    for one in annotations:
        key = (one.geometry, one.label) if one.label else one.id
        groups.setdefault(key if isinstance(one.geometry, Box) else one.id, []).append(one)
    return list(groups.values())


def _reference(group: list[Annotation], category_id: int, item: MediaItem, split: str, out: Outgoing) -> _Row:
    first = group[0]
    sentences = [
        {
            "sent_id": out.numbers.of("sentence", one.id),
            "raw": one.phrase,
            "sent": one.phrase.lower().strip(),
            "tokens": one.phrase.lower().split(),
            "gw": facts_of(one),
        }
        for one in group
    ]
    absent = isinstance(first.geometry, Absent)
    return {
        "ref_id": out.numbers.of("reference", first.id),
        "ann_id": -1 if absent else out.numbers.of("annotation", first.id),
        "category_id": category_id,
        "image_id": out.numbers.of("item", item.id),
        "file_name": item.path,
        "split": split,
        "sent_ids": [row["sent_id"] for row in sentences],
        "sentences": sentences,
        "no_target": absent,
    }


def _instance(box: Box, reference: _Row) -> _Row:
    return {
        "id": reference["ann_id"],
        "image_id": reference["image_id"],
        "category_id": reference["category_id"],
        "bbox": [box.x0, box.y0, box.width, box.height],
        "area": box.area,
        "iscrowd": 0,
        "segmentation": [],
    }
