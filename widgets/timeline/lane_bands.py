"""Draws the lanes: segments by label and state, tracks with their keyframes, crowds as coverage."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPalette

from engine.domain.geometry import Segment, Track
from widgets.palette import colour, second_style
from widgets.rect_pool import RectPool, frames
from widgets.timeline import style
from widgets.timeline.axis import Axis
from widgets.timeline.bands import Band
from widgets.timeline.lanes import NARROW, Lanes, covered

Pixels = NDArray[np.int32]
_INSET = 3
# Segments carry their name where there is so much room.
_NAMED_FROM = 34


class LaneSight(Struct, frozen=True):
    """What stands out in the lanes, and where they lie."""

    lanes: Lanes
    axis: Axis
    palette: QPalette
    selected: int = -1
    hovered: int = -1
    grip: int = 0
    pending: frozenset[int] = frozenset()


class LaneBands:
    """Paints lanes; it holds caches only."""

    def __init__(self) -> None:
        self._pool = RectPool()

    def draw(self, painter: QPainter, sight: LaneSight, band: Band, columns: tuple[int, int]) -> None:
        """One lane between two columns of pixels."""
        lanes, axis = sight.lanes, sight.axis
        ground = sight.palette.color(QPalette.ColorRole.Base)
        left, right = (axis.to_pts(x - style.GUTTER) for x in columns)
        rows = lanes.visible(band.lane, left - 4 * axis.scale, right + 4 * axis.scale)
        if len(rows) == 0:
            return
        special = [row for row in (sight.hovered, sight.selected) if rows[0] <= row <= rows[-1] and row in rows]
        plain = rows[~np.isin(rows, special)] if special else rows
        begins, ends = _pixels(lanes, axis, plain)
        painter.setBrushOrigin(round(-axis.left / axis.scale), band.top)
        keyed = lanes.tracks[plain]
        if not keyed.any():
            self._crowd(painter, sight, band, (plain, begins, ends), columns, tracks=False, ground=ground.rgb())
        else:
            for kind, tracks in ((~keyed, False), (keyed, True)):
                some = plain[kind], begins[kind], ends[kind]
                self._crowd(painter, sight, band, some, columns, tracks=tracks, ground=ground.rgb())
        if (ends - begins >= _NAMED_FROM).any():
            rooms = np.minimum(ends, np.append(begins[1:], _FAR))
            for at in np.flatnonzero(rooms - np.maximum(begins, style.GUTTER) >= _NAMED_FROM).tolist():
                self._name(painter, sight, band, int(plain[at]), int(rooms[at]))
        for row in dict.fromkeys(special):
            self._lone(painter, sight, band, row, ground)

    def rubber(self, painter: QPainter, axis: Axis, top: int, bottom: int, segment: Segment) -> None:
        """The segment that is being drawn, or a marked moment."""
        x0, x1 = round(axis.to_x(segment.start)) + style.GUTTER, round(axis.to_x(segment.end)) + style.GUTTER
        box = np.array([[x0, top, max(x1, x0 + 1), bottom]], np.int32)
        veil = QColor(style.MARKS)
        veil.setAlpha(56)
        self._pool.fill(painter, box, veil)
        self._pool.fill(painter, frames(box, 0, 1), style.MARKS)

    def _crowd(
        self,
        painter: QPainter,
        sight: LaneSight,
        band: Band,
        some: tuple[NDArray[np.intp], Pixels, Pixels],
        columns: tuple[int, int],
        *,
        tracks: bool,
        ground: int,
    ) -> None:
        """Ordinary ones, rows with the pixels of their ends, between two columns."""
        rows, x0, x1 = some
        if len(rows) == 0:
            return
        lanes = sight.lanes
        inset = band.height // 2 - 3 if tracks else _INSET
        top, bottom = band.top + inset, band.bottom - inset
        merged = (x1 - x0 < NARROW) | (len(rows) > style.CROWD)
        colours = lanes.colours[rows]
        for index in np.flatnonzero(np.bincount(colours[merged])).tolist():
            mine = merged & (colours == index)
            shade = style.body(index, ground, dashed=False).color().rgba()
            dots = covered(x0[mine], x1[mine], *columns) * np.uint32(shade)
            # One row of pixels drawn as high as the lane: cheaper than hundreds of bars.
            line = QImage(dots.data, len(dots), 1, dots.nbytes, QImage.Format.Format_ARGB32_Premultiplied)
            painter.drawImage(QRect(columns[0], top, len(dots), bottom - top), line)
        if not merged.all():
            self._apart(painter, lanes, (rows[~merged], x0[~merged], x1[~merged]), (top, bottom), ground)
        if tracks:
            for row in rows.tolist():
                self._keys(painter, sight, band, row)

    def _apart(
        self,
        painter: QPainter,
        lanes: Lanes,
        some: tuple[NDArray[np.intp], Pixels, Pixels],
        across: tuple[int, int],
        ground: int,
    ) -> None:
        """Those wide enough to be told apart, between the pixel rows `across`."""
        rows, x0, x1 = some
        top, bottom = across
        colours, dashed = lanes.colours[rows], lanes.dashed[rows]
        lines = colours * 2 + dashed
        for key in np.flatnonzero(np.bincount(lines)).tolist():
            index, striped = divmod(key, 2)
            bars = _bars(x0[lines == key], x1[lines == key], top, bottom)
            self._segments(painter, bars, index, style.body(index, ground, dashed=bool(striped)))
        notched = lanes.notched[rows] & (x1 - x0 > 12)
        for index in np.unique(colours[notched]).tolist() if notched.any() else ():
            self._notches(painter, x1[notched & (colours == index)], top, index)

    def _segments(self, painter: QPainter, bars: Pixels, index: int, brush: QBrush) -> None:
        """Bodies with both boundaries drawn strong; the second style has a line along the bottom."""
        self._pool.fill(painter, bars, brush)
        for side in (bars[:, [0, 1, 0, 3]], bars[:, [2, 1, 2, 3]]):
            self._pool.fill(painter, side + np.array([0, 0, 2, 0], np.int32), colour(index))
        if second_style(index):
            line = bars.copy()
            line[:, 1] = line[:, 3] - 3
            self._pool.fill(painter, line, colour(index))

    def _notches(self, painter: QPainter, x1: Pixels, top: int, index: int) -> None:
        blocks = np.stack([x1 - 6, np.full_like(x1, top), x1, np.full_like(x1, top + 6)], 1)
        self._pool.fill(painter, blocks, colour(index))

    def _lone(self, painter: QPainter, sight: LaneSight, band: Band, row: int, ground: QColor) -> None:
        """The selected or hovered one, with a frame and, when selected, grips."""
        lanes, index = sight.lanes, int(sight.lanes.colours[row])
        x0, x1 = _pixels(lanes, sight.axis, np.array([row]))
        box = _bars(x0, np.maximum(x1, x0 + 2), band.top + _INSET - 1, band.bottom - _INSET + 1)
        hollow = row in sight.pending
        brush = QBrush(ground) if hollow else style.body(index, ground.rgb(), dashed=bool(lanes.dashed[row]))
        self._pool.fill(painter, box, brush)
        self._pool.fill(painter, frames(box, 0, 2), colour(index))
        if row == sight.selected:
            self._pool.fill(painter, frames(box, 2, 0), sight.palette.color(QPalette.ColorRole.Text))
        if sight.grip in {1, 2} and row == sight.hovered:
            x = int(box[0, 0] if sight.grip == 1 else box[0, 2])
            bar = np.array([[x - 2, band.top, x + 2, band.bottom]], np.int32)
            self._pool.fill(painter, bar, sight.palette.color(QPalette.ColorRole.Text))
        if lanes.tracks[row]:
            self._keys(painter, sight, band, row)
        self._name(painter, sight, band, row, _FAR)

    def _keys(self, painter: QPainter, sight: LaneSight, band: Band, row: int) -> None:
        geometry = sight.lanes.annotations[row].geometry
        if not isinstance(geometry, Track):
            return
        pts = np.array([key.pts for key in geometry.keys])
        x = np.unique(np.rint((pts - sight.axis.left) / sight.axis.scale).astype(np.int64))
        mark = style.diamond(int(sight.lanes.colours[row]), painter.device().devicePixelRatioF())
        middle = band.top + band.height // 2
        for at in x[(x > -12) & (x < _FAR)].tolist():
            painter.drawPixmap(QPoint(at + style.GUTTER - 5, middle - 5), mark)

    def _name(self, painter: QPainter, sight: LaneSight, band: Band, row: int, room: int) -> None:
        """Phrase and score, where there is space before pixel `room`."""
        lanes = sight.lanes
        x0, x1 = (int(x[0]) for x in _pixels(lanes, sight.axis, np.array([row])))
        seen, x1 = max(x0, style.GUTTER), min(x1, room)
        if x1 - seen < _NAMED_FROM or lanes.tracks[row]:
            return
        score = lanes.annotations[row].score
        text = lanes.title(row)
        if score is not None and lanes.dashed[row]:
            text = f"{text}  {score:.2f}"
        painter.setPen(sight.palette.color(QPalette.ColorRole.Text))
        where = QRect(seen + 6, band.top, x1 - seen - 10, band.height)
        elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, where.width())
        painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, elided)


# Wider than any screen; coordinates are kept within it.
_FAR = 16384


def _pixels(lanes: Lanes, axis: Axis, rows: NDArray[np.intp]) -> tuple[Pixels, Pixels]:
    x = lanes.spans.take(rows, axis=0) - axis.left
    x /= axis.scale
    np.rint(x, out=x)
    x += style.GUTTER
    np.minimum(np.maximum(x, -64, out=x), _FAR, out=x)
    held = x.T.astype(np.int32, order="C")
    return held[0], held[1]


def _bars(x0: Pixels, x1: Pixels, top: int, bottom: int) -> Pixels:
    bars = np.empty((len(x0), 4), np.int32)
    bars[:, 0], bars[:, 1], bars[:, 2], bars[:, 3] = x0, top, x1, bottom
    return bars
