"""Media for lessons, drawn from a seed straight at the model's size: arrays with the truth beside them."""

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.groundling.design import HEARING, SEEING, STEPS, WATCHING
from engine.media.sampling import frame_values, sound_values, square
from engine.synthesis import clips, pictures, sounds
from engine.synthesis.clips import Clip, ClipWorld
from engine.synthesis.kinds import KNOWN, Kind, strangers
from engine.synthesis.material import SoundKind, material
from engine.synthesis.pictures import Scene, World
from engine.synthesis.sounds import Sounding, SoundWorld

Array = NDArray[np.float32]
_MEAN = np.array(SEEING.mean, np.float32) * 255
_DEVIATION = np.array(SEEING.deviation, np.float32) * 255
_DIRECT = 0.4  # share of pictures drawn at the model's own size
_OFTEN = 15
_ALIKE = 0.6  # share of pictures with many things of one name


def _mixed() -> tuple[Kind, ...]:
    """Known kinds, and every third time a stranger."""
    return (*KNOWN * _OFTEN, *strangers())


class Worlds(Struct, frozen=True):
    """What the lessons are about; `alike` are pictures in which a name is seldom enough.

    `mixed` have kinds in them that the model need not know, so that it learns what a thing is, and to spell names.
    """

    pictures: World = World(things=(2, 5))
    alike: World = World(things=(2, 5), twins=0.65, shapes=0.45)
    mixed: World = World(_mixed(), things=(2, 5), twins=0.45)
    clips: ClipWorld = ClipWorld()
    sounds: SoundWorld = SoundWorld()

    def either(self, rng: np.random.Generator) -> World:
        """What pictures are drawn from: more often than not those that need more than a name."""
        return self.alike if rng.random() < _ALIKE else self.pictures


def picture(rng: np.random.Generator, world: World) -> tuple[Array, Scene]:
    """Values (3, S, S) and truth; drawn larger and shrunk as often as not, as real files are."""
    side = SEEING.crop if rng.random() < _DIRECT else int(rng.integers(SEEING.crop + 32, 400))
    page, scene = pictures.picture(rng, world, side)
    padded = square(page, SEEING.pad or (0, 0, 0))
    if side != SEEING.crop:
        padded = cv2.resize(padded, (SEEING.crop, SEEING.crop), interpolation=cv2.INTER_AREA)
    values = (padded.astype(np.float32) - _MEAN) / _DEVIATION
    return np.ascontiguousarray(values.transpose(2, 0, 1)), scene


def slides(rng: np.random.Generator, world: ClipWorld) -> tuple[Array, tuple[Scene, ...]]:
    """Values (3, T, F, F) of a clip each of whose moments shows another picture, and their truths."""
    drawn = [
        pictures.picture(rng, world.drawn, int(rng.integers(WATCHING.side, 2 * WATCHING.side))) for _ in range(STEPS)
    ]
    size = (WATCHING.side, WATCHING.side)
    frames = [cv2.resize(page, size, interpolation=cv2.INTER_AREA) for page, _ in drawn]
    return frame_values(np.stack(frames), WATCHING), tuple(scene for _, scene in drawn)


def clip(rng: np.random.Generator, world: ClipWorld) -> tuple[Array, Clip]:
    """Values (3, T, F, F) and truth."""
    scene = clips.clip(rng, world, int(rng.integers(WATCHING.side, 2 * WATCHING.side)))
    size = (WATCHING.side, WATCHING.side)
    frames = [
        cv2.resize(scene.frame(place * scene.seconds / STEPS), size, interpolation=cv2.INTER_AREA)
        for place in range(STEPS)
    ]
    return frame_values(np.stack(frames), WATCHING), scene


def sound(
    rng: np.random.Generator, world: SoundWorld, only: SoundKind | None = None
) -> tuple[Array, float, tuple[Sounding, ...]]:
    """Values (W, 1, bins, frames), seconds and truth."""
    samples, seconds, events = sounds.sound(rng, world, material(), only=only)
    return sound_values(samples, HEARING), seconds, events
