"""What has a time, as arrays in the order given; after a change only what is different is looked at again. Pure."""

import operator
from collections.abc import Iterable, Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain.annotation import Annotation, Label, Review
from engine.domain.geometry import Segment, Track
from widgets.palette import index_of

Ints = NDArray[np.int64]


class Change(Struct, frozen=True, eq=False):
    """Places that are new, and what went: (N) keys and (N, 2) spans."""

    new: slice
    gone_keys: Ints
    gone_spans: Ints


class Timed:
    """Segments and tracks: spans (N, 2), colours, reviews, and `keys`, numbers of the names of their lanes."""

    def __init__(self, annotations: Iterable[Annotation], labels: dict[str, Label]) -> None:
        self.labels = labels
        self.names: dict[str, int] = {}
        self._given: list[Annotation] = []
        self.annotations = np.zeros(0, object)
        self.spans, self.subs = np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
        self.keys, self.colours, self._reviews = (np.zeros(0, np.int64) for _ in range(3))
        self.tracks = np.zeros(0, bool)
        self.places: dict[str, int] = {}
        self.changes: Change | None = None
        self._splice([one for one in annotations if isinstance(one.geometry, Segment | Track)], 0, 0)

    def changed(self, annotations: Iterable[Annotation], labels: dict[str, Label]) -> "Timed":
        """The same with other annotations; those that are the very same objects are taken over."""
        if labels != self.labels:
            return Timed(annotations, labels)
        given = list(annotations)
        first = _same(self._given, given)
        last = _same(self._given[first:][::-1], given[first:][::-1])
        end = len(given) - last
        fresh = [one for one in given[first:end] if isinstance(one.geometry, Segment | Track)]
        after = [*given[:first], *fresh, *given[end:]]
        taken = Timed((), labels)
        taken.names, taken.places = self.names, self.places
        taken._given, taken.annotations, taken.spans = self._given, self.annotations, self.spans
        taken.subs, taken.keys, taken.tracks = self.subs, self.keys, self.tracks
        taken.colours, taken._reviews = self.colours, self._reviews
        taken._splice(after, first, last)
        return taken

    def firsts(self) -> dict[str, int]:
        """The names in use, each with the place of its first annotation."""
        first = np.full(len(self.names), -1, np.int64)
        first[self.keys[::-1]] = np.arange(len(self.keys))[::-1]  # what is written last stays
        return {name: place for name, place in zip(self.names, first.tolist(), strict=True) if place >= 0}

    def states(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        """Which are predicted, adjusted, rejected."""
        predicted, adjusted, rejected = (
            self._reviews == _REVIEWS[one] for one in (Review.PREDICTED, Review.ADJUSTED, Review.REJECTED)
        )
        return predicted, adjusted, rejected

    def _splice(self, after: list[Annotation], first: int, last: int) -> None:
        """Keep `first` rows at the beginning and `last` at the end, look at what is between."""
        fresh = after[first : len(after) - last]
        old = slice(first, len(self._given) - last)
        keys = [self.names.setdefault(_key(one, self.labels), len(self.names)) for one in fresh]
        self.changes = Change(slice(first, first + len(fresh)), self.keys[old], self.spans[old])
        self._place(after, first, 0 if len(fresh) == old.stop - old.start else last, self._given[old])
        held = np.empty(len(fresh), object)
        held[:] = fresh
        self.annotations = _put(self.annotations, old, held)
        self.spans = _put(self.spans, old, np.array([_span(one) for one in fresh], np.int64).reshape(-1, 2))
        self.subs = _put(self.subs, old, np.zeros(len(fresh), np.int64))
        self.keys = _put(self.keys, old, np.array(keys, np.int64))
        self.colours = _put(self.colours, old, np.array([index_of(one, self.labels) for one in fresh], np.int64))
        self._reviews = _put(self._reviews, old, np.array([_REVIEWS[one.review] for one in fresh], np.int64))
        self.tracks = _put(self.tracks, old, np.array([isinstance(one.geometry, Track) for one in fresh], bool))
        self._given = after

    def _place(self, after: list[Annotation], first: int, moved: int, gone: list[Annotation]) -> None:
        """Note the places from `first` on; with `moved` all to the end have another one."""
        for one in gone:
            self.places.pop(one.id, None)
        stop = len(after) if moved else first + self.changes.new.stop - first if self.changes else len(after)
        self.places.update((after[place].id, place) for place in range(first, stop))


def _same(before: list[Annotation], after: list[Annotation]) -> int:
    """How many at the beginning are the same objects."""
    same = list(map(operator.is_, before, after))
    return same.index(False) if False in same else len(same)


def _put(array: NDArray, old: slice, fresh: NDArray) -> NDArray:  # type: ignore[type-arg]
    return np.concatenate([array[: old.start], fresh, array[old.stop :]])


def _key(one: Annotation, labels: Mapping[str, Label]) -> str:
    return one.label if one.label and one.label in labels else f"~{one.phrase.casefold()}"


def _span(annotation: Annotation) -> tuple[int, int]:
    geometry = annotation.geometry
    if isinstance(geometry, Track):
        return geometry.keys[0].pts, geometry.keys[-1].pts
    assert isinstance(geometry, Segment)
    return geometry.start, geometry.end


_REVIEWS = {review: number for number, review in enumerate(Review)}
