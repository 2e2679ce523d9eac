"""The time that is heard: a device's reports, smoothed, and a guard against devices that do not keep time."""

import threading

# Gains of the filter: slow enough to take 3 ms of jitter down to a fraction, fast enough for 200 ppm of drift.
_ALPHA, _BETA = 0.02, 0.0002
_JUMP = 0.2
_SETTLE, _WINDOW = 0.5, 1.0
_SLOWEST, _FASTEST = 0.9, 1.1


class SmoothClock:
    """Alpha-beta filter over (time, position) reports, both in seconds; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._count = 0
            self._time = self._position = 0.0
            self._rate = 1.0

    def update(self, time: float, position: float) -> None:
        with self._lock:
            step = time - self._time
            expected = self._position + self._rate * step
            error = position - expected
            if self._count == 0 or abs(error) > _JUMP:
                self._count, self._time, self._position, self._rate = 1, time, position, 1.0
                return
            self._count += 1
            self._position = expected + max(_ALPHA, 1 / self._count) * error
            if step > 0:
                self._rate = min(max(self._rate + _BETA * error / step, _SLOWEST), _FASTEST)
            self._time = time

    def at(self, time: float) -> float:
        """Position at `time`; 0 before the first report."""
        with self._lock:
            return self._position + self._rate * (time - self._time) if self._count else 0.0


class RateGuard:
    """Says when a device is far from real time: a null device takes all samples at once, a dead one none."""

    def __init__(self) -> None:
        self._from: tuple[float, int] | None = None
        self._started: float | None = None

    def broken(self, time: float, taken: int, rate: int) -> bool:
        """`taken` samples until `time` (seconds); the first half second, when buffers fill, is not judged."""
        if self._started is None:
            self._started = time
        if time - self._started < _SETTLE:
            return False
        if self._from is None:
            self._from = time, taken
        since, before = self._from
        if time - since < _WINDOW:
            return False
        self._from = time, taken
        pace = (taken - before) / ((time - since) * rate)
        return not _SLOWEST <= pace <= _FASTEST
