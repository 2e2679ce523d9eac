"""Draws boxes over the picture: states by line, labels by colour, at thousands of boxes per frame."""

from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QPainter, QPixmap, QRegion

from engine.domain.geometry import Box, Track
from widgets.canvas import style
from widgets.canvas.scene import Scene
from widgets.canvas.shaping import BODY, BOTTOM, LEFT, RIGHT, TOP
from widgets.canvas.tags import HEIGHT, Tags, place
from widgets.canvas.tracks import neighbours
from widgets.canvas.viewport import Viewport
from widgets.palette import second_style
from widgets.rect_pool import RectPool, frames
from widgets.rect_pool import dashed as dashes

# What a frame, its handles and its tag cover around the box.
MARGIN = style.HANDLE
TAG_MARGIN = HEIGHT + 4
TAG_REACH = 260
# So far outside the view coordinates are kept; Qt's integers and its clipper stay at ease.
_FAR = 8192
# Half the line of the selected and the hovered box.
_WIDE = 2

Ints = NDArray[np.int32]
# Of a box x0 y0 x1 y1.
Edges = tuple[float, ...]


class Sight(Struct, frozen=True):
    """What is to be seen: the scene, where it lies, the rows and the grip that stand out."""

    scene: Scene
    viewport: Viewport
    view: QSize
    selected: int = -1
    hovered: int = -1
    grip: int = 0
    pts: int = 0
    pending: frozenset[int] = frozenset()
    doubt: Mapping[str, Edges] = {}


class Overlay:
    """Paints a scene; it holds caches only."""

    def __init__(self) -> None:
        self._pool = RectPool()
        self._tags = Tags()
        self._within = (0, 0, 0, 0)
        self._dash = style.DASHES

    def draw(self, painter: QPainter, sight: Sight, dirty: QRect, without: int = -1) -> None:
        """Everything that lies in `dirty`: crowd first, then tags, the hovered and the selected box on top.

        Row `without`, which moves, is left out.
        """
        scene, live = sight.scene, sight.scene.live
        crowded = int(np.count_nonzero(live)) > style.CROWD
        # A name tag reaches further than its box; in a crowd only the special boxes have one.
        shown = live & _touching(scene.edges, dirty, sight.viewport, 0 if crowded else TAG_REACH)
        special = [row for row in (sight.hovered, sight.selected) if row >= 0 and live[row]]
        shown[[*special, without] if without >= 0 else special] = False
        rows = np.flatnonzero(shown)
        boxes = in_widget(scene.edges[rows], sight.viewport)
        self._within = _around(dirty)
        self._dash = style.CROWD_DASHES if np.count_nonzero(scene.dashed[rows]) > style.MANY_DASHED else style.DASHES
        self._crowd(painter, scene, boxes, rows)
        for row, box in zip(rows.tolist(), boxes, strict=True) if not crowded else ():
            self._tag(painter, sight, box, row)
        for row in dict.fromkeys(special):
            if row != without:
                self.alone(painter, sight, row, dirty)

    def alone(self, painter: QPainter, sight: Sight, row: int, dirty: QRect) -> None:
        """The hovered or the selected box with all that belongs to it, as far as it lies in `dirty`."""
        self._within = _around(dirty)
        box = in_widget(sight.scene.edges[row : row + 1], sight.viewport)
        self._doubt(painter, sight, row)
        self._lone(painter, sight, box, row)
        self._tag(painter, sight, box[0], row)

    def covered(self, box: Box, viewport: Viewport, view: QSize, tag: QSize) -> QRegion:
        """What a box with its frame, handles and tag may cover in the widget."""
        x0, y0, x1, y1 = in_widget(np.array([box.edges]), viewport)[0].tolist()
        around = QRect(x0, y0, max(x1 - x0, 1), max(y1 - y0, 1)).adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)
        return QRegion(around) + QRect(place(x0, y0, x1, view.width(), tag.width()), tag)

    def tag_size(self, scene: Scene, row: int) -> QSize:
        """The size of a row's name tag, nothing for a row that has none."""
        tag = self._pixmap(scene, row, 1.0) if row >= 0 else None
        return tag.size() if tag is not None else QSize(0, 0)

    def rubber(self, painter: QPainter, box: Box, viewport: Viewport) -> None:
        """The box that is being drawn."""
        edges = in_widget(np.array([box.edges]), viewport)
        self._pool.fill(painter, frames(edges, 2, 2), style.DARK_CASING)
        self._pool.fill(painter, frames(edges, 1, 1), style.PREVIEW)

    def crosshair(self, painter: QPainter, at: QPoint, view: QSize) -> None:
        x, y = at.x(), at.y()
        dark = np.array([[x - 1, 0, x + 2, view.height()], [0, y - 1, view.width(), y + 2]], np.int32)
        light = np.array([[x, 0, x + 1, view.height()], [0, y, view.width(), y + 1]], np.int32)
        self._pool.fill(painter, dark, style.VEIL)
        self._pool.fill(painter, light, style.CROSSHAIR)

    def region(self, painter: QPainter, box: Box, viewport: Viewport, view: QSize) -> None:
        """The region the next question is about: everything else is veiled."""
        x0, y0, x1, y1 = in_widget(np.array([box.edges]), viewport)[0].tolist()
        wide, high = view.width(), view.height()
        y0, y1 = min(max(y0, 0), high), min(max(y1, 0), high)
        veil = [[0, 0, wide, y0], [0, y1, wide, high], [0, y0, min(max(x0, 0), wide), y1], [max(x1, 0), y0, wide, y1]]
        bars = np.array(veil, np.int32)
        self._pool.fill(painter, bars[(bars[:, 2] > bars[:, 0]) & (bars[:, 3] > bars[:, 1])], style.VEIL)
        self._pool.fill(painter, frames(np.array([[x0, y0, x1, y1]], np.int32), 1, 0), style.PREVIEW)

    def _crowd(self, painter: QPainter, scene: Scene, boxes: Ints, rows: NDArray[np.intp]) -> None:
        """All ordinary boxes: casing in two passes, then one pass for each colour and line."""
        colours, dashed = scene.colours[rows], scene.dashed[rows]
        self._casing(painter, boxes[~dashed], dashed=False, wide=1, light=len(rows) <= style.MANY)
        self._casing(painter, boxes[dashed], dashed=True, wide=1)
        lines = colours * 2 + dashed
        for key in np.unique(lines).tolist():
            index, is_dashed = divmod(key, 2)
            self._line(painter, boxes[lines == key], index, dashed=bool(is_dashed))
        notched = scene.notched[rows]
        for index in np.unique(colours[notched]).tolist() if notched.any() else ():
            self._notches(painter, boxes[notched & (colours == index)], index)

    def _casing(self, painter: QPainter, boxes: Ints, *, dashed: bool, wide: int, light: bool = True) -> None:
        """Dark outside and light inside a solid line; dark all through below a dashed one, to fill its gaps."""
        if len(boxes) == 0:
            return
        self._pool.fill(painter, frames(boxes, wide + 1, 1 if dashed else -1), style.DARK_CASING)
        if light and not dashed:
            self._pool.fill(painter, frames(boxes, -1, 2), style.LIGHT_CASING)

    def _line(self, painter: QPainter, boxes: Ints, index: int, *, dashed: bool, wide: int = 1) -> None:
        """The coloured line; the second style has a light one within it."""
        second = second_style(index)
        for bars, brush, drawn in (
            (frames(boxes, wide + second, 1), style.line(index), True),
            (frames(boxes, wide, 1 - wide), style.CENTRE, second),
        ):
            if drawn:
                cut = dashes(bars, *self._dash, self._within) if dashed else bars
                self._pool.fill(painter, cut, brush)

    def _notches(self, painter: QPainter, boxes: Ints, index: int) -> None:
        """Adjusted boxes carry a small block in their right upper corner."""
        right, top = boxes[:, 2], boxes[:, 1]
        block = np.stack([right - style.NOTCH, top, right, top + style.NOTCH], 1)
        self._pool.fill(painter, block + np.array([-1, 1, -1, 1], np.int32), style.DARK_CASING)
        self._pool.fill(painter, block, style.line(index))

    def _lone(self, painter: QPainter, sight: Sight, box: Ints, row: int) -> None:
        scene = sight.scene
        index = int(scene.colours[row])
        selected = row == sight.selected
        if selected:
            self._ghosts(painter, sight, row)
        self._pool.fill(painter, box, style.tint(index, 26 if selected else 40))
        self._casing(painter, box, dashed=bool(scene.dashed[row]), wide=_WIDE)
        if row not in sight.pending:
            self._line(painter, box, index, dashed=bool(scene.dashed[row]), wide=_WIDE)
        if scene.notched[row]:
            self._notches(painter, box, index)
        if 0 < sight.grip < BODY and row == (sight.hovered if sight.hovered >= 0 else sight.selected):
            self._pool.fill(painter, _sides(box[0], sight.grip), style.CENTRE)
        if selected and not scene.annotations[row].locked:
            self._handles(painter, box[0], index)

    def _handles(self, painter: QPainter, box: Ints, index: int) -> None:
        x0, y0, x1, y1 = box.tolist()
        half = style.HANDLE // 2
        points = [(x, y) for x in (x0, x1) for y in (y0, y1)]
        if min(x1 - x0, y1 - y0) >= 6 * half:
            points += [((x0 + x1) // 2, y0), ((x0 + x1) // 2, y1), (x0, (y0 + y1) // 2), (x1, (y0 + y1) // 2)]
        around = np.array([(x - half, y - half, x + half + 1, y + half + 1) for x, y in points], np.int32)
        self._pool.fill(painter, around, style.DARK_CASING)
        inner = around + np.array([1, 1, -1, -1], np.int32)
        self._pool.fill(painter, inner, style.PREVIEW)
        self._pool.fill(painter, inner + np.array([2, 2, -2, -2], np.int32), style.line(index))

    def _ghosts(self, painter: QPainter, sight: Sight, row: int) -> None:
        """The neighbouring keyframes of a selected track, faint."""
        geometry = sight.scene.annotations[row].geometry
        if not isinstance(geometry, Track):
            return
        keys = [key for key in neighbours(geometry, sight.pts) if key is not None]
        if keys:
            edges = in_widget(np.array([key.box.edges for key in keys]), sight.viewport)
            self._pool.fill(painter, frames(edges, 1, 1), style.tint(int(sight.scene.colours[row]), 90))

    def _doubt(self, painter: QPainter, sight: Sight, row: int) -> None:
        """A soft band along each edge, as wide as the model is unsure of it."""
        spread = sight.doubt.get(sight.scene.annotations[row].id)
        if spread is not None:
            bands = in_widget(_bands(sight.scene.box(row), spread), sight.viewport)
            self._pool.fill(painter, bands, style.tint(int(sight.scene.colours[row]), style.DOUBT))

    def _tag(self, painter: QPainter, sight: Sight, box: Ints, row: int) -> None:
        tag = self._pixmap(sight.scene, row, painter.device().devicePixelRatioF())
        if tag is not None:
            x0, y0, x1, _ = box.tolist()
            width = round(tag.width() / tag.devicePixelRatio())
            painter.drawPixmap(place(x0, y0, x1, sight.view.width(), width), tag)

    def _pixmap(self, scene: Scene, row: int, ratio: float) -> QPixmap | None:
        """Title and, for a prediction, score; None if there is neither."""
        title = scene.title(row)
        score = scene.annotations[row].score if scene.dashed[row] else None
        return self._tags.pixmap(title, score, int(scene.colours[row]), ratio) if title or score is not None else None


def unsure(box: Box, spread: Edges) -> Box:
    """How far a box may reach when each edge is out by its deviation."""
    left, top, right, bottom = spread
    return Box(box.x0 - left, box.y0 - top, box.x1 + right, box.y1 + bottom)


def in_widget(edges: NDArray[np.float64], viewport: Viewport) -> Ints:
    """Boxes (N, 4) of the picture as whole widget pixels."""
    corner = np.array([viewport.left, viewport.top, viewport.left, viewport.top])
    placed: Ints = np.rint(np.clip(edges * viewport.scale + corner, -_FAR, _FAR)).astype(np.int32)
    return placed


def _bands(box: Box, spread: Edges) -> NDArray[np.float64]:
    """Four bands around the edges that do not lie over each other and do not cross the middle."""
    left, top, right, bottom = spread
    outer, across, down = unsure(box, spread), (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    x0, x1 = min(box.x0 + left, across), max(box.x1 - right, across)
    y0, y1 = min(box.y0 + top, down), max(box.y1 - bottom, down)
    bands = [(outer.x0, outer.y0, x0, outer.y1), (x1, outer.y0, outer.x1, outer.y1)]
    return np.array([*bands, (x0, outer.y0, x1, y0), (x0, y1, x1, outer.y1)])


def _touching(edges: NDArray[np.float64], dirty: QRect, viewport: Viewport, tag: int) -> NDArray[np.bool_]:
    """Boxes of the picture that may paint into a part of the widget."""
    margin = MARGIN / viewport.scale
    left, top = viewport.to_picture((dirty.left() - tag, dirty.top()))
    right, bottom = viewport.to_picture((dirty.right(), dirty.bottom() + min(tag, TAG_MARGIN)))
    across = (edges[:, 2] >= left - margin) & (edges[:, 0] <= right + margin)
    touching: NDArray[np.bool_] = across & (edges[:, 3] >= top - margin) & (edges[:, 1] <= bottom + margin)
    return touching


def _around(dirty: QRect) -> tuple[int, int, int, int]:
    return dirty.left() - 2, dirty.top() - 2, dirty.right() + 3, dirty.bottom() + 3


def _sides(box: Ints, grip: int) -> Ints:
    x0, y0, x1, y1 = box.tolist()
    bars = {LEFT: (x0 - 1, y0, x0 + 1, y1), TOP: (x0, y0 - 1, x1, y0 + 1)}
    bars |= {RIGHT: (x1 - 1, y0, x1 + 1, y1), BOTTOM: (x0, y1 - 1, x1, y1 + 1)}
    return np.array([bar for side, bar in bars.items() if grip & side], np.int32)
