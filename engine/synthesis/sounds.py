"""Sounds of known content: instruments, speech, tones and noises, each in its own stretch of time."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.synthesis.material import KNOWN_SOUNDS, PIECE, PIECES, RATE, SoundKind, Wave

Samples = NDArray[np.float32]

_FADE = RATE // 50


class SoundWorld(Struct, frozen=True):
    """How far the generator reaches: seconds of a sound, how many kinds sound in it, how loud the quietest floor is."""

    kinds: tuple[SoundKind, ...] = KNOWN_SOUNDS
    seconds: tuple[float, float] = (4.0, 20.0)
    events: tuple[int, int] = (1, 3)
    shortest: float = 0.15
    floor: float = 0.004


class Sounding(Struct, frozen=True):
    """One kind of sound and the seconds from which and until when it is heard."""

    kind: SoundKind
    start: float
    end: float


def sound(
    rng: np.random.Generator, world: SoundWorld, material: dict[str, Wave], *, only: SoundKind | None = None
) -> tuple[Samples, float, tuple[Sounding, ...]]:
    """A random sound at RATE, mono (N,) in -1..1; its length in seconds; what sounds when, in order of time."""
    seconds = round(float(rng.uniform(*world.seconds)), 1)
    count = 1 if only else int(rng.integers(world.events[0], world.events[1] + 1))
    kinds = [only] if only else [world.kinds[place] for place in rng.choice(len(world.kinds), count, replace=False)]
    events = [
        Sounding(kind, start, end)
        for kind, (start, end) in zip(kinds, stretches(rng, world, seconds, count), strict=True)
    ]
    page = rng.normal(0, world.floor * rng.uniform(0.1, 1.0), int(seconds * RATE)).astype(np.float32)
    for event in events:
        _mix(rng, page, event, material[event.kind.name])
    return np.clip(page, -1, 1), seconds, tuple(events)


def stretches(rng: np.random.Generator, world: SoundWorld, seconds: float, count: int) -> list[tuple[float, float]]:
    """`count` stretches of time that follow each other, with pauses between them."""
    shares = rng.dirichlet(np.full(2 * count + 1, 1.2))
    free = 1 - count * world.shortest
    shares = shares * free
    shares[1::2] += world.shortest
    edges = np.concatenate([[0.0], np.cumsum(shares)]) * seconds
    return [(round(float(edges[2 * n + 1]), 2), round(float(edges[2 * n + 2]), 2)) for n in range(count)]


def _mix(rng: np.random.Generator, page: Samples, event: Sounding, pieces: Wave) -> None:
    first, last = round(event.start * RATE), min(round(event.end * RATE), len(page))
    step = int(RATE * rng.uniform(0.4, 1.2))
    loud = float(rng.uniform(0.4, 1.2)) / 32767
    at = first
    while at < last:
        length = min(PIECE, step + _FADE, last - at)
        piece = pieces[int(rng.integers(PIECES))][:length].astype(np.float32) * loud
        fade = min(_FADE, length)
        piece[length - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
        page[at : at + length] += piece
        at += step
