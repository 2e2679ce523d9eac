"""Following one thing from frame to frame by what it looks like.

Template matching with normalised correlation, a few sizes about the last one, parabolic below a pixel: the most exact
of the ways tried on clips with known truth (docs/benchmarks.md).
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image

from engine.domain.errors import MediaError
from engine.domain.geometry import Box
from engine.domain.tracks import Leg, Tracked
from engine.media.convert import Converter
from engine.media.index import frame_index
from engine.media.orientation import Pixels
from engine.media.probe import probe
from engine.media.video import Decoded, VideoReader

# Frames are followed at no more than this size, things at this many pixels of their longer edge.
_VIEW = (640, 640)
_SIDE = 56
# Half as wide again on every side is where a thing may have gone from one frame to the next.
_REACH, _LEAST_REACH = 0.35, 6.0
# A rim of the background keeps a thing of one plain colour apart from it.
_RIM = 0.06
_SIZES = (1.0, 0.97, 1.03)
# A change of size must earn more than this.
_STEADY = 0.004
_SMALLEST = 4
_LOOKS = 2
# Where values vary by less than a tenth about their mean, correlation means nothing.
_PLAIN = 0.01
# Transforms of these lengths are quick.
_EVEN = 16


class Match(Struct, frozen=True):
    """A box in pixels of the frame and its correlation, -1..1."""

    box: Box
    score: float


class Follower:
    """One clip, open to follow things through. Not to be used by two threads at once; `close` it.

    What a thing looks like is taken from the first box that is known and from the newest.
    """

    def __init__(self, path: Path) -> None:
        known = probe(path)
        self._index = frame_index(path)
        self._reader = VideoReader(path, self._index)
        self._converter = Converter(known.orientation, _VIEW)
        self._looks: list[Pixels] = []
        self._scale = 1.0
        self.frames: list[int] = self._index.pts.tolist()
        """PTS of every frame."""
        self.end = self._index.end

    def close(self) -> None:
        self._reader.close()

    def follow(self, leg: Leg, told: Callable[[float, float], None]) -> list[Tracked]:
        """Where the thing is on each frame of a leg but the first; `told(done, total)` may raise to stop."""
        frames = self._read(min(leg.start, leg.end), max(leg.start, leg.end), told)
        if leg.end < leg.start:
            frames.reverse()
        box = _scaled(leg.box, self._scale)
        if leg.fresh:
            self._looks = [*self._looks[:1], cut(frames[0][1], box)][-_LOOKS:]
        found = []
        for done, (pts, pixels) in enumerate(frames[1:]):
            told(len(frames) + done, 2 * len(frames))
            match = best(pixels, box, self._looks)
            box = match.box
            found.append(Tracked(pts, _scaled(box, 1 / self._scale), min(max(match.score, 0.0), 1.0)))
        return found

    def _read(self, first: int, last: int, told: Callable[[float, float], None]) -> list[tuple[int, Pixels]]:
        read: list[tuple[int, Pixels]] = []
        found: Decoded | None = self._reader.at(first)
        wanted = self._index.rank(last) - self._index.rank(first) + 1
        while found is not None and found[0] <= last:
            told(len(read), 2 * wanted)
            frame = self._converter.frame(found[1], found[0])
            self._scale = frame.scale
            read.append((found[0], np.ascontiguousarray(frame.pixels[..., :3])))
            found = self._reader.next()
        if not read:
            raise MediaError(f"{self._reader.path.name} has frames that cannot be decoded; the file is damaged there.")
        return read


def cut(pixels: Pixels, box: Box) -> Pixels:
    """What is in a box, with its rim; beyond the frame its border goes on."""
    x0, y0, x1, y1 = (round(edge) for edge in _rimmed(box).edges)
    return _window(pixels, x0, y0, max(x1 - x0, _SMALLEST), max(y1 - y0, _SMALLEST))


def best(pixels: Pixels, box: Box, looks: list[Pixels]) -> Match:
    """The place near `box` that looks most like one of `looks`; `box` itself with score 0 where nothing fits."""
    found = Match(box, 0.0)
    rimmed = _rimmed(box)
    reach = _REACH * max(rimmed.width, rimmed.height) + _LEAST_REACH
    left, top = round(rimmed.x0 - reach), round(rimmed.y0 - reach)
    part = _window(pixels, left, top, round(rimmed.width + 2 * reach), round(rimmed.height + 2 * reach))
    shrink = min(1.0, _SIDE / max(rimmed.width, rimmed.height))
    small = _resized(part, round(part.shape[1] * shrink), round(part.shape[0] * shrink))
    across, down = small.shape[1] / part.shape[1], small.shape[0] / part.shape[0]
    searched = _Searched(small)
    for look in looks:
        for size in _SIZES:
            columns, rows = round(rimmed.width * size * across), round(rimmed.height * size * down)
            if not (_SMALLEST <= columns <= small.shape[1] and _SMALLEST <= rows <= small.shape[0]):
                continue
            x, y, score = _peak(searched.scores(_resized(look, columns, rows)))
            score -= _STEADY if size != 1.0 else 0.0
            if score > found.score:
                middle = (left + (x + columns / 2) / across, top + (y + rows / 2) / down)
                found = Match(_about(middle, box.width * size, box.height * size), score)
    return found


class _Searched:
    """A picture (h, w, channels) in which smaller ones are sought."""

    def __init__(self, pixels: Pixels) -> None:
        planes = _planes(pixels)
        self._size = planes.shape[1:]
        self._padded = [-(-edge // _EVEN) * _EVEN for edge in self._size]
        self._spectrum = np.fft.rfft2(planes, self._padded)
        self._sums = _summed(planes)
        self._squares = _summed((planes**2).sum(0))

    def scores(self, look: Pixels) -> NDArray[np.floating]:
        """The correlation with `look`, -1..1, for each of its upper left corners; -1 where the picture is plain."""
        planes = _planes(look)
        rows, columns = planes.shape[1:]
        spectrum = (self._spectrum * np.fft.rfft2(planes, self._padded).conj()).sum(0)
        products = np.fft.irfft2(spectrum, self._padded)[: self._size[0] - rows + 1, : self._size[1] - columns + 1]
        means = (_within(self._sums, rows, columns) ** 2).sum(0) / (rows * columns)
        energy = _within(self._squares, rows, columns) - means
        scales = np.sqrt(np.maximum(energy * (planes**2).sum(), 1.0))
        return np.where(energy > _PLAIN * rows * columns, products / scales, -1.0)


def _planes(pixels: Pixels) -> NDArray[np.floating]:
    """(channels, h, w), each about its mean."""
    planes = np.moveaxis(pixels, -1, 0).astype(np.float32, order="C")
    return planes - planes.mean((1, 2), keepdims=True)


def _summed(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """(…, h + 1, w + 1): the sums of all values above and to the left."""
    edges = [(0, 0)] * (values.ndim - 2) + [(1, 0), (1, 0)]
    return np.pad(values, edges).cumsum(-2, dtype=np.float64).cumsum(-1)


def _within(sums: NDArray[np.floating], rows: int, columns: int) -> NDArray[np.floating]:
    """The sum within every window of a size, from the sums above and to the left."""
    tall = sums[..., rows:, :] - sums[..., :-rows, :]
    return np.asarray(tall[..., columns:] - tall[..., :-columns])


def _peak(scores: NDArray[np.floating]) -> tuple[float, float, float]:
    """Where the highest score lies, below a pixel, and how high."""
    row, column = (int(at) for at in np.unravel_index(int(scores.argmax()), scores.shape))
    return column + _parabola(scores[row], column), row + _parabola(scores[:, column], row), float(scores[row, column])


def _parabola(line: NDArray[np.floating], at: int) -> float:
    """How far beside `at` the top of the parabola through three values lies."""
    if not 0 < at < len(line) - 1:
        return 0.0
    before, here, after = (float(value) for value in line[at - 1 : at + 2])
    bend = before - 2 * here + after
    return 0.5 * (before - after) / bend if bend < -1e-9 else 0.0


def _window(pixels: Pixels, left: int, top: int, width: int, height: int) -> Pixels:
    rows = np.arange(top, top + height).clip(0, pixels.shape[0] - 1)
    columns = np.arange(left, left + width).clip(0, pixels.shape[1] - 1)
    return pixels[rows].take(columns, 1)


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


def _rimmed(box: Box) -> Box:
    across, down = _RIM * box.width, _RIM * box.height
    return Box(box.x0 - across, box.y0 - down, box.x1 + across, box.y1 + down)


def _about(middle: tuple[float, float], width: float, height: float) -> Box:
    return Box(middle[0] - width / 2, middle[1] - height / 2, middle[0] + width / 2, middle[1] + height / 2)


def _scaled(box: Box, scale: float) -> Box:
    return Box(*(edge * scale for edge in box.edges))
