"""Waveform and spectrogram of what is shown, drawable while they are still being computed."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from app.late import late
from engine.domain.media import Clock, MediaItem, MediaKind

_LOOK_MS = 120
# A playhead's narrow strip says nothing about whether the whole view is known.
_NARROW = 48


class Soundscape(QObject):
    """`given(peaks, spectra)` for another medium with sound; `grew()` while more of it becomes known."""

    given = Signal(object, object)
    grew = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._clock: Clock | None = None
        self._wave: Any = None
        self._spectrogram: Any = None
        self._finished = self._whole = False
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    def open(self, item: MediaItem, path: Path | None) -> None:
        """Begin with a medium that can be opened; one without sound has nothing to draw."""
        self.close()
        if path is None or item.clock is None or not (item.sound or item.kind is MediaKind.AUDIO):
            return
        self._clock = item.clock
        self._wave = late("engine.media.waveform").Waveform(path, item.clock)
        self._spectrogram = late("engine.media.spectrogram").Spectrogram(path, item.clock)
        self._finished = self._whole = False
        self.given.emit(self.peaks, self.spectra)
        self._timer.start()

    def close(self) -> None:
        self._timer.stop()
        for source in (self._wave, self._spectrogram):
            if source is not None:
                source.close()
        self._wave = self._spectrogram = None

    def peaks(self, start: float, end: float, columns: int) -> NDArray[np.float32]:
        """(columns, 2) lowest and highest sample in -1..1 between two instants in seconds, NaN where unknown."""
        if self._wave is None:
            return np.full((columns, 2), np.nan, np.float32)
        found: NDArray[np.int16] = self._wave.columns(*self._pts(start, end), columns)
        peaks = found.astype(np.float32) / np.float32(32768)
        peaks[found[:, 0] > found[:, 1]] = np.nan
        return peaks

    def spectra(self, start: float, end: float, columns: int) -> NDArray[np.uint8]:
        """(256, columns) levels between two instants in seconds, high pitch first; black where unknown."""
        if self._spectrogram is None:
            return np.zeros((1, columns), np.uint8)
        image: NDArray[np.uint8]
        image, whole = self._spectrogram.image(*self._pts(start, end), columns)
        if columns > _NARROW:
            self._whole = whole
        return image[::-1]

    def _pts(self, start: float, end: float) -> tuple[float, float]:
        """Instants between two PTS matter when time is spread wide."""
        clock = self._clock or Clock(1, 1, 0, 0)
        return clock.start + start * clock.den / clock.num, clock.start + end * clock.den / clock.num

    def _look(self) -> None:
        """Draw again while something was missing at the last look."""
        missing = not (self._finished and self._whole)
        self._finished = bool(self._wave.finished)
        if missing:
            self.grew.emit()
