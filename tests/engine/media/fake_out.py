"""A sound device for tests: time passes when it is told to, with drift and jitter as wanted."""

import random
import time

import numpy as np

from engine.media.clock import SmoothClock
from engine.media.speaker import Pull


class FakeOut:
    """Asks for blocks as a device would. `played` collects what came out; `true_heard` is what the ear has."""

    notice = ""

    def __init__(
        self, rate: int = 48000, block: int = 1024, ppm: float = 0.0, jitter: float = 0.0, latency: float = 0.05
    ):
        self.rate, self.block, self.latency, self.jitter = rate, block, latency, jitter
        self.pace = rate * (1 + ppm * 1e-6)
        self.now = 0.0
        self.played: list[np.ndarray] = []
        self.keep = True
        # Seconds to wait for samples when simulated time runs faster than decoding.
        self.patience = 0.0
        self._waited = 0.0
        self.closed = False
        self._chance = random.Random(1)
        self._pull: Pull | None = None
        self._clock = SmoothClock()
        self._next = self._began = 0.0
        self._given = 0

    def start(self, pull: Pull) -> None:
        self._pull, self._given = pull, 0
        self._clock.reset()
        self._began = self._next = self.now

    def stop(self) -> None:
        self._pull = None

    def advance(self, seconds: float) -> None:
        """Let time pass; a block that has no samples yet is waited for."""
        until = self.now + seconds
        while self._pull is not None and self._next <= until:
            self.now = max(self.now, self._next)
            out = np.zeros((self.block, 2), np.float32)
            self._waited = 0.0
            real = self._pull(out)
            while self.patience and real < self.block and self._wait():
                real += self._pull(out[real:])
            if real:
                late = abs(self._chance.gauss(0, self.jitter)) if self.jitter else 0.0
                self._clock.update(self._next + self.latency + late, self._given / self.rate)
                self._given += real
                if self.keep:
                    self.played.append(out[:real])
            self._next += self.block / self.pace
        self.now = until

    def _wait(self) -> bool:
        time.sleep(0.0005)
        self._waited += 0.0005
        return self._waited < self.patience

    def heard(self) -> float:
        return max(min(self._clock.at(self.now) * self.rate, float(self._given)), 0.0)

    def true_heard(self) -> float:
        return max((self.now - self._began - self.latency) * self.pace, 0.0)

    def broken(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True
