"""Deep pictures: values of more than 8 bits a channel, of which a window is drawn from black to white."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from engine.media.orientation import Region

Window = tuple[float, float]

_GREY = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
_BITS = 258
# The window of a picture is taken from about so many of its pixels.
_SAMPLE = 1_000_000


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether an opened picture has more than 8 bits a channel that we show."""
    return image.mode in _GREY or is_deep_colour(image)


def is_deep_colour(image: ImageFile.ImageFile) -> bool:
    """Colour with 16 bits a channel, of which Pillow would keep 8."""
    if image.mode not in {"RGB", "RGBA"}:
        return False
    tags = getattr(image, "tag_v2", None)
    if tags is not None:
        bits = tags.get(_BITS, (8,))
        return len(bits) >= 3 and max(bits) > 8
    return image.format == "PNG" and any(tile.args in {"RGB;16B", "RGBA;16B"} for tile in image.tile)


def halves(image: ImageFile.ImageFile, again: ImageFile.ImageFile) -> tuple[Image.Image, Image.Image]:
    """The upper and the lower byte of each value of deep colour, from the file opened twice."""
    # Pillow keeps the upper byte; told the other byte order, it keeps the lower one.
    return _kept(image, swapped=False), _kept(again, swapped=True)


class DeepPicture:
    """Decoded values as Pillow holds them: those of grey in one image, the bytes of colour in two."""

    def __init__(self, *parts: Image.Image) -> None:
        self._parts = parts

    def levels(self) -> Window:
        """The 0.1 and 99.9 percentiles of the whole."""
        width, height = self._parts[0].size
        share = min(math.sqrt(_SAMPLE / (width * height)), 1.0)
        size = (math.ceil(width * share), math.ceil(height * share))
        return _levels(_values([part.resize(size, Image.Resampling.NEAREST) for part in self._parts]))

    def shown(self, box: Region, window: Window) -> Image.Image:
        """`box` of it in 8 bits, `window` drawn from black to white."""
        low, high = window
        values = _values([part.crop(box) for part in self._parts]).astype(np.float32)
        shades = np.clip((values - low) * (255.0 / max(high - low, 1e-12)), 0.0, 255.0)
        return Image.fromarray(np.nan_to_num(shades).round().astype(np.uint8))


def _kept(image: ImageFile.ImageFile, *, swapped: bool) -> Image.Image:
    image.tile = [tile._replace(args=_as_asked(tile.args, swapped=swapped)) for tile in image.tile]
    return image.convert("RGB")


def _as_asked(args: tuple[Any, ...] | str | None, *, swapped: bool) -> tuple[Any, ...]:
    """A decoder's arguments, of which the first names what is stored: RGB;16B, for one."""
    stored, *rest = args if isinstance(args, tuple) else (str(args),)
    # Colours that were multiplied by their alpha are taken as they are.
    stored = stored.replace("RGBa", "RGBA")
    if swapped:
        stored = stored[:-1] + ("L" if stored.endswith("B") else "B")
    return (stored, *rest)


def _values(parts: Sequence[Image.Image]) -> NDArray[np.generic]:
    """(h, w) or (h, w, 3 RGB) values of any depth."""
    if len(parts) == 1:
        return np.asarray(parts[0])
    upper, lower = (np.asarray(part) for part in parts)
    return upper * np.uint16(256) + lower


def _levels(values: NDArray[np.generic]) -> Window:
    sample = values.astype(np.float64)
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(sample, (0.1, 99.9))
    return (float(low), float(high)) if high > low else (float(low), float(low) + 1.0)
