"""Pictures of the drawn world with their truth: seeded, the same for the same seed on every machine."""

from typing import Literal

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain.geometry import Box
from engine.synthesis import sprites
from engine.synthesis.kinds import COLOURS, KNOWN, SHAPES, Kind

Pixels = NDArray[np.uint8]
Backdrop = Literal["plain", "gradient", "texture", "clutter"]

_BACKDROPS: tuple[Backdrop, ...] = ("plain", "gradient", "texture", "clutter")
_TRIES = 12


class World(Struct, frozen=True):
    """How far the generator reaches. `sizes` and `overlap` are fractions (of the longer side; of the smaller thing).

    `aspects` are width / height, `turn` is the largest rotation in degrees, `shapes` the share of coloured shapes and
    `twins` the chance that a thing repeats a kind that is already there.
    """

    kinds: tuple[Kind, ...] = KNOWN
    things: tuple[int, int] = (1, 5)
    sizes: tuple[float, float] = (0.14, 0.5)
    aspects: tuple[float, float] = (0.5, 2.0)
    turn: int = 20
    overlap: float = 0.2
    shapes: float = 0.3
    twins: float = 0.3


class Thing(Struct, frozen=True):
    """One drawn thing: its kind, its colour ("" for glyphs) and its box in pixels of the picture."""

    kind: Kind
    colour: str
    box: Box

    @property
    def name(self) -> str:
        return f"{self.colour} {self.kind.name}" if self.colour else self.kind.name


class Scene(Struct, frozen=True):
    """Size of the picture (width, height) and what stands in it, far things first."""

    size: tuple[int, int]
    things: tuple[Thing, ...]


def picture(rng: np.random.Generator, world: World, side: int) -> tuple[Pixels, Scene]:
    """A random picture whose longer side is `side` pixels: RGB [height, width, 3] and its truth."""
    size = _size(rng, world, side)
    page = background(rng, size)
    things: list[Thing] = []
    for _ in range(int(rng.integers(world.things[0], world.things[1] + 1))):
        kind, colour = choose(rng, world, things)
        thing = _placed(rng, world, size, (kind, colour), things)
        if thing:
            things.append(thing)
            paste(page, cutout(rng, world, kind, colour), thing.box)
    if not things:
        return picture(rng, world, side)
    return page, Scene(size, tuple(things))


def choose(rng: np.random.Generator, world: World, there: list[Thing]) -> tuple[Kind, str]:
    """A kind and its colour; now and then one that is there already."""
    if there and rng.random() < world.twins:
        twin = there[int(rng.integers(len(there)))]
        recolour = twin.colour and rng.random() < 0.6
        return twin.kind, _colour(rng) if recolour else twin.colour
    if rng.random() < world.shapes:
        return SHAPES[int(rng.integers(len(SHAPES)))], _colour(rng)
    return world.kinds[int(rng.integers(len(world.kinds)))], ""


def cutout(rng: np.random.Generator, world: World, kind: Kind, colour: str) -> Pixels:
    """The kind as drawn this once: rotated a little, perhaps mirrored."""
    steps = max(world.turn // 5, 0)
    angle = 5 * int(rng.integers(-steps, steps + 1))
    if kind.name in {"square", "cross", "triangle"}:
        angle = 0
    return sprites.sprite(kind.name, kind.glyph, colour, angle, bool(rng.random() < 0.5))


def paste(page: Pixels, cut: Pixels, box: Box) -> None:
    """Draw a cut-out so that it fills `box` (whole pixels)."""
    x0, y0, x1, y1 = (round(edge) for edge in box.edges)
    shrinks = cut.shape[0] >= y1 - y0
    fitted = cv2.resize(cut, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    under = page[y0:y1, x0:x1]
    clear = 255 - fitted[..., 3:].astype(np.uint16)
    under[:] = np.minimum(fitted[..., :3] + (under * clear + 127) // 255, 255)


def background(rng: np.random.Generator, size: tuple[int, int]) -> Pixels:
    """A backdrop [height, width, 3]: plain, a gradient, a soft texture, or faint clutter."""
    width, height = size
    look = _BACKDROPS[int(rng.integers(len(_BACKDROPS)))]
    tint = rng.integers(60, 256, 3)
    page = np.empty((height, width, 3), np.uint8)
    page[:] = tint
    if look == "gradient":
        corners = np.clip(tint + rng.integers(-90, 91, (2, 2, 3)), 0, 255).astype(np.uint8)
        return np.asarray(cv2.resize(corners, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    if look == "texture":
        grain = int(rng.integers(4, 17))
        coarse = np.clip(tint + rng.normal(0, 22, (grain, grain, 3)), 0, 255).astype(np.uint8)
        return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    if look == "clutter":
        _scribble(rng, page, tint)
    return page


def _scribble(rng: np.random.Generator, page: Pixels, tint: NDArray[np.int64]) -> None:
    height, width = page.shape[:2]
    thick = max(1, max(width, height) // 64)
    for _ in range(int(rng.integers(4, 12))):
        ends = rng.integers(0, (width, height), (2, 2))
        ink = np.clip(tint + rng.integers(-40, 41, 3), 0, 255)
        cv2.line(page, ends[0].tolist(), ends[1].tolist(), ink.tolist(), thick, cv2.LINE_AA)


def _colour(rng: np.random.Generator) -> str:
    return tuple(COLOURS)[int(rng.integers(len(COLOURS)))]


def _size(rng: np.random.Generator, world: World, side: int) -> tuple[int, int]:
    aspect = float(np.exp(rng.uniform(*np.log(world.aspects))))
    return (side, max(round(side / aspect), 8)) if aspect >= 1 else (max(round(side * aspect), 8), side)


def _placed(
    rng: np.random.Generator, world: World, size: tuple[int, int], what: tuple[Kind, str], there: list[Thing]
) -> Thing | None:
    """A free place for one more thing, or None when the picture is full."""
    kind, colour = what
    rows, columns = sprites.sprite(kind.name, kind.glyph, colour, 0, False).shape[:2]
    for _ in range(_TRIES):
        reach = max(size) * float(np.exp(rng.uniform(*np.log(world.sizes))))
        reach = min(reach, min(size) * 0.9)
        stretch = float(rng.uniform(0.9, 1.1))
        width = min(round(reach * columns / max(rows, columns) * stretch), size[0])
        height = min(round(reach * rows / max(rows, columns) / stretch), size[1])
        if min(width, height) < 6:
            continue
        left, top = int(rng.integers(0, size[0] - width + 1)), int(rng.integers(0, size[1] - height + 1))
        box = Box(left, top, left + width, top + height)
        if all(_shared(box, other.box) <= world.overlap for other in there):
            return Thing(kind, colour, box)
    return None


def _shared(a: Box, b: Box) -> float:
    """Overlap as a fraction of the smaller box."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return max(width, 0.0) * max(height, 0.0) / min(a.area, b.area)
