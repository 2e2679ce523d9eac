"""How the timeline looks: sizes in device-independent pixels, and its few colours that are not a theme's."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPixmap, QPolygonF

from widgets.palette import colour

GUTTER = 112
RULER = 24
THUMBNAILS = 52
WAVEFORM = 64
SPECTROGRAM = 96
LANE = 26
# One of several lanes of a label, where segments overlap.
SUB_LANE = 18
GAP = 1
REACH = 6.0
SLACK = 3.0
SNAP = 10.0
# Above so many segments in sight a lane is drawn as what they cover.
CROWD = 2500
TEXT = 11
# The mark beside lanes that do not all fit is never shorter.
SCROLL_MARK = 12

PLAYHEAD = QColor("#E5484D")
MARKS = QColor("#E5484D")
WAVE = QColor("#4C9BD6")

# Anchors of a dark-to-light scale with even steps of lightness, readable with every kind of colour vision.
_HEAT = ((2, 2, 14), (40, 17, 89), (114, 31, 129), (182, 54, 121), (241, 96, 93), (254, 175, 119), (252, 253, 191))


@cache
def heat() -> list[int]:
    """256 colours (ARGB) for the spectrogram, quiet to loud."""
    places = np.linspace(0, len(_HEAT) - 1, 256)
    channels = [np.interp(places, np.arange(len(_HEAT)), [anchor[part] for anchor in _HEAT]) for part in range(3)]
    return [0xFF000000 | int(r) << 16 | int(g) << 8 | int(b) for r, g, b in zip(*channels, strict=True)]


def heat_image(levels: NDArray[np.uint8]) -> QImage:
    """An (H, W) array of levels as an image of its own memory."""
    held = np.ascontiguousarray(levels)
    image = QImage(held.data, held.shape[1], held.shape[0], held.strides[0], QImage.Format.Format_Indexed8)
    image.setColorTable(heat())
    return image.copy()


@cache
def body(index: int, ground: int, *, dashed: bool) -> QBrush:
    """The inside of a segment over a ground colour (ARGB): opaque, so that crowds stay cheap; striped if predicted."""
    full, below = colour(index), QColor.fromRgb(ground)
    plain = _mixed(full, below, 0.5)
    if not dashed:
        return QBrush(plain)
    image = QImage(10, 10, QImage.Format.Format_RGB32)
    image.fill(_mixed(full, below, 0.42))
    stripe = _mixed(full, below, 0.16)
    for y in range(10):
        for x in range(10):
            if (x + y) % 10 < 5:
                image.setPixelColor(x, y, stripe)
    return QBrush(QPixmap.fromImage(image))


@cache
def diamond(index: int, ratio: float) -> QPixmap:
    """The mark of a keyframe."""
    side = 11
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(0, 0, 0, 200))
    painter.setBrush(colour(index))
    middle, far = side / 2, side / 2 - 1
    corners = [(middle, 1.0), (middle + far, middle), (middle, middle + far), (1.0, middle)]
    painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
    painter.end()
    return pixmap


def _mixed(a: QColor, b: QColor, share: float) -> QColor:
    return QColor(
        round(a.red() * share + b.red() * (1 - share)),
        round(a.green() * share + b.green() * (1 - share)),
        round(a.blue() * share + b.blue() * (1 - share)),
    )
