"""Draws ruler, thumbnails, waveform and spectrogram. What they show is given by callables, never read here."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPalette
from PySide6.QtWidgets import QWidget

from engine.domain.media import Clock
from widgets.rect_pool import RectPool
from widgets.timecode import timecode
from widgets.timeline import style
from widgets.timeline.axis import Axis, decimals, tick_step, ticks
from widgets.timeline.bands import Band

# (start s, end s, columns) -> (columns, 2) lowest and highest sample in -1..1, NaN where not known yet.
Peaks = Callable[[float, float, int], NDArray[np.float32]]
# (start s, end s, columns) -> (rows, columns) levels 0..255, high frequencies first.
Spectra = Callable[[float, float, int], NDArray[np.uint8]]
# (PTS, PTS to the next one) -> the picture on screen then, as far as it is known; None while there is none.
Thumbnails = Callable[[int, int], QImage | None]

Columns = tuple[int, int]
# Room that the name of a tick needs.
_NAME = 36


class SignalBands:
    """Paints bands of one item; it holds the sources."""

    def __init__(self) -> None:
        self.peaks: Peaks | None = None
        self.spectra: Spectra | None = None
        self.thumbnails: Thumbnails | None = None
        self.aspect = 16 / 9
        self._pool = RectPool()

    def ruler(self, painter: QPainter, band: Band, axis: Axis, clock: Clock, widget: QWidget) -> None:
        """Ticks and times in the colours of `widget`."""
        palette, width = widget.palette(), widget.width() - style.GUTTER
        line, text = palette.color(QPalette.ColorRole.Mid), palette.color(QPalette.ColorRole.Text)
        places = decimals(tick_step(axis.scale * clock.num / clock.den))
        marks = ticks(axis, clock, width)
        bars = [(round(tick.x) + style.GUTTER, band.bottom - (8 if tick.seconds is not None else 4)) for tick in marks]
        rects = np.array([(x, y, x + 1, band.bottom) for x, y in bars], np.int32).reshape(-1, 4)
        self._pool.fill(painter, rects, line)
        painter.setPen(text)
        for tick in marks:
            if tick.seconds is not None and tick.x < width - _NAME:
                where = QRect(round(tick.x) + style.GUTTER + 4, band.top, 120, band.height - 4)
                painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, timecode(tick.seconds, places))

    def filmstrip(self, painter: QPainter, band: Band, axis: Axis, clock: Clock, columns: Columns) -> None:
        """Thumbnails side by side; each stands for the instant at its left side and stays with it when panning.

        The last one is cut where the clip ends.
        """
        if self.thumbnails is None:
            return
        wide = max(round(band.height * self.aspect), 8)
        step = wide * axis.scale
        first = math.floor((axis.to_pts(columns[0] - style.GUTTER) - clock.start) / step)
        last = math.floor((axis.to_pts(columns[1] - style.GUTTER) - clock.start) / step)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        end = axis.to_x(clock.start + clock.duration) + style.GUTTER
        for number in range(max(first, 0), last + 1):
            pts = clock.start + number * step
            x = round(axis.to_x(pts)) + style.GUTTER
            shown = min(wide - 1, end - x)
            if shown <= 0:
                break
            image = self.thumbnails(round(pts), round(step))
            if image is not None and not image.isNull():
                part = QRectF(0, 0, image.width() * shown / (wide - 1), image.height())
                painter.drawImage(QRectF(x, band.top, shown, band.height), image, part)

    def waveform(self, painter: QPainter, band: Band, axis: Axis, clock: Clock, columns: Columns) -> None:
        """One bar for each column of dots, from its lowest to its highest sample."""
        drawn = self._columns(axis, clock, columns)
        if self.peaks is None or drawn is None:
            return
        ratio = painter.device().devicePixelRatioF()
        (start, end), x0, count = drawn[0], round(drawn[1] * ratio), round(drawn[2] * ratio)
        peaks = np.asarray(self.peaks(start, end, count), np.float32)
        known = np.isfinite(peaks).all(axis=1)
        middle, half = (band.top + band.height / 2) * ratio, (band.height / 2 - 2) * ratio
        low = np.ceil(middle - np.clip(np.where(known, peaks[:, 0], 0), -1, 1) * half).astype(np.int32)
        high = np.floor(middle - np.clip(np.where(known, peaks[:, 1], 0), -1, 1) * half).astype(np.int32)
        x = np.arange(x0, x0 + count, dtype=np.int32)
        bars = np.stack([x, high, x + 1, np.maximum(low, high + 1)], 1)
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)
        self._pool.fill(painter, bars[known], style.WAVE)
        self._pool.fill(painter, _dots(x[~known], round(middle)), QColor(128, 128, 128, 120))
        painter.restore()

    def spectrogram(self, painter: QPainter, band: Band, axis: Axis, clock: Clock, columns: Columns) -> None:
        drawn = self._columns(axis, clock, columns)
        if self.spectra is None or drawn is None:
            return
        (start, end), x0, count = drawn
        dots = round(count * painter.device().devicePixelRatioF())
        image = style.heat_image(self.spectra(start, end, dots))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRect(x0, band.top, count, band.height), image)

    @staticmethod
    def _columns(axis: Axis, clock: Clock, columns: Columns) -> tuple[tuple[float, float], int, int] | None:
        """Seconds, first pixel and number of the columns that lie within the item."""
        item = axis.to_x(clock.start) + style.GUTTER, axis.to_x(clock.start + clock.duration) + style.GUTTER
        x0 = max(columns[0], math.floor(item[0]), style.GUTTER)
        x1 = min(columns[1], math.ceil(item[1]))
        if x1 <= x0:
            return None
        start, end = (axis.to_pts(x - style.GUTTER) - clock.start for x in (x0, x1))
        unit = clock.num / clock.den
        return (start * unit, end * unit), x0, x1 - x0


def _dots(x: NDArray[np.int32], y: int) -> NDArray[np.int32]:
    """A dotted middle line where nothing is known yet."""
    some = x[x % 4 < 2]
    return np.stack([some, np.full_like(some, y), some + 1, np.full_like(some, y + 1)], 1)
