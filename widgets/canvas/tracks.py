"""Boxes of thousands of tracks at one instant, by numpy: the same rule as `engine.domain.geometry.Track.box_at`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.domain.geometry import Key, Track


class TrackTable:
    """The keyframes of many tracks in flat arrays."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        keys = [key for track in tracks for key in track.keys]
        self._pts = np.array([key.pts for key in keys], np.int64)
        self._edges = np.array([key.box.edges for key in keys], np.float64).reshape(-1, 4)
        self._outside = np.array([key.outside for key in keys], bool)
        counts = np.array([len(track.keys) for track in tracks], np.int64)
        self._stop = np.cumsum(counts)
        self._start = self._stop - counts
        self._owner = np.repeat(np.arange(len(counts)), counts)

    def at(self, pts: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Edges (T, 4) of every track at `pts`, and which tracks are there at all."""
        if len(self._stop) == 0:
            return np.zeros((0, 4)), np.zeros(0, bool)
        passed = np.bincount(self._owner[self._pts <= pts], minlength=len(self._stop))
        left = self._start + np.maximum(passed - 1, 0)
        right = np.minimum(left + 1, self._stop - 1)
        there = (passed > 0) & ~self._outside[left]
        span = self._pts[right] - self._pts[left]
        moving = (span > 0) & ~self._outside[right]
        share = np.where(moving, (pts - self._pts[left]) / np.where(span > 0, span, 1), 0.0)[:, None]
        return self._edges[left] + (self._edges[right] - self._edges[left]) * share, there


def neighbours(track: Track, pts: int) -> tuple[Key | None, Key | None]:
    """The keyframes before and after `pts`, for the ghosts."""
    before = [key for key in track.keys if key.pts < pts]
    after = [key for key in track.keys if key.pts > pts]
    return (before[-1] if before else None), (after[0] if after else None)
