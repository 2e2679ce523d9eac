"""The one time axis of the timeline: PTS to pixels, zoom to the cursor, ticks. Pure."""

import math
from itertools import pairwise

from msgspec import Struct

from engine.domain.media import Clock

# A single frame, or instant, is never drawn wider than this.
WIDEST_UNIT = 240.0
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600,
          7200, 14400, 43200)  # fmt: skip


class Axis(Struct, frozen=True):
    """`left` is the PTS at pixel 0, `scale` the PTS per pixel."""

    left: float = 0.0
    scale: float = 1.0

    def to_x(self, pts: float) -> float:
        return (pts - self.left) / self.scale

    def to_pts(self, x: float) -> float:
        return self.left + x * self.scale


def fitted(clock: Clock, width: float) -> Axis:
    """The whole item."""
    return Axis(float(clock.start), max(clock.duration, 1) / max(width, 1.0))


def spanning(start: float, end: float, width: float, share: float = 0.7) -> Axis:
    """A stretch of time in the middle, on `share` of the width."""
    scale = max(end - start, 1.0) / max(width * share, 1.0)
    return Axis((start + end) / 2 - scale * width / 2, scale)


def zoomed(axis: Axis, x: float, factor: float) -> Axis:
    """Zoom in by `factor` while the instant under `x` stays where it is."""
    scale = axis.scale / factor
    return Axis(axis.to_pts(x) - x * scale, scale)


def panned(axis: Axis, dx: float) -> Axis:
    return Axis(axis.left - dx * axis.scale, axis.scale)


def limited(axis: Axis, clock: Clock, width: float, unit: float) -> Axis:
    """Not further out than the whole item, not further in than `unit` (PTS of a frame) on a part of the width."""
    whole = max(clock.duration, 1) / max(width, 1.0)
    scale = min(max(axis.scale, min(unit / WIDEST_UNIT, whole)), whole)
    if scale != axis.scale:
        middle = axis.to_pts(width / 2)
        axis = Axis(middle - scale * width / 2, scale)
    last = clock.start + clock.duration - scale * width
    return Axis(min(max(axis.left, float(clock.start)), max(last, float(clock.start))), scale)


def following(axis: Axis, pts: float, width: float) -> Axis:
    """The axis turned over like a page when `pts` runs out of it."""
    x = axis.to_x(pts)
    return axis if 0 <= x < width else Axis(pts - axis.scale * width * 0.05, axis.scale)


class Tick(Struct, frozen=True):
    """A line on the ruler at pixel `x`; minor ones have no time."""

    x: float
    seconds: float | None = None


def tick_step(seconds_per_pixel: float, room: float = 84.0) -> float:
    """The roundest step in seconds whose names have `room` pixels."""
    wanted = seconds_per_pixel * room
    return next((step for step in _STEPS if step >= wanted), _STEPS[-1] * math.ceil(wanted / _STEPS[-1]))


def decimals(step: float) -> int:
    """How many decimals a step needs."""
    return max(0, math.ceil(-math.log10(step) - 1e-9))


def ticks(axis: Axis, clock: Clock, width: float) -> list[Tick]:
    """Named ticks at round times with four unnamed ones between each two."""
    step = tick_step(axis.scale * clock.num / clock.den)
    last = math.ceil((axis.to_pts(width) - clock.start) * clock.num / clock.den / step)
    first = math.floor((axis.left - clock.start) * clock.num / clock.den / step)
    named = [
        Tick(axis.to_x(clock.start + number * step * clock.den / clock.num), number * step)
        for number in range(max(first, 0), last + 2)
    ]
    minor = [Tick(a.x + (b.x - a.x) * part / 5) for a, b in pairwise(named) for part in range(1, 5)]
    return [tick for tick in named + minor if 0 <= tick.x <= width]
