"""A raster widget that shows a picture: zoom to the cursor, pan, fit, pixel for pixel. Knows no boxes."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QInputDevice, QMouseEvent, QPainter, QPaintEvent, QPalette, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.canvas import viewport as views
from widgets.canvas.picture import Picture, Raster, Region

_ZOOM_STEP = 1.25
Point = tuple[float, float]


class PictureView(QWidget):
    """Shows rasters; positions in the widget and in the picture are turned into each other by `looking`."""

    zoom_changed = Signal(float)
    # Region (x0, y0, x1, y1) of a picture shown smaller than it is, of which every pixel would be seen.
    close_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 90)
        self._picture = Picture()
        self._viewport = views.Viewport()
        self._fits = True
        self._pan_from: QPointF | None = None
        self._refine = QTimer(self)
        self._refine.setSingleShot(True)
        self._refine.setInterval(30)
        self._refine.timeout.connect(self._refine_picture)

    def show_image(self, raster: Raster | None, size: tuple[int, int] | None = None, *, still: bool = True) -> None:
        """Show a picture or frame: (H, W, 4) BGRA bytes, kept alive here, or a QImage; None for an empty view.

        `size` is the true size in pixels when `raster` is a smaller preview. A `still` gets smaller copies for a
        clean view from afar; frames of a running clip do not. A picture of another size is fitted into the view.
        """
        before = self._picture.size
        self._picture = Picture(raster, size)
        if self._picture.size != before:
            self.fit()
        self._refine.stop()
        if still and not self._picture.empty:
            self._refine.start()
        self.update()

    def show_close(self, pixels: NDArray[np.uint8], region: Region) -> None:
        """Show every pixel of a region of the picture, (H, W, 4) BGRA, kept alive here."""
        if not self._picture.empty:
            self._picture.show_close(pixels, region)
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(960, 640)

    @property
    def zoom(self) -> float:
        """Widget pixels per picture pixel."""
        return self._viewport.scale

    @property
    def looking(self) -> views.Viewport:
        """Where the picture lies in the widget."""
        return self._viewport

    @property
    def picture_size(self) -> tuple[int, int]:
        """True width and height of the picture in pixels, (0, 0) without one."""
        return self._picture.size

    @property
    def room(self) -> tuple[int, int]:
        """Device pixels that a picture may take which is wholly in view: one of this size is drawn as it is."""
        width, height = views.room(self._room)
        return round(width * self.devicePixelRatioF()), round(height * self.devicePixelRatioF())

    def fit(self) -> None:
        """The whole picture in view; it stays so when the widget is resized."""
        self._fits = True
        self._look(views.fitted(self._room, self._picture.size))

    def actual_size(self) -> None:
        """One picture pixel on one screen pixel, around the middle of the view."""
        self._fits = False
        middle = self.width() / 2, self.height() / 2
        self._look(views.pixel_exact(self._viewport, middle, 1.0 / self.devicePixelRatioF()))

    def zoom_in(self) -> None:
        self.zoom_by(_ZOOM_STEP)

    def zoom_out(self) -> None:
        self.zoom_by(1 / _ZOOM_STEP)

    def zoom_by(self, factor: float, at: Point | None = None) -> None:
        """Zoom around a widget position, or around the middle."""
        self._fits = False
        self._look(views.zoomed(self._viewport, at or (self.width() / 2, self.height() / 2), factor))

    def zoom_to_edges(self, edges: tuple[float, float, float, float]) -> None:
        """Bring a part of the picture close."""
        self._fits = False
        self._look(views.zoomed_to(self._room, edges))

    def pan(self, dx: float, dy: float) -> None:
        """Move the picture by widget pixels."""
        self._fits = False
        self._look(views.panned(self._viewport, dx, dy))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.draw(painter, event.rect())
        painter.end()

    def draw(self, painter: QPainter, dirty: QRect) -> None:
        """Paint what lies in `dirty`: here the ground and the picture."""
        painter.fillRect(dirty, self.palette().color(QPalette.ColorRole.Dark))
        if not self._picture.empty:
            self._picture.draw(painter, self._viewport, self.size())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in {Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton}:
            self._pan_from = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pan_from is not None:
            step, self._pan_from = event.position() - self._pan_from, event.position()
            self.pan(step.x(), step.y())

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._pan_from = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn, fingers, keys = event.angleDelta(), event.pixelDelta(), event.modifiers()
        touchpad = event.device().type() == QInputDevice.DeviceType.TouchPad
        if touchpad and not fingers.isNull() and not keys & Qt.KeyboardModifier.ControlModifier:
            self.pan(fingers.x(), fingers.y())
        elif keys & Qt.KeyboardModifier.ShiftModifier:
            self.pan(turn.x() + turn.y(), 0)
        else:
            self.zoom_by(_ZOOM_STEP ** (turn.y() / 120), (event.position().x(), event.position().y()))
        event.accept()

    def resizeEvent(self, _event: QResizeEvent) -> None:
        if self._fits:
            self.fit()
        else:
            self._look(self._viewport)

    @property
    def _room(self) -> Point:
        return float(self.width()), float(self.height())

    def _look(self, viewport: views.Viewport) -> None:
        if self._picture.empty:
            return
        before, self._viewport = self._viewport, views.kept_in_reach(viewport, self._room, self._picture.size)
        self._refine.start()
        self.update()
        if before.scale != self._viewport.scale:
            self.zoom_changed.emit(self._viewport.scale)

    def _refine_picture(self) -> None:
        if self._picture.refine(self._viewport.scale):
            self._refine.start()
        elif region := self._picture.unclear(self._viewport, self.size(), self.devicePixelRatioF()):
            self.close_wanted.emit(region)
        self.update()
