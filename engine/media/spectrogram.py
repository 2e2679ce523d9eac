"""The spectrogram of a medium as tiles of uint8 decibels, computed where they are looked at."""

import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.domain.errors import GroundworkError
from engine.domain.media import Clock
from engine.media.sound import SoundReader
from engine.media.speaker import Samples

RATE = 16000
WINDOW = 512
ROWS = WINDOW // 2
TILE = 256
_HOP = 128
_FLOOR = -100.0
_TILES = 512
# Above this distance between columns each is read alone instead of everything between them.
_SPARSE = 0.5

Image = NDArray[np.uint8]
_Place = tuple[int, int]


class Spectrogram:
    """Tiles of 256 columns. Level k has a column every 8 ms * 2**k. `close` it."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._zero = clock.start * clock.num / clock.den
        self._state = threading.Condition()
        self._wanted: list[_Place] = []
        self._tiles: OrderedDict[_Place, Image] = OrderedDict()
        self._closed = False
        self.made = 0
        self.notice = ""
        self._thread = threading.Thread(target=self._work, name="media spectrogram", daemon=True)
        self._thread.start()

    def image(self, start: int, end: int, columns: int) -> tuple[Image, bool]:
        """((256, columns) decibels from -100 to 0 as 0..255, lowest pitch first, and whether all of it is known)
        between two PTS. What is missing is black and being computed; `made` grows with each tile."""
        first, last = self._clock.seconds_at(start), self._clock.seconds_at(end)
        level = level_for((last - first) / max(columns, 1))
        pitch = _HOP / RATE * 2**level
        at = ((first + (np.arange(columns) + 0.5) * (last - first) / columns) / pitch).astype(np.int64)
        inside = (at >= 0) & (at * pitch < self._clock.seconds)
        found = np.zeros((ROWS, columns), np.uint8)
        missing = []
        with self._state:
            for number in np.unique(at[inside] // TILE):
                place = level, int(number)
                tile = self._tiles.get(place)
                if tile is None:
                    missing.append(place)
                    continue
                self._tiles.move_to_end(place)
                mine = np.flatnonzero(inside & (at // TILE == number))
                found[:, mine] = tile[:, at[mine] % TILE]
            self._wanted = missing
            self._state.notify_all()
        return found, not missing

    def close(self) -> None:
        with self._state:
            self._closed = True
            self._state.notify_all()
        self._thread.join()

    def _work(self) -> None:
        reader: SoundReader | None = None
        try:
            reader = SoundReader(self._path, RATE)
            while True:
                with self._state:
                    self._state.wait_for(lambda: self._closed or self._wanted)
                    if self._closed:
                        return
                    place = self._wanted.pop(0)
                tile = self._tile(reader, place)
                with self._state:
                    self._tiles[place] = tile
                    while len(self._tiles) > _TILES:
                        self._tiles.popitem(last=False)
                    self.made += 1
        except GroundworkError as error:
            self.notice = str(error)
        finally:
            if reader is not None:
                reader.close()

    def _tile(self, reader: SoundReader, place: _Place) -> Image:
        level, number = place
        hop = _HOP * 2**level
        begin = number * TILE * hop / RATE
        margin = WINDOW / 2 / RATE
        if hop / RATE > _SPARSE:
            starts = (begin + np.arange(TILE) * hop / RATE)[: self._columns_left(begin, hop)]
            rows = [self._samples(reader, at - margin, WINDOW) for at in starts]
            frames = np.stack(rows) if rows else np.zeros((0, WINDOW), np.float32)
        else:
            whole = self._samples(reader, begin - margin, (TILE - 1) * hop + WINDOW)
            frames = np.lib.stride_tricks.sliding_window_view(whole, WINDOW)[::hop]
        tile = np.zeros((ROWS, TILE), np.uint8)
        tile[:, : len(frames)] = decibels(frames).T
        return tile

    def _columns_left(self, begin: float, hop: int) -> int:
        return max(min(int((self._clock.seconds - begin) * RATE / hop) + 1, TILE), 0)

    def _samples(self, reader: SoundReader, start: float, count: int) -> Samples:
        at = self._zero + start
        return reader.samples(at, at + count / RATE).mean(1)[:count]


def level_for(seconds_per_column: float) -> int:
    """The finest level that has no more than two columns for each wanted one."""
    return max(int(np.floor(np.log2(max(seconds_per_column, 1e-9) * RATE / _HOP))), 0)


def decibels(frames: Samples) -> Image:
    """(n, 512) windows of samples -> (n, 256) power as 0..255 for -100..0 dB of a full-scale sine."""
    window = np.hanning(WINDOW).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(frames * window, axis=1))[:, 1:] * (2.0 / window.sum())
    level = 20.0 * np.log10(np.maximum(spectrum, 1e-7))
    return np.clip((level - _FLOOR) * (255.0 / -_FLOOR), 0, 255).astype(np.uint8)
