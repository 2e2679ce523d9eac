"""Loudest and quietest value of every stretch of a sound, at ever coarser steps, so that any zoom draws in a moment."""

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BASE = 256
FACTOR = 4

Peaks = NDArray[np.int16]
_NONE = np.array([[np.iinfo(np.int16).max, np.iinfo(np.int16).min]], np.int16)


class PeakPyramid:
    """Grows at its end. Level k has one (low, high) pair for each `BASE * FACTOR**k` samples."""

    def __init__(self, samples: int) -> None:
        """`samples` is the expected length; more may come."""
        self._levels: list[Peaks] = []
        self._counts: list[int] = []
        size = max(samples // BASE + 2, FACTOR)
        while True:
            self._levels.append(np.empty((size, 2), np.int16))
            self._counts.append(0)
            if size <= FACTOR:
                break
            size = size // FACTOR + 2

    @property
    def base(self) -> Peaks:
        """(n, 2) of what is known."""
        return self._levels[0][: self._counts[0]]

    @property
    def known(self) -> int:
        """Samples that are covered."""
        return self._counts[0] * BASE

    def extend(self, pairs: Peaks) -> None:
        """Add (n, 2) base pairs."""
        level = 0
        while len(pairs) and level < len(self._levels):
            count = self._counts[level]
            self._room(level, count + len(pairs))
            self._levels[level][count : count + len(pairs)] = pairs
            self._counts[level] = count + len(pairs)
            level += 1
            if level < len(self._levels):
                pairs = self._whole_groups(level)

    def column_peaks(self, first: float, last: float, columns: int) -> Peaks:
        """(columns, 2) for samples [first, last); pairs with low > high where nothing is known."""
        per_column = max((last - first) / columns, 1e-9)
        level = 0
        while level + 1 < len(self._levels) and BASE * FACTOR ** (level + 1) <= per_column:
            level += 1
        step = BASE * FACTOR**level
        edges = (first + np.arange(columns + 1) * per_column) / step
        low = np.floor(edges[:-1] + 1e-9).astype(np.int64)
        high = np.maximum(np.ceil(edges[1:] - 1e-9).astype(np.int64), low + 1)
        begin, pairs = self._stretch(level, int(low[0]), int(high[-1]))
        total = len(pairs) - 1
        low, high = np.clip(low - begin, 0, total), np.clip(high - begin, 0, total)
        empty = high <= low
        cuts = np.stack([np.where(empty, total, low), np.where(empty, total, high)], 1).reshape(-1)
        found = np.empty((columns, 2), np.int16)
        found[:, 0] = np.minimum.reduceat(pairs[:, 0], cuts)[::2]
        found[:, 1] = np.maximum.reduceat(pairs[:, 1], cuts)[::2]
        found[empty] = _NONE[0]
        return found

    def _stretch(self, level: int, low: int, high: int) -> tuple[int, Peaks]:
        """(number of the first, pairs) of a level within [low, high), closed by an empty pair."""
        count = self._counts[level]
        begin = min(max(low, 0), count)
        rest = self._rest(level) if high > count else self._levels[level][:0]
        return begin, np.concatenate([self._levels[level][begin : min(max(high, 0), count)], rest, _NONE])

    def _rest(self, level: int) -> Peaks:
        """The newest pairs that do not fill a group of this level yet, as one pair."""
        if level == 0:
            return np.empty((0, 2), np.int16)
        left = self._levels[0][self._counts[level] * FACTOR**level : self._counts[0]]
        return np.array([[left[:, 0].min(), left[:, 1].max()]], np.int16) if len(left) else left

    def _whole_groups(self, level: int) -> Peaks:
        done = self._counts[level] * FACTOR
        ready = (self._counts[level - 1] - done) // FACTOR * FACTOR
        groups = self._levels[level - 1][done : done + ready].reshape(-1, FACTOR, 2)
        return np.stack([groups[..., 0].min(1), groups[..., 1].max(1)], 1) if ready else groups.reshape(0, 2)

    def _room(self, level: int, count: int) -> None:
        held = self._levels[level]
        if count > len(held):
            self._levels[level] = np.concatenate([held, np.empty((max(count, len(held)), 2), np.int16)])


def base_pairs(planes: Sequence[NDArray[np.generic]], channels: int) -> Peaks:
    """(n, 2) int16 pairs of whole stretches; one (N,) plane a channel, or a single one of interleaved channels."""
    width = BASE if len(planes) == channels else BASE * channels
    begins = np.arange(0, len(planes[0]), width)
    # The channels first, then stretches of the flat rest: a third of the time of reducing rows of each. Of numbers
    # that are none the other one counts.
    low, high = functools.reduce(np.fmin, planes), functools.reduce(np.fmax, planes)
    return _sixteen_bits(np.stack([np.fmin.reduceat(low, begins), np.fmax.reduceat(high, begins)], 1))


def _sixteen_bits(values: NDArray[np.generic]) -> NDArray[np.int16]:
    if values.dtype == np.int16:
        return values.astype(np.int16, copy=False)
    if values.dtype == np.uint8:
        return (values.astype(np.int16) - 128) << 8
    if values.dtype in (np.int32, np.int64):
        return (values.astype(np.int64) >> (values.dtype.itemsize * 8 - 16)).astype(np.int16)
    scaled = values.astype(np.float64) * 32767.0
    scaled[np.isnan(scaled)] = 0
    return np.clip(np.rint(scaled), -32768, 32767).astype(np.int16)
