"""What stays while something moves over it: painted once into a pixmap, shown again for every step."""

from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QWidget


class Backdrop:
    """One pixmap as large as the widget; it is painted anew when its key, or the widget's size, is another one."""

    def __init__(self) -> None:
        self._key: object = None
        self._pixmap: QPixmap | None = None

    def forget(self) -> None:
        self._key = self._pixmap = None

    def draw(
        self, painter: QPainter, dirty: QRect, widget: QWidget, key: object, paint: Callable[[QPainter], None]
    ) -> None:
        """Show `dirty` of what `paint` draws, which is asked again only for another `key`."""
        ratio = widget.devicePixelRatioF()
        whole = key, widget.size(), ratio
        if self._pixmap is None or self._key != whole:
            self._pixmap = _painted(widget, ratio, paint)
            self._key = whole
        corner, size = dirty.topLeft(), dirty.size()
        source = QRectF(corner.x() * ratio, corner.y() * ratio, size.width() * ratio, size.height() * ratio)
        painter.drawPixmap(QRectF(dirty), self._pixmap, source)


def _painted(widget: QWidget, ratio: float, paint: Callable[[QPainter], None]) -> QPixmap:
    pixmap = QPixmap(widget.size() * ratio)
    pixmap.setDevicePixelRatio(ratio)
    painter = QPainter(pixmap)
    paint(painter)
    painter.end()
    return pixmap
