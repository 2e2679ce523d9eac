"""Deep pictures: values of more than 8 bits a channel, of which a window is drawn from black to white."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from engine.media.orientation import Region

Window = tuple[float, float]

_GREY = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
# Tags of a TIFF, and what of them it has if it says nothing.
_BITS, _PHOTOMETRIC, _PLANES, _FORMAT = 258, 262, 284, 339
_UNSIGNED = (1,)
# Depths of a PNG of which Pillow would keep the upper byte.
_PNG = {"RGB;16B", "RGBA;16B", "LA;16B"}
# The window of a picture is taken from about so many of its pixels.
_SAMPLE = 1_000_000


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether an opened picture, not loaded yet, has more than 8 bits a channel that we show."""
    if image.mode in _GREY:
        return True
    if image.mode not in {"RGB", "RGBA"}:
        return False
    if image.format == "PNG":
        return any(tile.args in _PNG for tile in image.tile)
    return max(_tags(image).get(_BITS, (8,))) > 8


def has_planes(image: ImageFile.ImageFile) -> bool:
    """Whether channels of more than 8 bits lie apart in the file, which Pillow does not read."""
    bits = _tags(image).get(_BITS, (8,))
    return _tags(image).get(_PLANES) == 2 and len(bits) > 1 and max(bits) > 8


def halves(image: ImageFile.ImageFile, again: ImageFile.ImageFile) -> tuple[Image.Image, ...]:
    """All bytes of deep colour, the file opened twice: upper and lower ones, or both as if of four channels."""
    if image.tile and image.tile[0].args == "LA;16B":
        image.tile = [tile._replace(args="RGBA") for tile in image.tile]
        image.load()
        return (image,)
    # Pillow keeps the upper byte; told the other byte order, it keeps the lower one.
    return _kept(image, swapped=False), _kept(again, swapped=True)


class DeepPicture:
    """Decoded values as Pillow holds them: those of grey in one image, the bytes of colour in two."""

    def __init__(self, opened: ImageFile.ImageFile, *parts: Image.Image) -> None:
        """`opened` tells how the values of `parts` are meant."""
        tags = _tags(opened)
        self._parts = parts
        self._white_first = tags.get(_PHOTOMETRIC) == 0
        # Pillow takes every value of 32 bits for a signed one.
        self._unsigned = tags.get(_BITS) == (32,) and tags.get(_FORMAT, _UNSIGNED) == _UNSIGNED

    def levels(self) -> Window:
        """The 0.1 and 99.9 percentiles of the whole."""
        width, height = self._parts[0].size
        share = min(math.sqrt(_SAMPLE / (width * height)), 1.0)
        size = (math.ceil(width * share), math.ceil(height * share))
        return _levels(self._values([part.resize(size, Image.Resampling.NEAREST) for part in self._parts]))

    def shown(self, box: Region, window: Window) -> Image.Image:
        """`box` of it in 8 bits, `window` drawn from black to white, or the other way round as the file says."""
        low, high = window
        parts = [part.crop(box) for part in self._parts]
        values = self._values(parts).astype(np.float32)
        shades = np.clip((values - low) * (255.0 / max(high - low, 1e-12)), 0.0, 255.0)
        drawn = np.nan_to_num(shades).round().astype(np.uint8)
        image = Image.fromarray(255 - drawn if self._white_first else drawn)
        if parts[0].mode == "RGBA":
            # The alpha's upper byte.
            image.putalpha(parts[0].getchannel("B" if len(parts) == 1 else "A"))
        return image

    def _values(self, parts: Sequence[Image.Image]) -> NDArray[np.generic]:
        """(h, w) or (h, w, 3 RGB) values of any depth."""
        upper, lower = np.asarray(parts[0]), np.asarray(parts[-1])
        if len(parts) == 2:
            return upper[..., :3] * np.uint16(256) + lower[..., :3]
        if parts[0].mode == "RGBA":
            return upper[..., 0] * np.uint16(256) + upper[..., 1]
        return upper.view(np.uint32) if self._unsigned else upper


def _tags(image: ImageFile.ImageFile) -> Mapping[int, Any]:
    return getattr(image, "tag_v2", {})


def _kept(image: ImageFile.ImageFile, *, swapped: bool) -> Image.Image:
    image.tile = [tile._replace(args=_as_asked(tile.args, swapped=swapped)) for tile in image.tile]
    image.load()
    # What beside the colours lies in a TIFF may be anything.
    return image if image.format == "PNG" else image.convert("RGB")


def _as_asked(args: tuple[Any, ...] | str | None, *, swapped: bool) -> tuple[Any, ...]:
    """A decoder's arguments, of which the first names what is stored: RGB;16B, for one."""
    stored, *rest = args if isinstance(args, tuple) else (str(args),)
    # Colours that were multiplied by their alpha are taken as they are.
    stored = stored.replace("RGBa", "RGBA")
    if swapped:
        stored = stored[:-1] + ("L" if stored.endswith("B") else "B")
    return (stored, *rest)


def _levels(values: NDArray[np.generic]) -> Window:
    sample = values.astype(np.float64)
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(sample, (0.1, 99.9))
    return (float(low), float(high)) if high > low else (float(low), float(low) + 1.0)
