"""Where sound goes: the machine's device, or silence on a steady clock when there is none."""

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.media.clock import RateGuard, SmoothClock

try:
    import sounddevice
except (ImportError, OSError):
    # Without PortAudio the import itself fails.
    sounddevice = None

Samples = NDArray[np.float32]
# Fills (n, 2) samples and returns how many are real; the rest is silence.
Pull = Callable[[Samples], int]

RATE = 48000
NO_DEVICE = "No sound device was found: playing without sound."
BROKEN_DEVICE = "The sound device does not keep time: playing without sound."


class Speaker(Protocol):
    """`rate` samples a second of stereo are pulled; `heard()` tells how many of the real ones have reached the ear.

    Started by the thread that feeds it, stopped by the window's, and asked by both and by the one that decodes.
    """

    rate: int
    notice: str

    def start(self, pull: Pull) -> None: ...

    def stop(self) -> None: ...

    def heard(self) -> float: ...

    def broken(self) -> bool: ...

    def close(self) -> None: ...


class SilentOut:
    """Takes samples as a monotonic clock goes, whenever it is asked how many were heard. Waits when there are none."""

    def __init__(self, notice: str = "", rate: int = RATE, now: Callable[[], float] = time.perf_counter) -> None:
        self.rate = rate
        self.notice = notice
        self._now = now
        self._lock = threading.Lock()
        self._pull: Pull | None = None
        self._began = 0.0
        self._taken = 0

    def start(self, pull: Pull) -> None:
        with self._lock:
            self._pull, self._began, self._taken = pull, self._now(), 0

    def stop(self) -> None:
        with self._lock:
            self._pull = None

    def heard(self) -> float:
        with self._lock:
            return self._heard()

    def _heard(self) -> float:
        if self._pull is None:
            return float(self._taken)
        passed = (self._now() - self._began) * self.rate
        due = int(passed) - self._taken
        if due > 0:
            real = self._pull(np.empty((due, 2), np.float32))
            self._taken += real
            if real < due:
                self._began += (due - real) / self.rate
                return float(self._taken)
        return max(passed, 0.0)

    def broken(self) -> bool:
        return False

    def close(self) -> None:
        self.stop()


class DeviceOut:
    """The default output device. Its own clock, smoothed, is the master of playing."""

    notice = ""

    def __init__(self) -> None:
        self._pull: Pull | None = None
        self._clock = SmoothClock()
        self._guard = RateGuard()
        self._lock = threading.Lock()
        self._given = self._asked = 0
        self._last = 0.0
        self._failed = False
        facts: Any = sounddevice.query_devices(kind="output")
        self.rate = int(facts["default_samplerate"] or RATE)
        self._stream = sounddevice.OutputStream(
            samplerate=self.rate, channels=2, dtype="float32", latency="low", callback=self._callback
        )

    def start(self, pull: Pull) -> None:
        self.stop()
        with self._lock:
            self._clock.reset()
            self._guard = RateGuard()
            self._given = self._asked = 0
            self._last = 0.0
        self._pull = pull
        try:
            self._stream.start()
        except sounddevice.PortAudioError:
            # The device was taken away.
            self._failed = True

    def stop(self) -> None:
        self._pull = None
        if self._stream.active:
            self._stream.abort()

    def heard(self) -> float:
        with self._lock:
            reached = self._clock.at(time.perf_counter()) * self.rate
            self._last = max(self._last, min(reached, float(self._given)))
            return self._last

    def broken(self) -> bool:
        if self._pull is None:
            return False
        return self._failed or self._guard.broken(time.perf_counter(), self._asked, self.rate)

    def close(self) -> None:
        self.stop()
        self._stream.close()

    def _callback(self, out: Samples, frames: int, when: Any, status: object) -> None:  # noqa: ARG002
        delay = when.outputBufferDacTime - when.currentTime
        if not 0.0 <= delay <= 2.0:
            delay = float(self._stream.latency)
        pull = self._pull
        real = pull(out) if pull is not None else 0
        out[real:] = 0.0
        self._asked += frames
        if real:
            self._clock.update(time.perf_counter() + delay, self._given / self.rate)
        self._given += real


def open_speaker() -> Speaker:
    """The machine's device, else silence that says why."""
    if sounddevice is None:
        return SilentOut(NO_DEVICE)
    try:
        return DeviceOut()
    except (sounddevice.PortAudioError, OSError, ValueError, KeyError):
        return SilentOut(NO_DEVICE)
