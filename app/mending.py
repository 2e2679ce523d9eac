"""Mending a project: a backup put in its place, a copy to work on, media found again where they moved to."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.jobs import Job, Jobs, Report
from app.late import late
from app.opening import Opening
from app.session import Session
from engine.domain.errors import GroundworkError
from engine.domain.media import MediaItem
from engine.edits import Edit
from engine.store import backups
from engine.store.project_store import ProjectStore
from widgets.wording import count


class Mending(QObject):
    """Each deed is a job; `told(sentence)` says what became of it.

    Looking for media tells `progressed(words, done, total)`, then `finished`.
    """

    progressed = Signal(str, float, float)
    finished = Signal()
    told = Signal(str)

    def __init__(self, session: Session, opening: Opening, jobs: Jobs) -> None:
        super().__init__()
        self._session, self._opening, self._jobs = session, opening, jobs
        self._job: Job | None = None

    def restore(self, folder: Path, backup: Path) -> None:
        """Put a backup in the place of a project's file and open it; what was there is set aside."""
        self.stop()
        if self._session.store is not None and self._session.store.folder == folder:
            self._opening.stop()
            self._session.close()

        def over(sentence: str) -> None:
            self._opening.open_paths([folder])
            self.told.emit(sentence)

        self._jobs.run(
            lambda _: backups.restore(folder, backup),
            done=lambda aside: over(f"Restored. The project as it was before lies in {aside.name}."),
            failed=lambda error: over(str(error)),
        )

    def copy(self, folder: Path, parent: Path, backup: Path | None = None) -> None:
        """Copy a project, or one of its backups, into a new folder in `parent` and open that."""
        target = _free(parent, folder.name.removesuffix(".groundwork"))
        self._jobs.run(
            lambda _: late("engine.store.copies").copy_of(folder, target, backup=backup).close(),
            done=lambda _: self._opening.open_paths([target]),
            failed=lambda error: self.told.emit(str(error)),
        )

    def relocate(self, folder: Path) -> None:
        """Find media that are not where the project has them under `folder`, as one step."""
        store = self._session.store
        if store is None:
            return
        self.stop()
        words = "Looking for media that moved"
        self.progressed.emit(words, 0, 0)
        self._job = self._jobs.run(
            lambda report: _found(store, folder, report),
            done=self._relocated,
            failed=self._fail,
            progressed=lambda done, total: self.progressed.emit(words, done, total),
        )

    def stop(self) -> None:
        """Give up looking; nothing is changed."""
        if self._job is not None:
            self._job.cancel()
            self._end()

    def _relocated(self, found: tuple[int, Edit]) -> None:
        self._end()
        missing, edit = found
        if missing == 0:
            self.told.emit("All media are where the project has them.")
        elif not edit.changes:
            self.told.emit(f"None of {count(missing, 'missing item')} was found there; choose another folder.")
        elif self._session.apply(edit):
            left = missing - len(edit.changes)
            rest = f" {left:,} are still missing." if left else ""
            self.told.emit(f"{count(len(edit.changes), 'item')} found again.{rest}")
            if (item := self._session.item) is not None:
                self._session.show_item(None)
                self._session.show_item(item.id)

    def _fail(self, error: GroundworkError) -> None:
        self._end()
        self.told.emit(str(error))

    def _end(self) -> None:
        self._job = None
        self.finished.emit()


def _found(store: ProjectStore, folder: Path, report: Report) -> tuple[int, Edit]:
    """How many media are missing, and the edit that finds some of them again."""
    reader = store.reader()
    try:
        missing = list(_missing(reader, report))
    finally:
        reader.close()
    return len(missing), late("engine.store.copies").relocated(missing, folder, store.root, report)


def _missing(store: ProjectStore, report: Report) -> Iterable[MediaItem]:
    for item in store.items(limit=-1):
        report(0, 0)
        if not store.path_of(item).exists():
            yield item


def _free(parent: Path, name: str) -> Path:
    """A folder that is not there yet, for a copy of the project `name`."""
    number = 1
    while (target := parent / f"{name} copy{f' {number}' if number > 1 else ''}.groundwork").exists():
        number += 1
    return target
