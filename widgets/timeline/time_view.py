"""An axis of time with ruler, thumbnails, waveform, spectrogram and playhead. Knows no annotations."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.domain.media import Clock
from widgets.rect_pool import RectPool
from widgets.timeline import axis as axes
from widgets.timeline import style
from widgets.timeline.axis import Axis
from widgets.timeline.bands import Band, Kind, fixed_height, laid_out, overflow
from widgets.timeline.signal_bands import Peaks, SignalBands, Spectra, Thumbnails

_ZOOM_STEP = 1.4
_NO_TIME = Clock(1, 1, 0, 0)


class TimeView(QWidget):
    """Shows time; instants are PTS of the item's clock."""

    span_changed = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, style.RULER + style.LANE)
        font = QFont(self.font())
        font.setPixelSize(style.TEXT)
        self.setFont(font)
        self._clock = _NO_TIME
        self._frames: NDArray[np.int64] = np.zeros(0, np.int64)
        self._axis = Axis()
        self._playhead = 0
        self._signals = SignalBands()
        self._spectrogram_wanted = True
        self._kinds: tuple[Kind, ...] = (Kind.RULER,)
        self._scrolled = 0
        self._marks: tuple[int | None, int | None] = (None, None)
        self._pool = RectPool()

    # Data down

    def show_clock(self, clock: Clock | None) -> None:
        """Show another item's time, whole; None for no item. Its signals and frames are given afterwards."""
        self._clock = clock or _NO_TIME
        self._frames = np.zeros(0, np.int64)
        self._signals.peaks = self._signals.spectra = self._signals.thumbnails = None
        self._playhead = self._clock.start
        self._marks = (None, None)
        self._scrolled = 0
        self._arrange()
        self.fit()

    def show_frames(self, frames: NDArray[np.int64]) -> None:
        """The PTS of a clip's frames, sorted: what boundaries fall on."""
        self._frames = frames

    def show_thumbnails(self, thumbnails: Thumbnails | None, aspect: float = 16 / 9) -> None:
        self._signals.thumbnails, self._signals.aspect = thumbnails, aspect
        self._arrange()

    def show_sound(self, peaks: Peaks | None, spectra: Spectra | None) -> None:
        """Waveform and spectrogram of the item at once."""
        self._signals.peaks, self._signals.spectra = peaks, spectra
        self._arrange()

    def want_spectrogram(self, wanted: bool) -> None:
        """Show or hide the spectrogram's band."""
        self._spectrogram_wanted = wanted
        self._arrange()

    def refresh(self) -> None:
        """Something that the sources give has become known."""
        self.update()

    def show_time(self, pts: int, *, follow: bool = False) -> None:
        """Put the playhead at `pts`; with `follow` the view turns over when it runs out."""
        before, self._playhead = self._playhead, pts
        if follow and self._room > 0:
            turned = axes.following(self._axis, pts, self._room)
            if turned is not self._axis:
                self._look(turned)
        for at in (before, pts):
            x = round(self._x(at))
            self.update(QRect(x - 6, 0, 13, self.height()))

    # What there is

    @property
    def playhead(self) -> int:
        return self._playhead

    @property
    def looking(self) -> Axis:
        """Where time lies; pixel 0 of the axis is the right side of the gutter."""
        return self._axis

    @property
    def marks(self) -> tuple[int | None, int | None]:
        """The in and out marks."""
        return self._marks

    def sizeHint(self) -> QSize:
        return QSize(960, 260)

    # Verbs

    def fit(self) -> None:
        self._look(axes.fitted(self._clock, self._room))

    def zoom_in(self) -> None:
        self.zoom_by(_ZOOM_STEP)

    def zoom_out(self) -> None:
        self.zoom_by(1 / _ZOOM_STEP)

    def zoom_by(self, factor: float, x: float | None = None) -> None:
        """Zoom around a pixel of the axis, or around the playhead if it is in sight."""
        centre = self._axis.to_x(self._playhead)
        middle = centre if 0 <= centre <= self._room else self._room / 2
        self._look(axes.zoomed(self._axis, middle if x is None else x, factor))

    def zoom_to_span(self, start: int, end: int) -> None:
        """Bring a stretch of time close."""
        self._look(axes.spanning(start, end, self._room))

    def clear_marks(self) -> None:
        self._marks = (None, None)
        self.update()

    def pan(self, dx: float) -> None:
        self._look(axes.panned(self._axis, dx))

    def scroll(self, dy: int) -> None:  # type: ignore[override]
        """Move the lanes up by `dy` pixels, as far as they overflow."""
        self._scrolled = min(max(self._scrolled + dy, 0), self._overflow)
        self.update()

    # Painting

    @property
    def lane_heights(self) -> Sequence[int]:
        """How high the lanes are that lie below the signals."""
        return ()

    def bands(self) -> list[Band]:
        """All bands, from the top down."""
        return laid_out(self._kinds, self.lane_heights, self._scrolled)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        dirty = event.rect()
        ground, wall = (self.palette().color(role) for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Window))
        painter.fillRect(dirty, wall)
        if self._clock.duration > 0:
            columns = max(dirty.left() - 1, style.GUTTER), min(dirty.right() + 2, self.width())
            right = QRect(style.GUTTER, 0, self._room_right - style.GUTTER, self.height())
            painter.setClipRect(dirty.intersected(right.adjusted(0, 0, self.width(), 0)))
            painter.fillRect(right.intersected(dirty), ground)
            self._draw_bands(painter, dirty, columns)
            self.draw_top(painter)
            painter.setClipRect(dirty)
            self._draw_gutter(painter)
            self._draw_marks(painter)
            self._draw_playhead(painter)
            self._draw_scroll_mark(painter)
        painter.end()

    def draw_lanes(self, painter: QPainter, bands: list[Band], columns: tuple[int, int]) -> None:
        """For what lies below the signals."""

    def draw_top(self, painter: QPainter) -> None:
        """For what lies on top of all bands."""

    def lane_name(self, _lane: int) -> str:
        """What stands in the gutter beside a lane."""
        return ""

    def _draw_bands(self, painter: QPainter, dirty: QRect, columns: tuple[int, int]) -> None:
        bands = [band for band in self.bands() if band.top <= dirty.bottom() and band.bottom >= dirty.top()]
        fixed = fixed_height(self._kinds)
        clip = painter.clipBoundingRect().toRect()
        painter.setClipRect(clip.intersected(QRect(0, fixed, self.width(), self.height())))
        self.draw_lanes(painter, [band for band in bands if band.kind is Kind.LANE], columns)
        painter.setClipRect(clip)
        axis, clock = self._axis, self._clock
        for band in bands:
            match band.kind:
                case Kind.RULER:
                    self._signals.ruler(painter, band, axis, clock, self)
                case Kind.THUMBNAILS:
                    self._signals.filmstrip(painter, band, axis, clock, columns)
                case Kind.WAVEFORM:
                    self._signals.waveform(painter, band, axis, clock, columns)
                case Kind.SPECTROGRAM:
                    self._signals.spectrogram(painter, band, axis, clock, columns)

    def _draw_gutter(self, painter: QPainter) -> None:
        fixed = fixed_height(self._kinds)
        painter.fillRect(QRect(0, 0, style.GUTTER, self.height()), self.palette().color(QPalette.ColorRole.Window))
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        for band in self.bands():
            if band.top > self.height() or (band.kind is Kind.LANE and band.top < fixed - style.LANE // 2):
                continue
            name = self.lane_name(band.lane) if band.kind is Kind.LANE else self._name(band.kind)
            where = QRect(10, band.top, style.GUTTER - 22, band.height)
            if name:
                elided = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, where.width())
                painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, elided)
            painter.fillRect(QRect(0, band.bottom, self.width(), 1), self.palette().color(QPalette.ColorRole.Mid))

    def _draw_marks(self, painter: QPainter) -> None:
        for number, at in enumerate(self._marks):
            if at is None or self._x(at) < style.GUTTER:
                continue
            x, reach = round(self._x(at)), 5 if number == 0 else -5
            painter.fillRect(QRect(x, 0, 1, self.height()), style.MARKS)
            painter.fillRect(QRect(min(x, x + reach), 0, 5, 4), style.MARKS)

    def _draw_playhead(self, painter: QPainter) -> None:
        x = round(self._x(self._playhead))
        if x >= style.GUTTER:
            painter.fillRect(QRect(x, 0, 1, self.height()), style.PLAYHEAD)
            painter.fillRect(QRect(x - 4, 0, 9, 7), style.PLAYHEAD)
            painter.fillRect(QRect(x - 2, 7, 5, 3), style.PLAYHEAD)

    def _draw_scroll_mark(self, painter: QPainter) -> None:
        """Which of the lanes are in sight, where they are not all."""
        most, fixed = self._overflow, fixed_height(self._kinds)
        room = self.height() - fixed
        if most > 0 < room:
            length = max(room * room // (room + most), style.SCROLL_MARK)
            top = fixed + (room - length) * self._scrolled // most
            mark = self.palette().color(QPalette.ColorRole.PlaceholderText)
            painter.fillRect(QRect(self.width() - 5, top, 4, length), mark)

    def _name(self, kind: Kind) -> str:
        names = {
            Kind.THUMBNAILS: self.tr("Frames"),
            Kind.WAVEFORM: self.tr("Sound"),
            Kind.SPECTROGRAM: self.tr("Frequencies"),
        }
        return names.get(kind, "")

    # Inside

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn, fingers, keys = event.angleDelta(), event.pixelDelta(), event.modifiers()
        beside = event.position().x() < style.GUTTER
        if beside or keys & Qt.KeyboardModifier.AltModifier:  # Qt turns the wheel sideways with Alt
            self.scroll(-(turn.x() + turn.y()) // 4)
        elif keys & Qt.KeyboardModifier.ShiftModifier or abs(turn.x()) > abs(turn.y()):
            self.pan(fingers.x() or (turn.x() + turn.y()) / 2)
        else:
            self.zoom_by(_ZOOM_STEP ** (turn.y() / 120), event.position().x() - style.GUTTER)
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        whole = event.oldSize().width() <= 0 or self._axis == axes.fitted(
            self._clock, event.oldSize().width() - style.GUTTER - 8
        )
        if whole:
            self.fit()
        else:
            self._look(self._axis)
        self.scroll(0)

    @property
    def _overflow(self) -> int:
        return overflow(self._kinds, self.lane_heights, self.height())

    @property
    def _room(self) -> float:
        """Pixels for time, with a little air at the right."""
        return max(float(self.width() - style.GUTTER - 8), 1.0)

    @property
    def _room_right(self) -> int:
        """Where the item ends, or the widget."""
        end = self._x(self._clock.start + self._clock.duration)
        return min(round(end) + 1, self.width())

    def _x(self, pts: float) -> float:
        return self._axis.to_x(pts) + style.GUTTER

    def _unit(self) -> float:
        """PTS of one frame, or of a millisecond of a sound."""
        if len(self._frames) > 1:
            return float(self._frames[-1] - self._frames[0]) / (len(self._frames) - 1)
        return max(self._clock.den / self._clock.num / 1000, 1.0)

    def _look(self, axis: Axis) -> None:
        self._axis = axes.limited(axis, self._clock, self._room, self._unit())
        self.update()
        self.span_changed.emit(self._axis.left, self._axis.to_pts(self._room))

    def _arrange(self) -> None:
        signals = self._signals
        given = {
            Kind.RULER: True,
            Kind.THUMBNAILS: signals.thumbnails is not None,
            Kind.WAVEFORM: signals.peaks is not None,
            Kind.SPECTROGRAM: signals.spectra is not None and self._spectrogram_wanted,
        }
        self._kinds = tuple(kind for kind, there in given.items() if there)
        self.update()
