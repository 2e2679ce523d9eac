"""A line of numbers over steps, with its smoothed course; light enough to be there from the start."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

_MARGIN = 6
_SMOOTH = 0.9
_DOT = 2.5


class Curve(QWidget):
    """Shows `values` from left to right between their extremes; `breaks` are steps where a new stage begins.

    `marks` (steps done, value) are joined by a line of their own, with dots.
    """

    def __init__(self, name: str, words: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._values: list[float] = []
        self._breaks: tuple[int, ...] = ()
        self._marks: tuple[tuple[int, float], ...] = ()

    def show_values(
        self, values: Sequence[float], breaks: Sequence[int] = (), marks: Sequence[tuple[int, float]] = ()
    ) -> None:
        self._values, self._breaks, self._marks = list(values), tuple(breaks), tuple(marks)
        told = f"from {self._values[0]:.3g} to {self._values[-1]:.3g}" if self._values else "nothing yet"
        if self._marks:
            told += f"; dots from {self._marks[0][1]:.3g} to {self._marks[-1][1]:.3g}"
        self.setAccessibleDescription(told)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(280, 120)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().windowText().color()
        faint = self.palette().mid().color()
        painter.setPen(faint)
        for step in self._breaks:
            x = round(self._x(step))
            painter.drawLine(x, _MARGIN, x, self.height() - _MARGIN)
        if len(self._values) > 1:
            painter.setPen(QPen(faint, 1.0))
            painter.drawPolyline(self._line(enumerate(self._values)))
            painter.setPen(QPen(self.palette().highlight().color(), 2.0))
            painter.drawPolyline(self._line(enumerate(smoothed(self._values))))
            self._dot(painter, ink)
            painter.setPen(ink)
            painter.drawText(_MARGIN, 2 * _MARGIN + 4, f"{max([*self._values, *dict(self._marks).values()]):.3g}")
            painter.drawText(
                self.rect().adjusted(_MARGIN, 0, -_MARGIN, -_MARGIN),
                Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight,
                f"{self._values[-1]:.3g}",
            )
        painter.end()

    def _dot(self, painter: QPainter, ink: QColor) -> None:
        line = self._line((step - 1, value) for step, value in self._marks)
        painter.setPen(QPen(ink, 1.5, Qt.PenStyle.DashLine))
        painter.drawPolyline(line)
        painter.setBrush(ink)
        for place in line.toList():
            painter.drawEllipse(place, _DOT, _DOT)

    def _x(self, step: int) -> float:
        return _MARGIN + (self.width() - 2 * _MARGIN) * step / max(1, len(self._values) - 1)

    def _line(self, points: Iterable[tuple[int, float]]) -> QPolygonF:
        shown = [*self._values, *(value for _, value in self._marks)]
        low, high = min(shown), max(shown)
        tall, span = self.height() - 2 * _MARGIN, (high - low) or 1.0
        return QPolygonF([QPointF(self._x(step), _MARGIN + tall * (high - value) / span) for step, value in points])


def smoothed(values: Sequence[float]) -> list[float]:
    """A running mean: of all values at first, later mostly of the last ten."""
    course: list[float] = []
    mean = 0.0
    for count, value in enumerate(values, start=1):
        mean += (value - mean) * max(1 - _SMOOTH, 1 / count)
        course.append(mean)
    return course
