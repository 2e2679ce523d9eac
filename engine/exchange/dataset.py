"""The one value that every format is written from: what a project holds, as far as an export asks for it."""

import hashlib
from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec
from msgspec import Struct

from engine.domain.annotation import VERIFIED, Annotation, Label, Review
from engine.domain.geometry import Absent, Box, Segment, Track, WholeItem
from engine.domain.media import MediaItem, MediaKind
from engine.domain.project import Template
from engine.domain.query import Prediction, Query

NEGATIVES = frozenset({Review.REJECTED})


class Split(StrEnum):
    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class Dataset(Struct, frozen=True):
    """Media with what is said about them.

    `splits` gives each item's part by id, empty for an undivided export. `frames` holds the PTS of every frame shown,
    by item id, for those clips where the caller knows them; others are taken to run at a constant rate.
    """

    items: tuple[MediaItem, ...] = ()
    labels: tuple[Label, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    queries: tuple[Query, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    templates: tuple[Template, ...] = ()
    splits: dict[str, Split] = {}
    frames: dict[str, tuple[int, ...]] = {}

    def by_item(self) -> Iterator[tuple[MediaItem, list[Annotation]]]:
        """Each item with its annotations, both in their given order."""
        found: dict[str, list[Annotation]] = {item.id: [] for item in self.items}
        for annotation in self.annotations:
            if annotation.item in found:
                found[annotation.item].append(annotation)
        return ((item, found[item.id]) for item in self.items)


class Selection(Struct, frozen=True):
    """Which annotations to export. Empty fields do not restrict; no `reviews` leaves the choice to the format.

    `labels` are label ids, `score` is an inclusive range that annotations without a score always meet. Media without
    anything chosen are left out, unless their annotator finished them or `empty_media` asks for them.
    """

    reviews: frozenset[Review] = frozenset()
    labels: frozenset[str] = frozenset()
    kinds: frozenset[MediaKind] = frozenset()
    authors: frozenset[str] = frozenset()
    score: tuple[float, float] | None = None
    empty_media: bool = False


def dataset_of(
    items: Iterable[MediaItem],
    labels: Iterable[Label],
    annotations: Iterable[Annotation],
    queries: Iterable[Query] = (),
    *,
    predictions: Iterable[Prediction] = (),
    templates: Iterable[Template] = (),
) -> Dataset:
    """A dataset in an order that does not depend on the reading order: items by path, the rest as given."""
    ordered = sorted(items, key=lambda item: (item.path, item.id))
    return Dataset(
        tuple(ordered), tuple(labels), tuple(annotations), tuple(queries), tuple(predictions), tuple(templates)
    )


def chosen(dataset: Dataset, selection: Selection, reviews: frozenset[Review]) -> Dataset:
    """The part of a dataset that a selection asks for; `reviews` holds where the selection names none."""
    wanted = selection.reviews or reviews
    items = {item.id for item in dataset.items if not selection.kinds or item.kind in selection.kinds}
    annotations = tuple(
        one for one in dataset.annotations if one.item in items and one.review in wanted and _meets(one, selection)
    )
    kept = {one.item for one in annotations}
    shown = tuple(
        item for item in dataset.items if item.id in items and (item.id in kept or item.done or selection.empty_media)
    )
    return restricted(msgspec.structs.replace(dataset, items=shown, annotations=annotations))


def restricted(dataset: Dataset) -> Dataset:
    """The dataset without what belongs to none of its items."""
    ids = {item.id for item in dataset.items}
    return msgspec.structs.replace(
        dataset,
        annotations=tuple(one for one in dataset.annotations if one.item in ids),
        queries=tuple(one for one in dataset.queries if one.item in ids),
        predictions=tuple(one for one in dataset.predictions if one.item in ids),
        splits={item: split for item, split in dataset.splits.items() if item in ids},
    )


def part(dataset: Dataset, split: Split) -> Dataset:
    """Only the items of one split."""
    items = tuple(item for item in dataset.items if dataset.splits.get(item.id) is split)
    return restricted(msgspec.structs.replace(dataset, items=items))


def with_splits(dataset: Dataset, shares: tuple[float, float, float], seed: int) -> Dataset:
    """Divide by medium. Each medium is drawn for itself, from its content where that is known: copies of a medium fall
    together, and a medium keeps its part while the project grows."""
    return msgspec.structs.replace(
        dataset, splits={item.id: _drawn(f"{seed}:{item.digest or item.path}", shares) for item in dataset.items}
    )


def default_reviews(*, rejected: bool) -> frozenset[Review]:
    """What is exported when nobody chose: verified work, with rejections where the format can say them."""
    return VERIFIED | NEGATIVES if rejected else VERIFIED


def kind_of(annotation: Annotation) -> str:
    """The word that the format table uses for an annotation's geometry."""
    match annotation.geometry:
        case Box():
            return "box"
        case Track():
            return "track"
        case Segment():
            return "segment"
        case WholeItem():
            return "whole"
        case Absent():
            return "absent"


def category_names(dataset: Dataset) -> dict[str, str]:
    """Label id to name, each name once: a second label of the same name is told apart by a number."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for label in dataset.labels:
        name, at = label.name, 2
        while name in taken:
            name, at = f"{label.name} {at}", at + 1
        taken.add(name)
        names[label.id] = name
    return names


def category(annotation: Annotation, names: dict[str, str]) -> str:
    """The kind of thing as a format with categories says it: the label's name, else the phrase."""
    return names.get(annotation.label or "", "") or annotation.phrase or "object"


def _meets(annotation: Annotation, selection: Selection) -> bool:
    low, high = selection.score or (0.0, 1.0)
    return (
        (not selection.labels or annotation.label in selection.labels)
        and (not selection.authors or annotation.provenance.author in selection.authors)
        and (annotation.score is None or low <= annotation.score <= high)
    )


def _drawn(key: str, shares: tuple[float, float, float]) -> Split:
    train, val, test = shares
    at = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64 * (train + val + test)
    if at < train:
        return Split.TRAIN
    return Split.VAL if at < train + val else Split.TEST
