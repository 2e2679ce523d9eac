"""Change of sample rate by a windowed sinc, in blocks, so that an hour of sound needs little memory.

Low-pass of 6 zero crossings under a squared-cosine window, cut at 0.99 of the lower half rate.
"""

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

_CROSSINGS = 6
_ROLLOFF = 0.99

Array = NDArray[np.float32]


def resampled(blocks: Iterable[Array], rate: int, wanted: int) -> Iterator[Array]:
    """Blocks of mono samples at `rate` as blocks at `wanted`; together ceil(N * wanted / rate) samples."""
    if rate == wanted:
        yield from blocks
        return
    shared = math.gcd(rate, wanted)
    step, made = rate // shared, wanted // shared
    kernel, width = _kernel(step, made)
    held = np.zeros(width, np.float32)
    total = written = 0
    for block in blocks:
        total += len(block)
        held = np.concatenate((held, block))
        groups = max(0, (len(held) - 2 * width - step) // step + 1)
        if groups:
            written += groups * made
            yield _apply(held, kernel, step, groups)
            held = held[groups * step :]
    missing = -(-made * total // step) - written
    if missing > 0:
        groups = -(-missing // made)
        tail = np.zeros((groups - 1) * step + kernel.shape[1], np.float32)
        tail[: min(len(held), len(tail))] = held[: len(tail)]
        yield _apply(tail, kernel, step, groups)[:missing]


def _apply(samples: Array, kernel: Array, step: int, groups: int) -> Array:
    """`groups` steps of input, each giving one output sample per row of the kernel."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, kernel.shape[1])[::step][:groups]
    return np.ascontiguousarray(windows @ kernel.T).reshape(-1)


def _kernel(step: int, made: int) -> tuple[Array, int]:
    """One row per phase, and how many samples of context there are on each side."""
    cut = min(step, made) * _ROLLOFF
    width = math.ceil(_CROSSINGS * step / cut)
    ticks = np.arange(-width, width + step)[None] / step
    times = (np.arange(0, -made, -1)[:, None] / made + ticks) * cut
    times = np.clip(times, -_CROSSINGS, _CROSSINGS)
    window = np.cos(times * math.pi / _CROSSINGS / 2) ** 2
    return (np.sinc(times) * window * cut / step).astype(np.float32), width
