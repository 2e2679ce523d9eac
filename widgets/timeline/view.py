"""The timeline: segments and tracks in lanes over one axis of time; says what the user meant."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QHideEvent, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from engine.domain.annotation import Annotation, Label
from engine.domain.geometry import Segment
from engine.domain.media import Clock
from widgets.timeline import style, tools
from widgets.timeline.axis import Axis
from widgets.timeline.bands import Band, Kind, band_at, fixed_height
from widgets.timeline.gestures import (
    NOTHING,
    Chosen,
    Drawn,
    Gestures,
    Keys,
    Locked,
    Marked,
    Outcome,
    Reshaped,
    Scrubbed,
    Tool,
)
from widgets.timeline.hit import Hit
from widgets.timeline.lane_bands import LaneBands, LaneSight
from widgets.timeline.lanes import Lanes
from widgets.timeline.time_view import TimeView
from widgets.timeline.tools import Limits

# Nudges closer together than this are one step of the history.
_REST_MS = 350


class TimelineView(TimeView):
    """Data go down through `show_*`, intent comes up through signals; nothing here changes an annotation."""

    segment_drawn = Signal(object, str)  # Segment, label of the lane or ""
    segments_reshaped = Signal(object)  # ((id, Segment), ...): one, or several that share a boundary
    # A boundary was put where it belongs with Ctrl alone; with Shift as well the user stays with the annotation.
    repaired = Signal(str)
    moment_marked = Signal(object)
    scrubbed = Signal(int)
    split_wanted = Signal(str, int)
    join_wanted = Signal(str, str)
    annotation_selected = Signal(str)
    annotation_hovered = Signal(str)
    annotation_opened = Signal(str)
    menu_wanted = Signal(str, QPoint)
    tool_changed = Signal(str)
    escaped = Signal()
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline")
        self.setAccessibleName(self.tr("Timeline"))
        self.setAccessibleDescription(self.tr("Time from left to right, a lane of segments for each label."))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._gestures = Gestures()
        self._painted = LaneBands()
        self._moment: Segment | None = None
        # Segments shown reshaped before the project has them, drawn hollow.
        self._pending: dict[str, Segment] = {}
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self.settle)

    # Data down

    def show_clock(self, clock: Clock | None) -> None:
        self.cancel()
        self._moment = None
        self._gestures.lanes = Lanes()
        super().show_clock(clock)
        self._bound()

    def show_frames(self, frames: NDArray[np.int64]) -> None:
        super().show_frames(frames)
        self._bound()

    def show_annotations(self, annotations: Sequence[Annotation], labels: Mapping[str, Label]) -> None:
        """Show the segments and tracks of the item, a lane for each label and for each phrase without one."""
        self._gestures.lanes = self._lanes.changed(annotations, labels)
        self._gestures.hovered = NOTHING
        # A nudge that has not been told yet goes on upon what is new.
        kept = self._pending.items() if self._rest.isActive() else ()
        self._pending = {one: segment for one, segment in kept if self._lanes.row_of(one) >= 0}
        self._show(tuple(self._pending.items()))
        self.scroll(0)

    def show_time(self, pts: int, *, follow: bool = False) -> None:
        super().show_time(pts, follow=follow)
        self._gestures.playhead = pts

    def show_moment(self, moment: Segment | None) -> None:
        """Show which stretch the next question is about."""
        self._moment = moment
        self.update()

    def show_rejected(self, shown: bool) -> None:
        self._lanes.show_rejected = shown
        self.update()

    def select(self, annotation: str) -> None:
        """Show an annotation as selected, "" for none; says nothing back."""
        if annotation != self._gestures.selected:
            self.settle()
            self._gestures.selected = annotation
            self.update()

    def hover(self, annotation: str) -> None:
        """Light up an annotation that is pointed at elsewhere."""
        self._light(Hit(self._lanes.row_of(annotation), 0))

    # What there is

    @property
    def tool(self) -> Tool:
        return self._gestures.tool

    @property
    def selected(self) -> str:
        return self._gestures.selected

    @property
    def lane_heights(self) -> Sequence[int]:
        return [style.LANE if lane.depth == 1 else style.SUB_LANE for lane in self._lanes.lanes]

    @property
    def _lanes(self) -> Lanes:
        return self._gestures.lanes

    def lane_name(self, lane: int) -> str:
        shown = self._lanes.lanes[lane]
        return "" if shown.sub else shown.name

    # Verbs for actions

    def set_tool(self, tool: Tool) -> None:
        self.cancel()
        self._gestures.tool = tool
        self.setCursor(Qt.CursorShape.ArrowCursor if tool is Tool.SELECT else Qt.CursorShape.CrossCursor)
        self.tool_changed.emit(tool.value)

    def cancel(self) -> None:
        """Give up what is being drawn, dragged or nudged."""
        self._rest.stop()
        self._pending = {}
        self._gestures.state = tools.Idle()
        self._lanes.restore()
        self.update()

    def zoom_to(self, annotation: str) -> None:
        """Bring an annotation close."""
        row = self._lanes.row_of(annotation)
        if row >= 0:
            segment = self._lanes.segment(row)
            self.zoom_to_span(segment.start, segment.end)

    def nudge(self, steps: int, grip: int = tools.BODY) -> bool:
        """Move the selected segment, or one boundary, by frames (milliseconds of a sound); False if there is none."""
        row = self._gestures.live_row
        if row < 0:
            return False
        segment, limits = self._lanes.segment(row), self._gestures.limits
        unit = max(round(self._unit()), 1)
        start = tools.stepped(segment.start, steps, limits, unit) if grip & tools.START else segment.start
        end = tools.stepped(segment.end, steps, limits, unit) if grip & tools.END else segment.end
        self._reshape(row, Segment(start, end) if start < end else None)
        return True

    def boundary_to_playhead(self, grip: int) -> bool:
        """The selected segment starts, or ends, at the playhead; False if there is none."""
        row = self._gestures.live_row
        if row < 0:
            return False
        segment = tools.boundary_to(self._lanes.segment(row), grip, self.playhead, self._gestures.limits)
        if segment is None:
            self.refused.emit(self.tr("A segment's start comes before its end; move the playhead first."))
        else:
            self._reshape(row, segment)
            self.settle()
        return True

    def mark(self, grip: int) -> None:
        """Mark in or out at the playhead; with both marks a segment is drawn between them."""
        here, (start, end) = self.playhead, self.marks
        start, end = (here, end) if grip == tools.START else (start, here)
        if start is None or end is None:
            self._marks = (start, end)
        elif start < end:
            self._marks = (None, None)
            self.segment_drawn.emit(Segment(start, end), "")
        else:
            self._marks = (here, None) if grip == tools.START else (None, here)
            self.refused.emit(self.tr("A segment's start comes before its end; set the other mark again."))
        self.update()

    def split(self) -> None:
        """Ask for the selected segment or track to be cut at the playhead."""
        row = self._gestures.selected_row
        if row >= 0 and self._lanes.holds(row, self.playhead):
            self.split_wanted.emit(self.selected, self.playhead)
        else:
            self.refused.emit(self.tr("Put the playhead inside the selected segment to split it there."))

    def join(self) -> None:
        """Ask for the selected segment or track to be joined with the next one of its lane."""
        row = self._gestures.selected_row
        following = self._lanes.after(row) if row >= 0 else -1
        if following >= 0:
            self.join_wanted.emit(self.selected, self._lanes.annotations[following].id)
        else:
            self.refused.emit(self.tr("There is no later segment in this lane to join with."))

    def settle(self) -> None:
        """Say what nudging has come to."""
        self._rest.stop()
        pending, self._pending = self._pending, {}
        if pending:
            self._hand_over(tuple(pending.items()))

    # Painting

    def draw_lanes(self, painter: QPainter, bands: list[Band], columns: tuple[int, int]) -> None:
        hovered = self._gestures.hovered
        pending = frozenset(self._lanes.row_of(one) for one in self._pending)
        selected = self._gestures.selected_row
        sight = LaneSight(self._lanes, self._axis, self.palette(), selected, hovered.row, hovered.grip, pending)
        for band in bands:
            self._painted.draw(painter, sight, band, columns)
        drawn = self._gestures.drawn()
        if drawn is not None:
            segment, lane, marks = drawn
            mine = next((band for band in bands if band.lane == lane and not marks), None)
            top, bottom = (mine.top + 2, mine.bottom - 2) if mine else (style.RULER, self.height())
            self._painted.rubber(painter, self._axis, top, bottom, segment)

    def draw_top(self, painter: QPainter) -> None:
        if self._moment is not None:
            self._painted.rubber(painter, self._axis, style.RULER, self.height(), self._moment)

    # Pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.settle()
        band = self._band(event.position())
        if event.button() == Qt.MouseButton.LeftButton and self._clock.duration > 0 and band is not None:
            self._come(self._gestures.press(band, self._pts(event.position()), _keys(event)))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pts = self._pts(event.position())
        if self._gestures.idle:
            self._light(self._gestures.feel(self._band(event.position()), pts))
        else:
            self._come(self._gestures.move(pts, _keys(event)))
            state = self._gestures.state
            if isinstance(state, tools.Reshaping):
                self._show((*tools.followers(state), (state.id, state.segment)))
            elif isinstance(state, tools.Stretching):
                self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and not self._gestures.idle:
            band, pts = self._band(event.position()), self._pts(event.position())
            outcome = self._gestures.release(band, pts, _keys(event))
            self._come(outcome)
            self.update()
            if isinstance(outcome, Reshaped) and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
                self.repaired.emit(outcome.segments[0][0])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        hit = self._gestures.feel(self._band(event.position()), self._pts(event.position()))
        if hit.row >= 0:
            self.annotation_opened.emit(self._lanes.annotations[hit.row].id)
        else:
            self.mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu of what is under the pointer; the menu key means what is selected."""
        if event.reason() != QContextMenuEvent.Reason.Keyboard:
            at = QPointF(event.pos())
            hit = self._gestures.feel(self._band(at), self._pts(at))
            self._come(Chosen(self._lanes.annotations[hit.row].id if hit.row >= 0 else ""))
        self.menu_wanted.emit(self.selected, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape gives up what is under way, the tool and the marks; if there is nothing of it here, it is told."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif not self._gestures.idle or self.tool is not Tool.SELECT or self.marks != (None, None):
            self.clear_marks()
            self.set_tool(Tool.SELECT)
        else:
            self.escaped.emit()

    def leaveEvent(self, _event: QEvent) -> None:
        self._light(NOTHING)

    def hideEvent(self, _event: QHideEvent) -> None:
        self.settle()

    # Inside

    def _come(self, outcome: Outcome) -> None:
        """Say what a gesture came to."""
        match outcome:
            case Scrubbed(pts):
                self.show_time(pts)
                self.scrubbed.emit(pts)
            case Chosen(annotation):
                if annotation != self.selected:
                    self.select(annotation)
                    self.annotation_selected.emit(annotation)
            case Drawn(segment, label):
                self.set_tool(Tool.SELECT)
                self.segment_drawn.emit(segment, label)
            case Marked(segment):
                self.set_tool(Tool.SELECT)
                self.moment_marked.emit(segment)
            case Reshaped(segments):
                self._hand_over(segments)
            case Locked():
                self.refused.emit(self.tr("This annotation is locked; unlock it to change its times."))

    def _hand_over(self, segments: tuple[tuple[str, Segment], ...]) -> None:
        """Show the new boundaries hollow until the project has them, and say so."""
        self._show(segments)
        self._pending = dict(segments)
        self.segments_reshaped.emit(segments)

    def _show(self, segments: tuple[tuple[str, Segment], ...]) -> None:
        for annotation, segment in segments:
            row = self._lanes.row_of(annotation)
            if row >= 0:
                self._lanes.spans[row] = segment.start, segment.end
        self.update(QRect(style.GUTTER, fixed_height(self._kinds), self.width(), self.height()))

    def _reshape(self, row: int, segment: Segment | None) -> None:
        """Show new boundaries by keys; they are told when the keys rest."""
        annotation = self._lanes.annotations[row]
        if annotation.locked:
            self._come(Locked(annotation.id))
        elif segment is not None:
            self._pending[annotation.id] = segment
            self._show(((annotation.id, segment),))
            self._rest.start()

    def _light(self, hit: Hit) -> None:
        before = self._gestures.hovered
        if hit == before:
            return
        self._gestures.hovered = hit
        if self.tool is Tool.SELECT:
            edge = hit.grip in {tools.START, tools.END}
            self.setCursor(Qt.CursorShape.SizeHorCursor if edge else Qt.CursorShape.ArrowCursor)
        self.update(QRect(style.GUTTER, fixed_height(self._kinds), self.width(), self.height()))
        if hit.row != before.row:
            self.annotation_hovered.emit(self._lanes.annotations[hit.row].id if hit.row >= 0 else "")

    def _look(self, axis: Axis) -> None:
        super()._look(axis)
        self._gestures.scale = self._axis.scale

    def _bound(self) -> None:
        clock = self._clock
        frames = tuple(self._frames.tolist())
        self._gestures.limits = Limits(clock.start, clock.start + clock.duration, frames)

    def _band(self, position: QPointF) -> Band | None:
        """The band under the pointer; below the last lane a new segment has no label."""
        found = band_at(self.bands(), int(position.y()), fixed_height(self._kinds))
        return found or Band(Kind.LANE, 0, 0)

    def _pts(self, position: QPointF) -> float:
        return self._axis.to_pts(position.x() - style.GUTTER)


def _keys(event: QMouseEvent) -> Keys:
    held = event.modifiers()
    return Keys(
        jump=bool(held & Qt.KeyboardModifier.ControlModifier),
        snap=bool(held & Qt.KeyboardModifier.AltModifier),
        together=bool(held & Qt.KeyboardModifier.ShiftModifier),
    )
