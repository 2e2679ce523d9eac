"""Clips of the drawn world: things appear, move and leave; every frame can be drawn for itself."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain.geometry import Box, clipped
from engine.synthesis import pictures
from engine.synthesis.pictures import Pixels, World
from engine.synthesis.sounds import SoundWorld, stretches


class ClipWorld(Struct, frozen=True):
    """How far the generator reaches: seconds of a clip, how many things come and go, and how short they may stay."""

    drawn: World = World(things=(1, 3), sizes=(0.3, 0.55), aspects=(0.75, 1.8), twins=0.0, shapes=0.25)
    seconds: tuple[float, float] = (2.0, 20.0)
    shortest: float = 0.2
    speed: float = 0.5


class Actor(Struct, frozen=True):
    """A thing with its name, cut-out, first and last box, and the seconds from which and until when it is shown."""

    name: str
    cut: Pixels
    first: Box
    last: Box
    start: float
    end: float

    def box_at(self, seconds: float) -> Box | None:
        """Where it is, in whole pixels of the picture; None while it is not shown."""
        if not self.start <= seconds < self.end:
            return None
        share = (seconds - self.start) / (self.end - self.start)
        edges = (round(a + (b - a) * share) for a, b in zip(self.first.edges, self.last.edges, strict=True))
        x0, y0, x1, y1 = edges
        return Box(x0, y0, max(x1, x0 + 1), max(y1, y0 + 1))


class Clip(Struct, frozen=True):
    """A clip before it is drawn: size (width, height), seconds, backdrop and actors, in order of appearance."""

    size: tuple[int, int]
    seconds: float
    backdrop: Pixels
    actors: tuple[Actor, ...]

    def frame(self, seconds: float) -> NDArray[np.uint8]:
        """RGB [height, width, 3] at that time."""
        page = self.backdrop.copy()
        for actor in self.actors:
            box = actor.box_at(seconds)
            inside = clipped(box, *self.size) if box else None
            if inside:
                pictures.paste(page, actor.cut, inside)
        return page


def clip(rng: np.random.Generator, world: ClipWorld, side: int) -> Clip:
    """A random clip whose longer side is `side` pixels; no two things of one name."""
    drawn = world.drawn
    aspect = float(np.exp(rng.uniform(*np.log(drawn.aspects))))
    size = (side, round(side / aspect)) if aspect >= 1 else (round(side * aspect), side)
    seconds = round(float(rng.uniform(*world.seconds)), 1)
    names: dict[str, Pixels] = {}
    for _ in range(int(rng.integers(drawn.things[0], drawn.things[1] + 1))):
        kind, colour = pictures.choose(rng, drawn, [])
        name = f"{colour} {kind.name}" if colour else kind.name
        names.setdefault(name, pictures.cutout(rng, drawn, kind, colour))
    times = _times(rng, world, seconds, len(names))
    actors = [
        Actor(name, cut, *_path(rng, world, size, cut), start, end)
        for (name, cut), (start, end) in zip(names.items(), times, strict=True)
    ]
    return Clip(size, seconds, pictures.background(rng, size), tuple(sorted(actors, key=lambda actor: actor.start)))


def _times(rng: np.random.Generator, world: ClipWorld, seconds: float, count: int) -> list[tuple[float, float]]:
    """One after the other, or each at its own time."""
    if rng.random() < 0.5:
        return stretches(rng, SoundWorld(shortest=world.shortest), seconds, count)
    lone = SoundWorld(shortest=max(world.shortest, 0.3))
    return [stretches(rng, lone, seconds, 1)[0] for _ in range(count)]


def _path(rng: np.random.Generator, world: ClipWorld, size: tuple[int, int], cut: Pixels) -> tuple[Box, Box]:
    """First and last box of one thing, both inside the picture."""
    rows, columns = cut.shape[:2]
    reach = max(size) * float(rng.uniform(*world.drawn.sizes))
    reach = min(reach, 0.9 * min(size))
    width, height = (max(4, round(reach * edge / max(rows, columns))) for edge in (columns, rows))
    room = np.array((size[0] - width, size[1] - height))
    first = rng.integers(0, room + 1)
    step = rng.uniform(-world.speed, world.speed, 2) * size
    last = np.clip(first + step, 0, room).astype(int)
    boxes = [Box(int(x), int(y), int(x) + width, int(y) + height) for x, y in (first, last)]
    return boxes[0], boxes[1]
