"""Segments and tracks as arrays, lanes for each label; culling and coalescing for hundreds of thousands. Pure."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain.annotation import Annotation, Label
from engine.domain.geometry import Segment, Track
from widgets.palette import title_of
from widgets.timeline.stacking import Stir, stacked
from widgets.timeline.timed import Timed

# Phrases without a label share the last lane beyond so many lanes.
_LANES = 24
# What is narrower is merged into what covers its pixels.
NARROW = 3

Ints = NDArray[np.int64]
Pixels = NDArray[np.int32]


class Lane(Struct, frozen=True):
    """One row of the timeline. `label` is the label's id, "" for a lane of a phrase.

    Where segments overlap a label has `depth` lanes, one below the other, of which this is number `sub`.
    """

    key: str
    name: str
    label: str
    sub: int = 0
    depth: int = 1


class Lanes:
    """Rows of segments (and spans of tracks), ordered by lane and start."""

    def __init__(self, annotations: Iterable[Annotation] = (), labels: Mapping[str, Label] | None = None) -> None:
        self._arrange(Timed(annotations, dict(labels or {})), [])
        self.show_rejected = False

    def changed(self, annotations: Iterable[Annotation], labels: Mapping[str, Label]) -> "Lanes":
        """The lanes of other annotations; what is the same is taken over and these lanes are used up."""
        after = Lanes()
        after._arrange(self._timed.changed(annotations, dict(labels)), self._groups)
        after.show_rejected = self.show_rejected
        return after

    def _arrange(self, timed: Timed, known: list[Lane]) -> None:
        """`known` are the groups that the depths in `timed` were found for."""
        self._timed = timed
        groups, group_of_key = _groups(timed)
        group_of = group_of_key[timed.keys]
        stir = None
        if known == groups and timed.changes is not None:
            gone = timed.changes
            stir = Stir(gone.new, group_of_key[gone.gone_keys], gone.gone_spans)
        by_start, subs = stacked(group_of, timed.spans, timed.subs, stir)
        timed.subs = np.empty_like(subs)
        timed.subs[by_start] = subs
        depths = np.ones(len(groups), np.int64)
        np.maximum.at(depths, group_of[by_start], subs + 1)
        self._groups, self._tops = groups, np.concatenate([[0], np.cumsum(depths)])
        self.lanes = [
            Lane(one.key, one.name, one.label, sub, depth)
            for one, depth in zip(groups, depths.tolist(), strict=True)
            for sub in range(depth)
        ]
        lane_of = self._tops[group_of[by_start]] + subs
        order = by_start[np.argsort(lane_of.astype(np.int16), kind="stable")]
        self._fill(order, self._tops[group_of[order]] + timed.subs[order])

    def _fill(self, order: NDArray[np.intp], lane_of: Ints) -> None:
        timed = self._timed
        self.annotations = timed.annotations[order]
        self._row_of = np.empty(len(order), np.int64)
        self._row_of[order] = np.arange(len(order))
        self.lane_of = lane_of
        self.spans = timed.spans[order]
        self._stored = self.spans.copy()
        self.first = np.searchsorted(lane_of, np.arange(len(self.lanes) + 1))
        self.colours, self.tracks = timed.colours[order], timed.tracks[order]
        self.dashed, self.notched, self.rejected = (kind[order] for kind in timed.states())
        lengths = self.spans[:, 1] - self.spans[:, 0]
        self._longest = [int(lengths[a:b].max()) if b > a else 0 for a, b in pairwise(self.first.tolist())]

    def row_of(self, annotation: str) -> int:
        place = self._timed.places.get(annotation)
        return -1 if place is None else int(self._row_of[place])

    def segment(self, row: int) -> Segment:
        start, end = self.spans[row].tolist()
        return Segment(start, end)

    def title(self, row: int) -> str:
        return title_of(self.annotations[row], self._timed.labels)

    def live(self, row: int) -> bool:
        """Whether a row is a segment that is shown."""
        return not self.tracks[row] and (self.show_rejected or not self.rejected[row])

    def holds(self, row: int, pts: int) -> bool:
        """Whether an instant lies inside, with something on both sides; a track goes on after its last key."""
        geometry = self.annotations[row].geometry
        if isinstance(geometry, Track):
            return bool(self.spans[row, 0] < pts) and geometry.box_at(pts) is not None
        return bool(self.spans[row, 0] < pts < self.spans[row, 1])

    def restore(self) -> None:
        """Every span as the project holds it."""
        self.spans[:] = self._stored

    def visible(self, lane: int, left: float, right: float) -> NDArray[np.intp]:
        """Rows of a lane that touch [left, right] (PTS)."""
        a, b = int(self.first[lane]), int(self.first[lane + 1])
        starts = self._stored[a:b, 0]
        low = a + int(np.searchsorted(starts, left - self._longest[lane]))
        high = a + int(np.searchsorted(starts, right, side="right"))
        shown = self.spans[low:high, 1] >= left
        if not self.show_rejected:
            shown &= ~self.rejected[low:high]
        return np.flatnonzero(shown) + low

    def boundaries(self, without: int = -1) -> Ints:
        """All starts and ends, sorted, for snapping."""
        spans = self.spans if without < 0 else np.delete(self.spans, without, axis=0)
        return np.unique(spans)

    def after(self, row: int) -> int:
        """The next segment of the same label and kind, -1 if there is none."""
        a, b = self._siblings(row)
        start = self.spans[a:b, 0]
        # Of those that start together the one further down is the next.
        later = (start > self.spans[row, 0]) | ((start == self.spans[row, 0]) & (np.arange(a, b) > row))
        fits = np.flatnonzero(later & (self.tracks[a:b] == self.tracks[row]) & ~self.rejected[a:b])
        return a + int(fits[np.argmin(start[fits])]) if len(fits) else -1

    def touching(self, row: int, boundary: int) -> list[int]:
        """Other segments of the label that begin or end exactly at `boundary`."""
        a, b = self._siblings(row)
        meets = (self.spans[a:b] == boundary).any(axis=1) & ~self.tracks[a:b] & ~self.rejected[a:b]
        return [a + at for at in np.flatnonzero(meets).tolist() if a + at != row]

    def under(self, lane: int, pts: float, reach: float) -> NDArray[np.intp]:
        """Rows of a lane within `reach` of an instant."""
        return self.visible(lane, pts - reach, pts + reach)

    def _siblings(self, row: int) -> tuple[int, int]:
        """The rows of all lanes of a row's label."""
        lane = int(self.lane_of[row])
        top = lane - self.lanes[lane].sub
        return int(self.first[top]), int(self.first[top + self.lanes[lane].depth])


def covered(x0: Pixels, x1: Pixels, left: int, right: int) -> NDArray[np.bool_]:
    """Which pixels of left..right are covered by any of many; what is thinner than a pixel covers one."""
    width = right - left
    low = np.minimum(np.maximum(x0 - left, 0), width)
    high = np.minimum(np.maximum(np.maximum(x1, x0 + 1) - left, 0), width)
    steps = np.bincount(low, minlength=width + 1) - np.bincount(high, minlength=width + 1)
    return np.greater(np.cumsum(steps[:width]), 0)


def _groups(timed: Timed) -> tuple[list[Lane], Ints]:
    """A lane for each label in use, in their own order, then for each phrase; and the lane's number for every key."""
    firsts = timed.firsts()
    labels = timed.labels
    lanes = [Lane(one.id, one.name, one.id) for one in labels.values() if one.id in firsts]
    for key in sorted(key for key in firsts if key.startswith("~")):
        if len(lanes) >= _LANES - 1:
            lanes.append(Lane("", "…", ""))
            break
        lanes.append(Lane(key, title_of(timed.annotations[firsts[key]], labels) or "…", ""))
    numbers = {lane.key: number for number, lane in enumerate(lanes)}
    other = len(lanes) - 1
    return lanes, np.array([numbers.get(key, other) for key in timed.names], np.int64)
