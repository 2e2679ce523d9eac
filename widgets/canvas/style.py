"""How boxes look: sizes in device-independent pixels, casings, dashes. Colours of labels are in `widgets.palette`."""

from functools import cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor

from widgets.canvas.shaping import BODY, BOTTOM, LEFT, RIGHT, TOP
from widgets.palette import colour

# How far a vertex or an edge is felt, and how far the pointer may shake before a click becomes a drag.
REACH = 7.0
SLACK = 3.0
# How far a line attracts with Alt.
SNAP = 8.0
HANDLE = 9
NOTCH = 7
# The picture is shown pixel by pixel from this magnification on.
NEAREST_FROM = 4.0
# Above so many boxes in sight tags are shown for the selected and the hovered one only.
CROWD = 120
# What is smaller on screen is brought closer when it is to be looked at.
TINY = 14.0
TAG_POINT = 11
NUDGE, FAR_NUDGE = 1.0, 10.0
WHEEL_SCALE, WHEEL_EDGE = 1.05, 2.0

# Casings are opaque: blended ones cost thirty times as much on upright lines.
DARK_CASING = QColor(22, 22, 22)
LIGHT_CASING = QColor(222, 222, 222)
# How strong the bands of doubt are, of 255.
DOUBT = 56
VEIL = QColor(0, 0, 0, 150)
CENTRE = QColor(255, 255, 255, 235)
PREVIEW = QColor(255, 255, 255, 235)
CROSSHAIR = QColor(255, 255, 255, 120)

CURSORS = {
    BODY: Qt.CursorShape.SizeAllCursor,
    LEFT: Qt.CursorShape.SizeHorCursor,
    RIGHT: Qt.CursorShape.SizeHorCursor,
    TOP: Qt.CursorShape.SizeVerCursor,
    BOTTOM: Qt.CursorShape.SizeVerCursor,
    LEFT | TOP: Qt.CursorShape.SizeFDiagCursor,
    RIGHT | BOTTOM: Qt.CursorShape.SizeFDiagCursor,
    RIGHT | TOP: Qt.CursorShape.SizeBDiagCursor,
    LEFT | BOTTOM: Qt.CursorShape.SizeBDiagCursor,
}

# Dash and gap; longer ones where many predictions are in sight.
DASHES, CROWD_DASHES = (8, 5), (20, 12)
MANY_DASHED = 150
# Above so many boxes in sight lines keep their dark casing only.
MANY = 500


@cache
def line(index: int) -> QBrush:
    return QBrush(colour(index))


def tint(index: int, alpha: int) -> QColor:
    """A label's colour as a veil."""
    shade = colour(index)
    shade.setAlpha(alpha)
    return shade
