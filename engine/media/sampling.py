"""What the model sees and hears of a medium: arrays ready for its encoders, as its manifest prescribes.

Pictures are padded to a square, clips are a few frames squashed to one, sounds are a few windows of a log-mel
spectrogram. Source: GroundingGPT (arXiv 2401.06071), section 3.1, and the published preprocessing.
"""

import math
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray
from PIL import Image

from engine.media.filter_bank import filter_bank

Pixels = NDArray[np.uint8]
Array = NDArray[np.float32]
Colour = tuple[float, float, float]
Side = Annotated[int, Meta(ge=1, le=4096)]
Tone = Annotated[int, Meta(ge=0, le=255)]

CLIP_MEAN: Colour = (0.48145466, 0.4578275, 0.40821073)
CLIP_DEVIATION: Colour = (0.26862954, 0.26130258, 0.27577711)


class Seeing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a picture becomes pixels for the image tower: `resize` is the shorter edge, `crop` the middle of it."""

    resize: Side
    crop: Side
    pad: tuple[Tone, Tone, Tone] | None = (122, 116, 104)
    resample: int = Image.Resampling.BICUBIC
    scale: float = 1 / 255
    mean: Colour = CLIP_MEAN
    deviation: Colour = CLIP_DEVIATION


class Watching(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a clip becomes frames: at most `limit` of them, squashed to `side` x `side`."""

    side: Side
    limit: Side
    mean: Colour = CLIP_MEAN
    deviation: Colour = CLIP_DEVIATION


class Hearing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a sound becomes spectrograms.

    `placement` "thirds" has always `windows` of them, starting at i/windows of what precedes the last window, so that
    the end of a long sound is not heard (the published model); "whole" has as many as the length asks for, up to
    `windows`, evenly from the first to the last sample; "even" has always `windows`, evenly from the first to the last
    sample, so that the place of a window is always the same fraction of the sound.
    """

    windows: Side = 3
    placement: Literal["thirds", "whole", "even"] = "thirds"
    seconds: Annotated[float, Meta(ge=0.1, le=600)] = 2.0
    rate: Annotated[int, Meta(ge=1000, le=192_000)] = 16000
    bins: Side = 128
    frames: Annotated[int, Meta(ge=1, le=65536)] = 204
    mean: float = -4.268
    deviation: float = 9.138


def square(picture: Pixels, colour: tuple[int, int, int]) -> Pixels:
    """(H, W, 3) centred in a square of the longer side, offset floor(difference / 2)."""
    height, width, _ = picture.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    padded = np.empty((side, side, 3), np.uint8)
    padded[:] = np.asarray(colour, np.uint8)
    padded[top : top + height, left : left + width] = picture
    return padded


def picture_values(picture: Pixels, seeing: Seeing) -> Array:
    """RGB (H, W, 3) -> (3, crop, crop)."""
    padded = picture if seeing.pad is None else square(picture, seeing.pad)
    height, width, _ = padded.shape
    short = min(height, width)
    size = (int(seeing.resize * width / short), int(seeing.resize * height / short))
    resized = np.asarray(Image.fromarray(padded).resize(size, Image.Resampling(seeing.resample)))
    return _normal(_middle(resized, seeing.crop), seeing.scale, seeing.mean, seeing.deviation)


def frame_values(frames: Pixels, watching: Watching) -> Array:
    """Squashed RGB frames (T, side, side, 3) -> (3, T, side, side)."""
    values = [_normal(frame, 1 / 255, watching.mean, watching.deviation) for frame in frames]
    return np.ascontiguousarray(np.stack(values, axis=1))


def frame_indices(count: int, limit: int) -> list[int]:
    """Which frames of `count` are shown to a model that takes `limit`."""
    shown = min(limit, count)
    return [int(place) for place in np.arange(0, count, count / shown)[:shown]] if shown > 0 else []


def window_ranges(samples: int, hearing: Hearing) -> list[tuple[int, int]]:
    """Sample ranges of the windows in a sound of `samples` at the model's rate; they may reach past a short one."""
    room = Fraction(max(samples / hearing.rate - hearing.seconds, 0.0))
    if hearing.placement == "thirds":
        starts = [room / hearing.windows * place for place in range(hearing.windows)]
    else:
        needed = math.ceil(samples / hearing.rate / hearing.seconds)
        count = hearing.windows if hearing.placement == "even" else max(1, min(hearing.windows, needed))
        starts = [room * place / max(count - 1, 1) for place in range(count)]
    length = Fraction(hearing.seconds)
    return [(int(start * hearing.rate), int((start + length) * hearing.rate)) for start in starts]


def sound_values(samples: Array, hearing: Hearing) -> Array:
    """Mono samples at the model's rate -> (windows, 1, bins, frames). What a short sound lacks stays empty."""
    ranges = window_ranges(len(samples), hearing)
    return np.ascontiguousarray([_spectrogram(samples[start:end], hearing)[None] for start, end in ranges])


def _spectrogram(samples: Array, hearing: Hearing) -> Array:
    bank = filter_bank(samples, hearing.rate, hearing.bins)[:, : hearing.frames]
    padded = np.pad(bank, ((0, 0), (0, hearing.frames - bank.shape[1])))
    return ((padded - np.float32(hearing.mean)) / np.float32(hearing.deviation)).astype(np.float32)


def _middle(picture: Pixels, side: int) -> Pixels:
    """The middle `side` x `side`, black where the picture is smaller."""
    height, width, _ = picture.shape
    if min(height, width) < side:
        padded = np.zeros((max(height, side), max(width, side), 3), np.uint8)
        top, left = math.ceil((len(padded) - height) / 2), math.ceil((padded.shape[1] - width) / 2)
        padded[top : top + height, left : left + width] = picture
        picture, height, width = padded, len(padded), padded.shape[1]
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]


def _normal(picture: Pixels, scale: float, mean: Colour, deviation: Colour) -> Array:
    values = np.multiply(picture, scale, dtype=np.float64).astype(np.float32)
    values = np.divide(values - np.asarray(mean, np.float32), np.asarray(deviation, np.float32), dtype=np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1))
