"""Cut-out pictures of kinds, tight around what is visible, rotated and flipped ahead of time."""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.domain.errors import GroundworkError
from engine.synthesis.kinds import COLOURS

Pixels = NDArray[np.uint8]

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
_GLYPH_SIZE = 109  # the only size that the font's bitmaps come in
_CANVAS = 192
_SHAPE_SIDE = 112
_OPAQUE = 96  # alpha from which a pixel counts as visible


@lru_cache(maxsize=4096)
def sprite(name: str, glyph: str, colour: str, angle: int, flipped: bool) -> Pixels:
    """RGBA cut-out [h, w, 4] whose edges are the edges of what is visible; `angle` in degrees."""
    drawn = _glyph(glyph) if glyph else _shape(name, colour)
    if flipped:
        drawn = drawn[:, ::-1]
    if angle:
        turn = cv2.getRotationMatrix2D((_CANVAS / 2, _CANVAS / 2), angle, 1.0)
        drawn = cv2.warpAffine(_premultiplied(drawn), turn, (_CANVAS, _CANVAS), flags=cv2.INTER_LINEAR)
    else:
        drawn = _premultiplied(drawn)
    return _tight(np.asarray(drawn, np.uint8))


def _premultiplied(rgba: Pixels) -> Pixels:
    colour = rgba[..., :3].astype(np.uint16) * rgba[..., 3:] // 255
    return np.ascontiguousarray(np.concatenate([colour.astype(np.uint8), rgba[..., 3:]], axis=2))


def _tight(rgba: Pixels) -> Pixels:
    seen = rgba[..., 3] >= _OPAQUE
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not rows.size:
        raise GroundworkError("A glyph of the emoji font is empty; install the package fonts-noto-color-emoji.")
    return np.ascontiguousarray(rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(str(FONT), _GLYPH_SIZE)
    except OSError as error:
        raise GroundworkError(f"{FONT} is missing; install the package fonts-noto-color-emoji.") from error


@lru_cache(maxsize=1024)
def _glyph(glyph: str) -> Pixels:
    page = Image.new("RGBA", (_CANVAS, _CANVAS), (0, 0, 0, 0))
    middle = _CANVAS // 2
    ImageDraw.Draw(page).text((middle, middle), glyph, font=_font(), embedded_color=True, anchor="mm")
    return np.asarray(page)


@lru_cache(maxsize=64)
def _shape(name: str, colour: str) -> Pixels:
    zoom = 4
    page = Image.new("RGBA", (_CANVAS * zoom, _CANVAS * zoom), (0, 0, 0, 0))
    low, high = (_CANVAS - _SHAPE_SIDE) // 2 * zoom, (_CANVAS + _SHAPE_SIDE) // 2 * zoom
    _DRAW[name](ImageDraw.Draw(page), low, high, (*COLOURS[colour], 255))
    return np.asarray(page.resize((_CANVAS, _CANVAS), Image.Resampling.BOX))


Ink = tuple[int, int, int, int]


def _circle(pen: ImageDraw.ImageDraw, low: int, high: int, ink: Ink) -> None:
    pen.ellipse((low, low, high, high), fill=ink)


def _ring(pen: ImageDraw.ImageDraw, low: int, high: int, ink: Ink) -> None:
    pen.ellipse((low, low, high, high), outline=ink, width=(high - low) // 5)


def _square(pen: ImageDraw.ImageDraw, low: int, high: int, ink: Ink) -> None:
    pen.rectangle((low, low, high, high), fill=ink)


def _triangle(pen: ImageDraw.ImageDraw, low: int, high: int, ink: Ink) -> None:
    pen.polygon(((low, high), (high, high), ((low + high) // 2, low)), fill=ink)


def _cross(pen: ImageDraw.ImageDraw, low: int, high: int, ink: Ink) -> None:
    third = (high - low) // 3
    pen.rectangle((low + third, low, high - third, high), fill=ink)
    pen.rectangle((low, low + third, high, high - third), fill=ink)


def _star(pen: ImageDraw.ImageDraw, low: int, high: int, ink: Ink) -> None:
    middle, radius = (low + high) / 2, (high - low) / 2
    turns = np.arange(10) * np.pi / 5 - np.pi / 2
    reach = np.where(np.arange(10) % 2 == 0, radius, radius * 0.42)
    corners = zip(middle + reach * np.cos(turns), middle + reach * np.sin(turns), strict=True)
    pen.polygon([(float(x), float(y)) for x, y in corners], fill=ink)


_DRAW = {"circle": _circle, "ring": _ring, "square": _square, "triangle": _triangle, "cross": _cross, "star": _star}
