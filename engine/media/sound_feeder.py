"""The thread that decodes sound ahead of the speaker and starts it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from msgspec import Struct

from engine.domain.errors import GroundworkError
from engine.media.sound import SoundReader, at_speed, silence
from engine.media.sound_queue import SoundQueue
from engine.media.speaker import Samples, Speaker

_AHEAD = 0.4
_FADE = 0.01
# Seconds that a lap is heard at least, else a loop of some samples would be nothing but seeking.
_SHORTEST_LAP = 0.02


class Stretch(Struct, frozen=True):
    """Play [start, end) seconds, then [loop_start, end) over and over if that is given.

    A lap that is over at once is filled up with silence, in which time stands still.
    A `grain` is a moment to hear while scrubbing.
    """

    start: float
    end: float
    speed: float = 1.0
    loop_start: float | None = None
    grain: bool = False


class _Order(Struct, frozen=True, eq=False):
    stretch: Stretch
    queue: SoundQueue
    speaker: Speaker


class SoundFeeder:
    """Feeds one run at a time; a newer one cuts the one before."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._state = threading.Condition()
        self._order: _Order | None = None
        self._running: SoundQueue | None = None
        self._closed = False
        self.notice = ""
        self._thread = threading.Thread(target=self._work, name="media sound", daemon=True)
        self._thread.start()

    def start(self, stretch: Stretch, queue: SoundQueue, speaker: Speaker) -> None:
        with self._state:
            self._cut()
            self._order = _Order(stretch, queue, speaker)
            self._running = queue
            self._state.notify_all()

    def stop(self) -> None:
        with self._state:
            self._cut()

    def close(self) -> None:
        with self._state:
            self._cut()
            self._closed = True
            self._state.notify_all()
        self._thread.join()

    def _cut(self) -> None:
        self._order = None
        if self._running is not None:
            self._running.cut()
            self._running = None

    def _work(self) -> None:
        reader: SoundReader | None = None
        try:
            while True:
                with self._state:
                    self._state.wait_for(lambda: self._closed or self._order is not None)
                    order, self._order = self._order, None
                if self._closed:
                    return
                if order is not None:
                    reader = self._reader_for(reader, order.speaker.rate)
                    self._feed(reader, order)
        finally:
            if reader is not None:
                reader.close()

    def _reader_for(self, reader: SoundReader | None, rate: int) -> SoundReader | None:
        if self._path is None or (reader is not None and reader.rate == rate):
            return reader
        try:
            return SoundReader(self._path, rate)
        except GroundworkError as error:
            self.notice = str(error)
            self._path = None
            return None

    def _feed(self, reader: SoundReader | None, order: _Order) -> None:
        stretch = order.stretch
        begin, lap = stretch.start, 0
        while self._feed_lap(reader, order, begin, lap):
            if stretch.loop_start is None:
                order.queue.finish()
                self._started(order)
                return
            begin, lap = stretch.loop_start, lap + 1

    def _feed_lap(self, reader: SoundReader | None, order: _Order, begin: float, lap: int) -> bool:
        """False once the run was cut."""
        stretch, rate = order.stretch, order.speaker.rate
        given = 0
        for block in self._blocks(reader, begin, stretch, rate):
            if not self._push(order, block, lap, begin + given / rate * stretch.speed, stretch.speed):
                return False
            given += len(block)
        rest = round(_SHORTEST_LAP * rate) - given
        if stretch.loop_start is None or rest <= 0:
            return True
        return self._push(order, np.zeros((rest, 2), np.float32), lap, begin, 0.0)

    def _push(self, order: _Order, block: Samples, lap: int, at: float, speed: float) -> bool:
        ahead = round(_AHEAD * order.speaker.rate)
        return order.queue.push(block, lap, at, speed, ahead) and self._started(order)

    def _started(self, order: _Order) -> bool:
        """The speaker runs, from the first samples on; False when another run has come instead."""
        with self._state:
            if self._running is not order.queue:
                return False
            if not order.queue.started:
                order.speaker.start(order.queue.pull)
                order.queue.started = True
        return True

    def _blocks(self, reader: SoundReader | None, begin: float, stretch: Stretch, rate: int) -> Iterator[Samples]:
        if reader is None:
            yield from _silent(begin, stretch, rate)
            return
        given = 0
        try:
            for block in _sounding(reader, begin, stretch, rate):
                yield block
                given += len(block)
        except GroundworkError as error:
            self.notice = str(error)
            yield from _silent(begin + given / rate * stretch.speed, stretch, rate)


def _sounding(reader: SoundReader, begin: float, stretch: Stretch, rate: int) -> Iterator[Samples]:
    blocks = at_speed(reader.blocks(begin, stretch.end), stretch.speed, rate)
    return iter([faded(np.concatenate(list(blocks)), rate)]) if stretch.grain else blocks


def _silent(begin: float, stretch: Stretch, rate: int) -> Iterator[Samples]:
    """Silence that lasts as long as the stretch does at its speed."""
    return silence(0.0, max(stretch.end - begin, 0.0) / stretch.speed, rate)


def faded(samples: Samples, rate: int) -> Samples:
    """A grain of sound without clicks at its ends."""
    count = min(round(_FADE * rate), len(samples) // 2)
    shaped = samples.copy()
    ramp = np.linspace(0.0, 1.0, count, dtype=np.float32)[:, None]
    shaped[:count] *= ramp
    if count:
        shaped[-count:] *= ramp[::-1]
    return shaped
