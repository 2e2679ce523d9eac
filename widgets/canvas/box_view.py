"""A picture with boxes on it; while one box moves, all the rest is painted once and shown again."""

from collections.abc import Mapping

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from engine.domain.geometry import Box
from widgets.canvas import tools
from widgets.canvas.backdrop import Backdrop
from widgets.canvas.gestures import Gestures
from widgets.canvas.overlay import Edges, Overlay, Sight, unsure
from widgets.canvas.picture_view import PictureView
from widgets.canvas.scene import Scene
from widgets.canvas.tools import Tool


class BoxView(PictureView):
    """Draws the boxes and what is under way with them; what the pointer and the keys mean is not known here."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._overlay = Overlay()
        self._backdrop = Backdrop()
        self._gestures = Gestures()
        self._pts = 0
        self._region: Box | None = None
        self._doubt: Mapping[str, Edges] = {}
        # Boxes shown reshaped before the project has them, drawn hollow.
        self._pending: dict[str, Box] = {}
        self._pointer = QPoint(-1, -1)

    @property
    def tool(self) -> Tool:
        return self._gestures.tool

    @property
    def selected(self) -> str:
        return self._gestures.selected

    @property
    def seen(self) -> int:
        """PTS of the instant whose boxes are shown."""
        return self._pts

    @property
    def _scene(self) -> Scene:
        return self._gestures.scene

    def draw(self, painter: QPainter, dirty: QRect) -> None:
        sight, moving = self._sight(), self._moving_row
        if moving < 0 or self._picture.empty:
            self._backdrop.forget()
            super().draw(painter, dirty)
            self._overlay.draw(painter, sight, dirty)
        else:
            scene = sight.scene
            key = (
                sight,
                self._picture,
                self._picture.copies,
                self._picture.close,
                scene.show_rejected,
                scene.hidden,
                self.palette(),
            )
            self._backdrop.draw(painter, dirty, self, key, lambda below: self._draw_still(below, sight, moving))
            self._overlay.alone(painter, sight, moving, dirty)
        if not self._picture.empty:
            self._draw_under_way(painter)

    def _draw_still(self, painter: QPainter, sight: Sight, moving: int) -> None:
        """All that stays while a box moves."""
        super().draw(painter, self.rect())
        self._overlay.draw(painter, sight, self.rect(), without=moving)

    def _draw_under_way(self, painter: QPainter) -> None:
        if self._region is not None:
            self._overlay.region(painter, self._region, self.looking, self.size())
        rubber = self._gestures.rubber()
        if rubber is not None:
            self._overlay.rubber(painter, rubber, self.looking)
        if self.tool is not Tool.SELECT and self.rect().contains(self._pointer):
            self._overlay.crosshair(painter, self._pointer, self.size())

    def _sight(self) -> Sight:
        scene, hovered, selected = self._scene, self._gestures.hovered, self._gestures.selected_row
        pending = frozenset(scene.row_of(one) for one in self._pending)
        grip, doubt = hovered.grip, self._doubt
        return Sight(scene, self.looking, self.size(), selected, hovered.row, grip, self._pts, pending, doubt)

    @property
    def _moving_row(self) -> int:
        """The row of the box that follows the pointer, -1 if none does."""
        state = self._gestures.state
        return self._scene.row_of(state.id) if isinstance(state, tools.Reshaping) else -1

    def _touch_moving(self) -> None:
        """Repaint where the box under way is now."""
        if self._moving_row >= 0:
            self._touch(self._moving_row)
        elif (rubber := self._gestures.rubber()) is not None:
            self.update(self._overlay.covered(rubber, self.looking, self.size(), QSize(0, 0)))

    def _touch(self, row: int) -> None:
        if row < 0:
            return
        box, tag = self._scene.box(row), self._overlay.tag_size(self._scene, row)
        self.update(self._overlay.covered(box, self.looking, self.size(), tag))
        if spread := self._doubt.get(self._scene.annotations[row].id):
            self.update(self._overlay.covered(unsure(box, spread), self.looking, self.size(), QSize(0, 0)))
