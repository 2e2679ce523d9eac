"""The log-mel filter bank that sound encoders of the Kaldi tradition were trained on.

25 ms frames every 10 ms, their mean removed, pre-emphasis 0.97, symmetric Hann window, power spectrum, triangular
filters on the mel scale from 20 Hz to half the rate, logarithm; no dither.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

_LOWEST = 20.0
_EMPHASIS = 0.97
_FLOOR = float(np.finfo(np.float32).eps)

Array = NDArray[np.float32]


def filter_bank(samples: Array, rate: int, bins: int) -> Array:
    """Mono samples (N,) in -1..1 -> (bins, frames) natural logarithms of power."""
    length, hop = rate * 25 // 1000, rate * 10 // 1000
    size = 1 << (length - 1).bit_length()
    if len(samples) < length:
        return np.zeros((bins, 0), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, length)[::hop].astype(np.float64)
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate((frames[:, :1], frames[:, :-1]), axis=1)
    windowed = (frames - _EMPHASIS * before) * np.hanning(length)
    power = np.abs(np.fft.rfft(windowed, size)) ** 2
    energy = power[:, : size // 2] @ _filters(bins, size, rate)
    return np.log(np.maximum(energy, _FLOOR)).T.astype(np.float32)


@cache
def _filters(bins: int, size: int, rate: int) -> NDArray[np.float64]:
    """Triangles (size / 2, bins), equally wide in mel."""
    low, high = _mel(np.array(_LOWEST)), _mel(np.array(rate / 2))
    step = (high - low) / (bins + 1)
    left = low + np.arange(bins) * step
    mel = _mel(np.arange(size // 2) * rate / size)[:, None]
    rising, falling = (mel - left) / step, (left + 2 * step - mel) / step
    return np.maximum(0.0, np.minimum(rising, falling))


def _mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1127.0 * np.log1p(hertz / 700.0)
