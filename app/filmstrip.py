"""Small pictures of a clip along its time, made in jobs: what came into view last is made first.

A key frame is there at once and stays where it is near enough; elsewhere the frame on screen at that instant follows.
"""

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
# (instant, how far it is past the frame that is shown, picture), PTS.
_Made = list[tuple[int, int, QImage]]


class Filmstrip(QObject):
    """`given(source, aspect)` for another clip; `grew()` when pictures that were asked for have come."""

    given = Signal(object, float)
    grew = Signal()

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs
        self._path: Path | None = None
        self._clock: Clock | None = None
        self._made: dict[int, tuple[int, QImage]] = {}
        self._waiting: list[int] = []
        self._rough: list[int] = []
        self._exact: list[int] = []
        self._job: Job | None = None

    def open(self, item: MediaItem | None, path: Path | None) -> None:
        """Another clip; a picture or a sound has no strip."""
        if self._job is not None:
            self._job.cancel()
        self._job, self._path = None, None
        self._made, self._waiting, self._rough, self._exact = {}, [], [], []
        if item is not None and path is not None and item.kind is MediaKind.VIDEO and item.height:
            self._path, self._clock = path, item.clock
            self.given.emit(self.at, item.width / item.height)

    def at(self, pts: int, step: int) -> QImage | None:
        """The picture at an instant, or the nearest there is while it is being made; `step` PTS to the next one."""
        if pts not in self._made:
            self._waiting = _first(pts, self._waiting)
            self._give_way()
            self._go_on()
            near = min(self._made, key=lambda made: abs(made - pts), default=None)
            return self._made[near][1] if near is not None else None
        past, image = self._made[pts]
        if past > step / 2 and pts not in self._exact:
            self._rough = _first(pts, self._rough)
            self._go_on()
        return image

    def _go_on(self) -> None:
        path, clock = self._path, self._clock
        if self._job is not None or path is None or clock is None:
            return
        if self._waiting:
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            self._job = self._jobs.run(
                lambda report: _keys(path, clock, batch, report), done=self._take, failed=lambda _: self._take([])
            )
        elif self._rough:
            exact, self._rough = self._rough[:_BATCH], self._rough[_BATCH:]
            self._exact = exact
            self._job = self._jobs.run(
                lambda report: _frames(path, sorted(exact), report), done=self._take, failed=lambda _: self._take([])
            )

    def _give_way(self) -> None:
        """What is there roughly waits for what is not there at all."""
        if self._job is not None and self._exact:
            self._job.cancel()
            self._job, self._rough, self._exact = None, [*self._exact, *self._rough], []

    def _settle(self) -> None:
        """Ask for exact frames once only, also where none can be decoded."""
        for pts in self._exact:
            if pts in self._made:
                self._made[pts] = (0, self._made[pts][1])
        self._exact = []

    def _take(self, made: _Made) -> None:
        self._job = None
        self._settle()
        if len(self._made) + len(made) > _KEPT:
            self._made = {}
        self._made.update((pts, (past, image)) for pts, past, image in made)
        if made:
            self.grew.emit()
        self._go_on()


def _first(pts: int, instants: list[int]) -> list[int]:
    return [pts, *(other for other in instants if other != pts)][:_WAITING]


def _keys(path: Path, clock: Clock, instants: list[int], report: Report) -> _Made:
    """For a job: the key frames at the instants, which are cheap to decode."""
    made = []
    for pts in instants:
        report(0, 0)
        for shown, pixels in late("engine.media.thumbnail").key_frames(path, clock, [pts], _BOUND):
            made.append((pts, pts - shown, _image(pixels)))
    return made


def _frames(path: Path, instants: list[int], report: Report) -> _Made:
    """For a job: the frames on screen at the instants."""

    def stop() -> bool:
        report(0, 0)
        return False

    found = late("engine.media.thumbnail").frames_at(path, instants, _BOUND, stop)
    return [(pts, 0, _image(pixels)) for pts, pixels in found]


def _image(pixels: Any) -> QImage:
    held = np.ascontiguousarray(pixels)
    height, width = held.shape[:2]
    return QImage(held.data, width, height, held.strides[0], QImage.Format.Format_RGB32).copy()
