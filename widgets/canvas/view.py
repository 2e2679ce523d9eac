"""The canvas: one raster widget that shows a picture with its boxes and says what the user meant."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QHideEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from engine.domain.annotation import Annotation, Label
from engine.domain.geometry import Box
from widgets.canvas import shaping, style, tools
from widgets.canvas.box_view import BoxView
from widgets.canvas.gestures import NOTHING, Chosen, Locked
from widgets.canvas.hit import Hit
from widgets.canvas.picture import Raster
from widgets.canvas.picture_view import Point
from widgets.canvas.scene import Scene
from widgets.canvas.tools import Tool
from widgets.canvas.viewport import Viewport

# Nudges closer together than this are one step of the history.
_REST_MS = 350


class CanvasView(BoxView):
    """Data go down through `show_*`, intent comes up through signals; nothing here changes an annotation."""

    box_drawn = Signal(object)
    box_reshaped = Signal(str, object)
    region_marked = Signal(object)
    # An edge was put where it belongs with Ctrl alone; with Shift as well the user stays with the annotation.
    repaired = Signal(str)
    annotation_selected = Signal(str)
    annotation_hovered = Signal(str)
    annotation_opened = Signal(str)
    menu_wanted = Signal(str, QPoint)
    tool_changed = Signal(str)
    escaped = Signal()
    pointer_at = Signal(float, float)
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAccessibleName(self.tr("Picture"))
        self.setAccessibleDescription(self.tr("The picture or frame with its boxes. Draw, move and resize boxes here."))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._clicking = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self.settle)

    # Data down

    def show_image(self, raster: Raster | None, size: tuple[int, int] | None = None, *, still: bool = True) -> None:
        before = self.picture_size
        super().show_image(raster, size, still=still)
        if self.picture_size != before:
            self.cancel()
            self._gestures.size = self.picture_size

    def show_annotations(self, annotations: Sequence[Annotation], labels: Mapping[str, Label], now_pts: int) -> None:
        """Show the annotations of the item; those without a box at `now_pts` are out of sight."""
        scene = Scene(annotations, labels)
        old = self._scene
        scene.show_rejected, scene.hidden = old.show_rejected, old.hidden
        self._gestures.scene = scene
        self._gestures.hovered = NOTHING
        self._pts = now_pts
        scene.at(now_pts)
        # A nudge that has not been told yet goes on upon what is new.
        kept = self._pending.items() if self._rest.isActive() else ()
        self._pending = {one: box for one, box in kept if scene.row_of(one) >= 0}
        for one, box in self._pending.items():
            scene.edges[scene.row_of(one)] = box.edges
        self.update()

    def show_time(self, now_pts: int) -> None:
        """Move the tracks to another instant of the clip."""
        self.settle()
        self._pts = now_pts
        self._scene.at(now_pts)
        if self._scene.has_tracks:
            self.update()

    def show_doubt(self, doubt: Mapping[str, tuple[float, ...]]) -> None:
        """Standard deviations of the edges x0 y0 x1 y1 in pixels, by annotation."""
        self._doubt = dict(doubt)
        self.update()

    def show_region(self, region: Box | None) -> None:
        """Show which part of the picture the next question is about."""
        self._region = region
        self.update()

    def show_rejected(self, shown: bool) -> None:
        self._scene.show_rejected = shown
        self.update()

    def hide_annotations(self, ids: frozenset[str]) -> None:
        """Take these annotations out of sight and out of reach."""
        self._scene.hidden = ids
        self.update()

    def keep_inside(self, kept: bool) -> None:
        """Whether boxes may not leave the picture."""
        self._gestures.keep_inside = kept

    def select(self, annotation: str) -> None:
        """Show an annotation as selected, "" for none; says nothing back."""
        if annotation != self._gestures.selected:
            self.settle()
            self._touch(self._gestures.selected_row)
            self._gestures.selected = annotation
            self._touch(self._gestures.selected_row)

    def hover(self, annotation: str) -> None:
        """Light up an annotation that is pointed at elsewhere."""
        self._light(Hit(self._scene.row_of(annotation), 0))

    # Verbs for actions

    def set_tool(self, tool: Tool, *, sticky: bool = False) -> None:
        """Take a tool in hand; it is put away after one box unless `sticky`."""
        self.cancel()
        self._gestures.tool, self._gestures.sticky = tool, sticky
        self._tool_in_hand()

    def cancel(self) -> None:
        """Give up what is being drawn, dragged or nudged."""
        self._rest.stop()
        self._pending = {}
        self._gestures.state = tools.Idle()
        self._scene.at(self._pts)
        self.update()

    def zoom_to(self, annotation: str) -> None:
        """Bring an annotation close."""
        row = self._scene.row_of(annotation)
        if row >= 0:
            self.zoom_to_edges(self._scene.box(row).edges)

    def reveal(self, annotation: str) -> None:
        """Bring an annotation close if it is out of sight or too small to see; else nothing moves."""
        row = self._scene.row_of(annotation)
        if row < 0 or not self._scene.there[row] or self._picture.empty:
            return
        box, (x0, y0) = self._scene.box(row), self._at(QPointF(0, 0))
        x1, y1 = self._at(QPointF(self.width(), self.height()))
        seen = box.x1 > x0 and box.x0 < x1 and box.y1 > y0 and box.y0 < y1
        if not seen or max(box.width, box.height) * self.zoom < style.TINY:
            self.zoom_to(annotation)

    def nudge(self, dx: float, dy: float, grip: int = shaping.BODY) -> bool:
        """Move the selected box, or only the edges in `grip`, by picture pixels; False if there is none to see."""
        row = self._gestures.live_row
        if row < 0:
            return False
        frame = self._gestures.bounds(snap=False)
        self._reshape(row, shaping.dragged(self._scene.box(row), grip, dx, dy, frame))
        return True

    def settle(self) -> None:
        """Say what nudging has come to."""
        self._rest.stop()
        pending, self._pending = self._pending, {}
        for annotation, box in pending.items():
            self._hand_over(annotation, box)

    # Pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.settle()
        if event.button() == Qt.MouseButton.MiddleButton:
            super().mousePressEvent(event)
        elif event.button() == Qt.MouseButton.LeftButton and not self._picture.empty:
            self._touch_moving()
            jump = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            self._come(self._gestures.press(self._at(event.position()), jump=jump, snap=_snaps(event)))
            self._follow()
            if self.tool is Tool.SELECT and self._gestures.idle:
                self._clicking = True
                super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = self._at(event.position())
        self._point(event.position().toPoint())
        self.pointer_at.emit(*at)
        if self._pan_from is not None:
            far = (event.position() - self._pan_from).manhattanLength() > style.SLACK
            if far or not self._clicking:
                self._clicking = False
                super().mouseMoveEvent(event)
        elif not self._gestures.idle:
            self._touch_moving()
            self._gestures.move(at, snap=_snaps(event))
            self._follow()
        else:
            self._light(self._gestures.feel(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at, panned = self._at(event.position()), self._pan_from is not None
        super().mouseReleaseEvent(event)
        if self._clicking:
            self._clicking = False
            self._come(self._gestures.click(at))
        elif not panned and event.button() == Qt.MouseButton.LeftButton:
            self._touch_moving()
            outcome = self._gestures.release(at, snap=_snaps(event))
            self._come(outcome)
            if isinstance(outcome, tools.Reshaped) and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
                self.repaired.emit(outcome.id)
            self._light(self._gestures.feel(at) if self._gestures.idle else NOTHING)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        under = self._gestures.under(self._at(event.position()))
        if self.tool is Tool.SELECT and under:
            self.annotation_opened.emit(self._scene.annotations[under[0].row].id)
        else:
            self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:  # Qt turns the wheel sideways with Alt
            self._wheel(self._at(event.position()), larger=turn.x() + turn.y() > 0)
            event.accept()
        else:
            super().wheelEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu of what is under the pointer; the menu key means what is selected."""
        if event.reason() != QContextMenuEvent.Reason.Keyboard:
            under = self._gestures.under(self._at(QPointF(event.pos())))
            self._come(Chosen(self._scene.annotations[under[0].row].id if under else ""))
        self.menu_wanted.emit(self.selected, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape gives up what is under way, then the tool; if there is neither here, it is told."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif not self._gestures.idle or self.tool is not Tool.SELECT:
            self.set_tool(Tool.SELECT)
        else:
            self.escaped.emit()

    def leaveEvent(self, _event: QEvent) -> None:
        self._point(QPoint(-1, -1))
        self._light(NOTHING)

    def hideEvent(self, _event: QHideEvent) -> None:
        self.settle()

    # Inside

    def _look(self, viewport: Viewport) -> None:
        super()._look(viewport)
        self._gestures.scale = self.zoom

    def _at(self, position: QPointF) -> Point:
        return self.looking.to_picture((position.x(), position.y()))

    def _come(self, outcome: tools.Outcome | Chosen | Locked) -> None:
        """Say what a gesture came to."""
        match outcome:
            case Chosen(annotation):
                if annotation != self.selected:
                    self.select(annotation)
                    self.annotation_selected.emit(annotation)
            case tools.Reshaped(annotation, box):
                self._hand_over(annotation, box)
            case tools.Drawn(tool, box):
                self._gestures.put_away()
                self._tool_in_hand()
                (self.region_marked if tool is Tool.REGION else self.box_drawn).emit(box)
            case tools.Refused():
                self.refused.emit(self.tr("A box needs a width and a height; drag further."))
            case Locked():
                self.refused.emit(self.tr("This annotation is locked; unlock it to change its box."))
        if not isinstance(outcome, Chosen):
            self.update()

    def _hand_over(self, annotation: str, box: Box) -> None:
        """Show the new box hollow until the project has it, and say so."""
        row = self._scene.row_of(annotation)
        if row < 0:
            return
        self._scene.edges[row] = box.edges
        self._pending[annotation] = box
        self.box_reshaped.emit(annotation, box)

    def _reshape(self, row: int, box: Box | None) -> None:
        """Show a new box by keys or wheel; it is told when they rest."""
        annotation = self._scene.annotations[row]
        if annotation.locked:
            self._come(Locked(annotation.id))
        elif box is not None:
            self._touch(row)
            self._scene.edges[row] = box.edges
            self._pending[annotation.id] = box
            self._touch(row)
            self._rest.start()

    def _wheel(self, at: Point, *, larger: bool) -> None:
        """Over the selected box the wheel scales it, outside it moves the nearest edge."""
        row = self._gestures.live_row
        if row < 0:
            return
        box, frame = self._scene.box(row), self._gestures.bounds(snap=False)
        if box.x0 <= at[0] <= box.x1 and box.y0 <= at[1] <= box.y1:
            self._reshape(row, shaping.scaled(box, style.WHEEL_SCALE if larger else 1 / style.WHEEL_SCALE, frame))
        else:
            self._reshape(row, shaping.grown(box, shaping.nearest_edge(box, at), style.WHEEL_EDGE, larger, frame))

    def _follow(self) -> None:
        """Show the box that follows the pointer."""
        state = self._gestures.state
        if isinstance(state, tools.Reshaping):
            self._scene.edges[self._scene.row_of(state.id)] = state.box.edges
        self._touch_moving()

    def _light(self, hit: Hit) -> None:
        """Light up what the pointer is over."""
        before = self._gestures.hovered
        if hit == before:
            return
        self._gestures.hovered = hit
        if self.tool is Tool.SELECT:
            self.setCursor(style.CURSORS.get(hit.grip, Qt.CursorShape.ArrowCursor))
        self._touch(before.row)
        self._touch(hit.row)
        if hit.row != before.row:
            self.annotation_hovered.emit(self._scene.annotations[hit.row].id if hit.row >= 0 else "")

    def _point(self, at: QPoint) -> None:
        """Keep the pointer's place; the crosshair goes with it."""
        before, self._pointer = self._pointer, at
        if self.tool is not Tool.SELECT:
            for point in (before, at):
                self.update(QRect(point.x() - 2, 0, 5, self.height()))
                self.update(QRect(0, point.y() - 2, self.width(), 5))

    def _tool_in_hand(self) -> None:
        selecting = self.tool is Tool.SELECT
        self.setCursor(Qt.CursorShape.ArrowCursor if selecting else Qt.CursorShape.CrossCursor)
        self.update()
        self.tool_changed.emit(self.tool.value)


def _snaps(event: QMouseEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
