"""Thousands of rectangles for QPainter straight from a numpy array, without making a Python object for each."""

from typing import cast

import numpy as np
import shiboken6
from numpy.typing import NDArray
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QBrush, QColor, QPainter

Rects = NDArray[np.int32]


class RectPool:
    """QRects that live in one numpy buffer and are used again for every repaint.

    A QRect is four int32: left, top, right, bottom, the last two inclusive. Filled rectangles cost a fifth of
    stroked ones in Qt's raster engine, so frames are drawn as four bars each.
    """

    def __init__(self) -> None:
        self._buffer = np.zeros((0, 4), np.int32)
        self._rects: list[QRect] = []

    def fill(self, painter: QPainter, rects: Rects, brush: QBrush | QColor) -> None:
        """Fill `rects`, (N, 4) of left, top, right, bottom (exclusive) in device-independent pixels."""
        count = len(rects)
        if count == 0:
            return
        if count > len(self._rects):
            self._grow(2 * count)
        self._buffer[:count, :2] = rects[:, :2]
        self._buffer[:count, 2:] = rects[:, 2:] - 1
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(brush)
        painter.drawRects(self._rects[:count])

    def _grow(self, capacity: int) -> None:
        self._rects = []  # before the memory they stand on goes
        self._buffer = np.zeros((capacity, 4), np.int32)
        start, step = self._buffer.ctypes.data, self._buffer.strides[0]
        self._rects = [cast(QRect, shiboken6.wrapInstance(start + step * row, QRect)) for row in range(capacity)]


# For each bar (upper, lower, left, right): which edge each of its sides stands on, and how far in or out from it.
_EDGES = np.array([[0, 1, 2, 1], [0, 3, 2, 3], [0, 1, 0, 3], [2, 1, 2, 3]])
_OUT = np.array([[-1, -1, 1, 0], [-1, 0, 1, 1], [-1, 0, 0, 0], [0, 0, 1, 0]], np.int32)
_IN = np.array([[0, 0, 0, 1], [0, -1, 0, 0], [0, 1, 1, -1], [-1, 1, 0, -1]], np.int32)
_OUTWARDS = np.array([-1, -1, 1, 1], np.int32)


def frames(edges: NDArray[np.int32], outset: int, inset: int) -> Rects:
    """Four bars around each of (N, 4) boxes, from `outset` pixels outside the edge to `inset` inside it."""
    bars = edges[:, _EDGES] + (_OUT * np.int32(outset) + _IN * np.int32(inset))
    if inset > 0 or outset < 0:  # in a box thinner than its frame the bars end at the other side
        outer = edges + _OUTWARDS * np.int32(outset)
        bars = np.minimum(np.maximum(bars, outer[:, None, [0, 1, 0, 1]]), outer[:, None, [2, 3, 2, 3]])
    flat = bars.reshape(-1, 4)
    kept = (flat[:, 2:] > flat[:, :2]).all(axis=1)
    return flat if kept.all() else flat[kept]


def dashed(bars: Rects, dash: int, gap: int, within: tuple[int, int, int, int]) -> Rects:
    """Bars cut into dashes from their left or upper end on, as far as they lie `within` left, top, right, bottom.

    Explicit dashes are several times cheaper than a striped brush, which Qt paints row by row on upright bars.
    """
    lying = (bars[:, 2] - bars[:, 0]) >= (bars[:, 3] - bars[:, 1])
    start = np.where(lying, bars[:, 0], bars[:, 1]).astype(np.int64)
    end = np.where(lying, bars[:, 2], bars[:, 3]).astype(np.int64)
    low = np.maximum(start, np.where(lying, within[0], within[1]))
    high = np.minimum(end, np.where(lying, within[2], within[3]))
    period = dash + gap
    first = (low - start) // period
    count = np.maximum(-((start - high) // period) - first, 0) * (high > low)
    bar = np.repeat(np.arange(len(bars)), count)
    number = np.arange(len(bar)) - np.repeat(np.cumsum(count) - count, count) + first[bar]
    begin = start[bar] + number * period
    stop = np.minimum(begin + dash, end[bar])
    cut = bars[bar]
    cut[:, 0], cut[:, 2] = np.where(lying[bar], begin, cut[:, 0]), np.where(lying[bar], stop, cut[:, 2])
    cut[:, 1], cut[:, 3] = np.where(lying[bar], cut[:, 1], begin), np.where(lying[bar], cut[:, 3], stop)
    return cut
