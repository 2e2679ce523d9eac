"""Small copies of heavy clips, for scrubbing at the speed of the hand: made in the background, one at a time."""

import time
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.jobs import Job, Jobs
from app.late import late
from engine.domain.errors import GroundworkError
from engine.domain.media import MediaItem, MediaKind

_MODULE = "engine.media.proxy"


class SmallCopies(QObject):
    """`changed()` when the shown clip has a copy, or none any more; `progressed(words, done, total)` while one is made,
    then `finished`.
    """

    changed = Signal()
    progressed = Signal(str, float, float)
    finished = Signal()
    told = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        # Minutes of work must not keep the next picture waiting.
        self._jobs = Jobs(1)
        self._job: Job | None = None
        self._making: Path | None = None
        self._item = ""
        self._shown: Path | None = None
        self._there = False
        self._begun = 0.0

    @property
    def there(self) -> bool:
        """Whether the shown clip has a copy."""
        return self._there

    @property
    def making(self) -> bool:
        """Whether the copy of the shown clip is being made."""
        return self._making is not None and self._making == self._shown

    def show(self, item: MediaItem, path: Path | None) -> None:
        """A medium that could be opened is shown."""
        self._item = item.id
        self._shown = path if item.kind is MediaKind.VIDEO else None
        self._look()

    def leave(self, item: MediaItem | None) -> None:
        """Another item comes; what is being made goes on."""
        if item is None or item.id != self._item:
            self._item, self._shown = "", None
            self._look()

    def make(self) -> None:
        """Begin with the copy of the shown clip; one under way for another clip is given up."""
        path = self._shown
        if path is None or self._there or self.making:
            return
        self.stop()
        self._making, self._begun = path, time.monotonic()
        self.progressed.emit(f"Small copy of {path.name}", 0, 0)
        self._job = self._jobs.run(
            lambda report: late(_MODULE).make_proxy(path, report),
            done=lambda _: self._end(),
            failed=self._fail,
            progressed=self._tell,
        )
        self.changed.emit()

    def stop(self) -> None:
        """Give up the copy that is being made; nothing of it stays."""
        if self._job is not None:
            self._job.cancel()
            self._end()

    def remove(self) -> None:
        """Take away the copy of the shown clip, which must not be open."""
        if self._shown is not None:
            try:
                late(_MODULE).remove_proxy(self._shown)
            except GroundworkError as error:
                self.told.emit(str(error))
            self._look()

    def close(self) -> None:
        self.stop()
        self._jobs.close()

    def _look(self) -> None:
        try:
            self._there = self._shown is not None and late(_MODULE).proxy_file(self._shown).is_file()
        except GroundworkError:
            self._there = False
        self.changed.emit()

    def _tell(self, done: float, total: float) -> None:
        if self._making is not None:
            left = (time.monotonic() - self._begun) * (total - done) / done
            self.progressed.emit(f"Small copy of {self._making.name}, {spell(left)} left", done, total)

    def _end(self) -> None:
        self._job = self._making = None
        self.finished.emit()
        self._look()

    def _fail(self, error: GroundworkError) -> None:
        self._end()
        self.told.emit(str(error))


def spell(seconds: float) -> str:
    """`m:ss`, hours in front where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
