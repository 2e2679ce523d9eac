"""Our own icons: one-colour drawings that take the colour of the theme they stand in."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import resources

_SIZE = 20


@lru_cache(maxsize=256)
def icon(name: str, colour: str, disabled: str = "") -> QIcon:
    """The drawing in `colour` (`#rrggbb`), in `disabled` where its control is off."""
    result = QIcon()
    screen = QGuiApplication.primaryScreen()
    sharp = screen is not None and screen.devicePixelRatio() > 1
    for size in (_SIZE, 2 * _SIZE) if sharp else (_SIZE,):
        result.addPixmap(pixmap(name, colour, size))
        if disabled:
            result.addPixmap(pixmap(name, disabled, size), QIcon.Mode.Disabled)
    return result


@lru_cache(maxsize=128)
def _drawing(name: str) -> str:
    return resources.text(f"icons/{name}.svg")


@lru_cache(maxsize=512)
def pixmap(name: str, colour: str, size: int, ratio: float = 1.0) -> QPixmap:
    """The drawing `size` pixels square on a screen with `ratio` dots per pixel."""
    drawing = _drawing(name).replace("currentColor", colour)
    result = QPixmap(round(size * ratio), round(size * ratio))
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    QSvgRenderer(QByteArray(drawing.encode())).render(painter, QRectF(0, 0, result.width(), result.height()))
    painter.end()
    result.setDevicePixelRatio(ratio)
    return result
