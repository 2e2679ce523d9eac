"""Samples on their way to the speaker, and which instant of the medium each of them is."""

import threading
from collections import deque

import numpy as np
from msgspec import Struct

from engine.media.speaker import Samples

_KEPT = 64


class Instant(Struct, frozen=True, order=True):
    """A place in playing: `lap` counts the rounds of a loop, `seconds` is the medium's time."""

    lap: int
    seconds: float


class _Anchor(Struct, frozen=True):
    at: int
    lap: int
    seconds: float
    speed: float


class SoundQueue:
    """One run of playing. The feeder pushes, the device pulls, anyone asks what instant a sample is."""

    def __init__(self, start: float, speed: float, rate: int, volume: float = 1.0) -> None:
        self._lock = threading.Condition()
        self._blocks: deque[Samples] = deque()
        self._anchors: deque[_Anchor] = deque([_Anchor(0, 0, start, speed)])
        self._pushed = self._pulled = 0
        self._total: int | None = None
        self._cut = False
        self._rate = rate
        self.volume = volume
        self.started = False

    def push(self, samples: Samples, lap: int, seconds: float, speed: float, limit: int) -> bool:
        """Add samples that start at `seconds`; waits while `limit` are queued. False once the run was cut."""
        with self._lock:
            self._lock.wait_for(lambda: self._cut or self._pushed - self._pulled < limit)
            if self._cut:
                return False
            self._anchors.append(_Anchor(self._pushed, lap, seconds, speed))
            self._blocks.append(samples)
            self._pushed += len(samples)
            return True

    def finish(self) -> None:
        """No more will come."""
        with self._lock:
            self._total = self._pushed

    def cut(self) -> None:
        """Silence at once."""
        with self._lock:
            self._cut = True
            self._blocks.clear()
            self._lock.notify_all()

    def pull(self, out: Samples) -> int:
        """Fill `out` as far as there are samples."""
        done = 0
        with self._lock:
            while done < len(out) and self._blocks:
                block = self._blocks.popleft()
                count = min(len(block), len(out) - done)
                np.multiply(block[:count], self.volume, out=out[done : done + count])
                if count < len(block):
                    self._blocks.appendleft(block[count:])
                done += count
            self._pulled += done
            self._lock.notify_all()
        return done

    def at(self, heard: float) -> Instant:
        """The instant of the medium at sample `heard`."""
        with self._lock:
            while len(self._anchors) > 1 and self._anchors[1].at <= heard and self._anchors[1].at < heard - _KEPT:
                self._anchors.popleft()
            anchor = self._anchors[0]
            for later in self._anchors:
                if later.at > heard:
                    break
                anchor = later
            return Instant(anchor.lap, anchor.seconds + (heard - anchor.at) / self._rate * anchor.speed)

    def ended(self, heard: float) -> bool:
        with self._lock:
            return self._total is not None and heard >= self._total - 1
