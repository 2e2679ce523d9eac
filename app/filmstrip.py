"""Small pictures of a clip along its time, made in a job: what came into view last is made first."""

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from app.jobs import Job, Jobs, Report
from app.late import late
from engine.domain.media import Clock, MediaItem, MediaKind

_BOUND = (200, 112)
_BATCH, _KEPT, _WAITING = 6, 600, 60


class Filmstrip(QObject):
    """`given(source, aspect)` for another clip; `grew()` when pictures that were asked for have come."""

    given = Signal(object, float)
    grew = Signal()

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs
        self._path: Path | None = None
        self._clock: Clock | None = None
        self._made: dict[int, QImage] = {}
        self._waiting: list[int] = []
        self._job: Job | None = None

    def open(self, item: MediaItem | None, path: Path | None) -> None:
        """Another clip; a picture or a sound has no strip."""
        if self._job is not None:
            self._job.cancel()
        self._job, self._path = None, None
        self._made, self._waiting = {}, []
        if item is not None and path is not None and item.kind is MediaKind.VIDEO and item.height:
            self._path, self._clock = path, item.clock
            self.given.emit(self.at, item.width / item.height)

    def at(self, pts: int) -> QImage | None:
        """The picture at an instant, or the nearest there is while it is being made."""
        if pts not in self._made:
            self._want(pts)
            near = min(self._made, key=lambda made: abs(made - pts), default=None)
            return self._made[near] if near is not None else None
        return self._made[pts]

    def _want(self, pts: int) -> None:
        if pts in self._waiting:
            self._waiting.remove(pts)
        self._waiting = [pts, *self._waiting][:_WAITING]
        self._go_on()

    def _go_on(self) -> None:
        path, clock = self._path, self._clock
        if self._job is not None or path is None or clock is None or not self._waiting:
            return
        batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
        self._job = self._jobs.run(
            lambda report: _frames(path, clock, batch, report), done=self._take, failed=lambda _: self._take([])
        )

    def _take(self, made: list[tuple[int, QImage]]) -> None:
        self._job = None
        if len(self._made) + len(made) > _KEPT:
            self._made = {}
        self._made.update(made)
        if made:
            self.grew.emit()
        self._go_on()


def _frames(path: Path, clock: Clock, instants: list[int], report: Report) -> list[tuple[int, QImage]]:
    """For a job: the key frames at the instants, which are enough to tell the story and cheap to decode."""
    made = []
    for pts in instants:
        report(0, 0)
        for _, pixels in late("engine.media.thumbnail").key_frames(path, clock, [pts], _BOUND):
            made.append((pts, _image(pixels)))
    return made


def _image(pixels: Any) -> QImage:
    held = np.ascontiguousarray(pixels)
    height, width = held.shape[:2]
    return QImage(held.data, width, height, held.strides[0], QImage.Format.Format_RGB32).copy()
