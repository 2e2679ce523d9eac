"""The raster below the boxes: a frame or picture with smaller copies for looking at it from afar."""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter

from widgets.canvas.style import NEAREST_FROM
from widgets.canvas.viewport import Viewport

Raster = NDArray[np.uint8] | QImage
# x0, y0, x1, y1 in pixels of the picture.
Region = tuple[int, int, int, int]
# Of a picture too large to be held so many pixels are seen in full at a time.
_CLOSE = 36_000_000
# A view of more than this is not wanted closer.
_WIDEST = 4 * _CLOSE
# A preview may be magnified by so much before the pixels it lacks are wanted.
_BLUR = 1.01


class Picture:
    """`size` is the picture's true size in pixels; `image` may be a smaller preview of it."""

    def __init__(self, raster: Raster | None = None, size: tuple[int, int] | None = None) -> None:
        self._array = None if isinstance(raster, QImage) else raster  # Qt reads from its memory
        self.image = raster if isinstance(raster, QImage) else _wrapped(raster)
        self.size = size or (self.image.width(), self.image.height())
        self._levels = [self.image]
        self._close: tuple[NDArray[np.uint8], QImage, Region] | None = None

    @property
    def empty(self) -> bool:
        return self.image.isNull()

    @property
    def copies(self) -> int:
        """How many rasters of it there are."""
        return len(self._levels)

    @property
    def close(self) -> Region | None:
        """The region of which every pixel is here besides."""
        return self._close[2] if self._close is not None else None

    def refine(self, scale: float) -> bool:
        """Make the next smaller copy if `scale` asks for one; True while there is more to do."""
        wanted = self._wanted(scale)
        last = self._levels[-1]
        if len(self._levels) > wanted or min(last.width(), last.height()) < 2:
            return False
        half = QSize((last.width() + 1) // 2, (last.height() + 1) // 2)
        mode = Qt.TransformationMode.SmoothTransformation
        self._levels.append(last.scaled(half, Qt.AspectRatioMode.IgnoreAspectRatio, mode))
        return len(self._levels) <= wanted

    def draw(self, painter: QPainter, viewport: Viewport, view: QSize) -> None:
        """Draw what `view` shows; the painter's clip decides what is really painted."""
        if self.empty:
            return
        image = self._levels[min(self._wanted(viewport.scale), len(self._levels) - 1)]
        _blit(painter, image, (0, 0, *self.size), viewport, view)
        if self._close is not None and self._blurred(viewport.scale):
            _blit(painter, self._close[1], self._close[2], viewport, view)

    def show_close(self, pixels: NDArray[np.uint8], region: Region) -> None:
        """Have every pixel of a region, for where the whole is too large."""
        self._close = pixels, _wrapped(pixels), region

    def unclear(self, viewport: Viewport, view: QSize, ratio: float) -> Region | None:
        """The region to get every pixel of, around what `view` shows; None when what there is will do."""
        if self.empty or not self._blurred(viewport.scale * ratio):
            return None
        x0, y0, x1, y1 = self._seen(viewport, view)
        area = (x1 - x0) * (y1 - y0)
        if self._covers((x0, y0, x1, y1), viewport.scale * ratio) or area > _WIDEST or x1 <= x0 or y1 <= y0:
            return None
        grown = max(math.sqrt(_CLOSE / area), 1.0)
        across, down = ((far - near) * (grown - 1) / 2 for near, far in ((x0, x1), (y0, y1)))
        wide, high = self.size
        return (max(math.floor(x0 - across), 0), max(math.floor(y0 - down), 0),
                min(math.ceil(x1 + across), wide), min(math.ceil(y1 + down), high))  # fmt: skip

    def _covers(self, seen: Region, scale: float) -> bool:
        if self._close is None:
            return False
        _, image, held = self._close
        inside = held[0] <= seen[0] and held[1] <= seen[1] and held[2] >= seen[2] and held[3] >= seen[3]
        return inside and image.width() >= min(scale, 1.0) * (held[2] - held[0]) * 0.99

    def _blurred(self, scale: float) -> bool:
        """Whether the picture has pixels that the preview lacks and this scale would show."""
        held = self.image.width() / max(self.size[0], 1)
        return held < 1 and scale > held * _BLUR

    def _seen(self, viewport: Viewport, view: QSize) -> Region:
        left, top = viewport.to_picture((0, 0))
        right, bottom = viewport.to_picture((view.width(), view.height()))
        x0, y0 = max(math.floor(left), 0), max(math.floor(top), 0)
        return x0, y0, min(math.ceil(right), self.size[0]), min(math.ceil(bottom), self.size[1])

    def _wanted(self, scale: float) -> int:
        """How many halvings suit a scale; a copy is never magnified by more than its own next step."""
        shown = scale * self.size[0] / max(self.image.width(), 1)
        return max(int(math.log2(1 / shown) + 0.01), 0) if 0 < shown < 1 else 0


def _blit(painter: QPainter, image: QImage, region: Region, viewport: Viewport, view: QSize) -> None:
    """Draw what `view` shows of an image of a region of the picture."""
    across, down = image.width() / (region[2] - region[0]), image.height() / (region[3] - region[1])
    left, top = viewport.to_picture((0, 0))
    right, bottom = viewport.to_picture((view.width(), view.height()))
    x0 = max(math.floor((left - region[0]) * across) - 1, 0)
    y0 = max(math.floor((top - region[1]) * down) - 1, 0)
    x1 = min(math.ceil((right - region[0]) * across) + 1, image.width())
    y1 = min(math.ceil((bottom - region[1]) * down) + 1, image.height())
    if x1 <= x0 or y1 <= y0:
        return
    corner = viewport.to_widget((x0 / across + region[0], y0 / down + region[1]))
    far = viewport.to_widget((x1 / across + region[0], y1 / down + region[1]))
    target = QRectF(corner[0], corner[1], far[0] - corner[0], far[1] - corner[1])
    ratio = painter.device().devicePixelRatioF()
    as_it_is = max(abs(target.width() * ratio - (x1 - x0)), abs(target.height() * ratio - (y1 - y0))) < 1
    if as_it_is:  # less than a dot off: unscaled on whole dots it is sharp, and cheaper
        left, top = (round(at * ratio) / ratio for at in corner)
        target = QRectF(left, top, (x1 - x0) / ratio, (y1 - y0) / ratio)
    smooth = not as_it_is and viewport.scale / across < NEAREST_FROM
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.drawImage(target, image, QRectF(x0, y0, x1 - x0, y1 - y0))


def _wrapped(array: NDArray[np.uint8] | None) -> QImage:
    """A QImage over the memory of an (H, W, 4) BGRA array, without a copy."""
    if array is None or array.size == 0:
        return QImage()
    if array.ndim != 3 or array.shape[2] != 4 or array.strides[1:] != (4, 1):
        raise ValueError(f"A raster is (height, width, 4) bytes with whole pixels in a row, not {array.shape}.")
    height, width, _ = array.shape
    return QImage(array.data, width, height, array.strides[0], QImage.Format.Format_RGB32)
