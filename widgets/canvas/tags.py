"""Name tags with a score chip, kept as pixmaps: text is drawn once and blitted ever after."""

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPixmap

from widgets.canvas.style import TAG_POINT
from widgets.palette import colour, ink

_KEPT = 1024
_LONGEST = 28
_PAD = 5
HEIGHT = TAG_POINT + 7


class Tags:
    """A cache of drawn tags."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[str, str, int, float], QPixmap] = {}
        self._font = QFont()
        self._font.setPixelSize(TAG_POINT)

    def pixmap(self, title: str, score: float | None, index: int, ratio: float) -> QPixmap:
        """The tag of one annotation for a screen of `ratio` device pixels per pixel."""
        text = title if len(title) <= _LONGEST else title[: _LONGEST - 1] + "…"
        chip = "" if score is None else f"{score:.2f}"
        key = (text, chip, index, ratio)
        if key not in self._drawn:
            if len(self._drawn) >= _KEPT:
                self._drawn.clear()
            self._drawn[key] = self._draw(text, chip, index, ratio)
        return self._drawn[key]

    def _draw(self, text: str, chip: str, index: int, ratio: float) -> QPixmap:
        metrics = QFontMetrics(self._font)
        wide = metrics.horizontalAdvance(text) + 2 * _PAD if text else 0
        narrow = metrics.horizontalAdvance(chip) + 2 * _PAD if chip else 0
        pixmap = QPixmap(round((wide + narrow) * ratio), round(HEIGHT * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(24, 24, 24, 235))
        painter.drawRoundedRect(QRectF(0, 0, wide + narrow, HEIGHT), 3, 3)
        painter.setBrush(colour(index))
        painter.drawRoundedRect(QRectF(0.75, 0.75, max(wide - 0.75, 2.5), HEIGHT - 1.5), 2.5, 2.5)
        painter.setPen(ink(index))
        painter.drawText(QRect(0, 0, wide, HEIGHT), Qt.AlignmentFlag.AlignCenter, text)
        painter.setPen(QColor("#FFFFFF"))
        painter.drawText(QRect(wide, 0, narrow, HEIGHT), Qt.AlignmentFlag.AlignCenter, chip)
        painter.end()
        return pixmap


def place(x0: int, y0: int, x1: int, view_width: int, width: int) -> QPoint:
    """Above the box's left corner, inside it where there is no room above, and never beyond the view's sides."""
    top = y0 - HEIGHT - 2 if y0 >= HEIGHT + 2 else max(y0, 0) + 3
    last = view_width - width
    left = min(max(x0 - 2, 0), max(min(x1, view_width) - width, 0)) if x1 - x0 > width else min(x0 - 2, last)
    return QPoint(max(left, 0), top)
