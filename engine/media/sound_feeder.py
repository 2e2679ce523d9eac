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


class Stretch(Struct, frozen=True):
    """Play [start, end) seconds, then [loop_start, end) over and over if that is given.

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
        stretch, rate = order.stretch, order.speaker.rate
        begin, lap = stretch.start, 0
        while True:
            at = begin
            for block in self._blocks(reader, begin, stretch, rate):
                if not order.queue.push(block, lap, at, stretch.speed, round(_AHEAD * rate)):
                    return
                at += len(block) / rate * stretch.speed
                if not order.queue.started and not self._start_speaker(order):
                    return
            if stretch.loop_start is None:
                order.queue.finish()
                return
            begin, lap = stretch.loop_start, lap + 1

    def _start_speaker(self, order: _Order) -> bool:
        with self._state:
            if self._running is not order.queue:
                return False
            order.speaker.start(order.queue.pull)
            order.queue.started = True
        return True

    def _blocks(self, reader: SoundReader | None, begin: float, stretch: Stretch, rate: int) -> Iterator[Samples]:
        if reader is None:
            yield from _silent(begin, stretch, rate)
            return
        blocks = at_speed(reader.blocks(begin, stretch.end), stretch.speed, rate)
        if stretch.grain:
            yield faded(np.concatenate(list(blocks)), rate)
            return
        try:
            yield from blocks
        except GroundworkError as error:
            self.notice = str(error)
            yield from _silent(begin, stretch, rate)


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
