"""Opening: from what the user named to an open project whose media are known."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.folder import Place, place_of
from app.jobs import Job, Jobs, Report
from app.late import late
from app.session import Session
from engine.domain.errors import GroundworkError, StoreError
from engine.domain.media import MediaItem
from engine.domain.project import ItemFilter
from engine.edits import created
from engine.store import backups
from engine.store.project_store import ProjectStore

_FIRST, _BATCH = 24, 1000
_CALM_MS = 1000


class Opening(QObject):
    """`opened(folder)` once a project is there; `progressed(words, done, total)` while media are read, then
    `finished`. `looked_at(sentence)` when it can only be read; `broken(folder, sentence)` when it cannot be opened, or
    is found to be damaged, and has backups.
    """

    opened = Signal(object)
    progressed = Signal(str, float, float)
    finished = Signal()
    broken = Signal(object, str)
    looked_at = Signal(str)
    told = Signal(str)

    def __init__(self, session: Session, jobs: Jobs, author: Callable[[], str]) -> None:
        super().__init__()
        self._session, self._jobs, self._author = session, jobs, author
        self._job: Job | None = None

    def open_paths(self, paths: Iterable[Path]) -> None:
        """Open the project these paths mean, made first where there is none."""
        try:
            place = place_of(paths)
        except GroundworkError as error:
            self.told.emit(str(error))
            return
        try:
            store = _opened(place, self._author())
        except StoreError as error:
            self._refuse(place.project, error)
            return
        self.stop()
        self._session.open(store)
        self.opened.emit(place.project)
        if store.read_only:
            self.looked_at.emit(_held(store))
        first = _first(store, place)
        self._session.show_item(first.id if first else None)
        if not store.read_only and (place.media or (place.folder and not place.exists)):
            self.add(place.media, folder=place.folder)
        if place.exists:
            QTimer.singleShot(_CALM_MS, self, lambda: self._examine(store))

    def add(self, files: Sequence[Path], folder: Path | None = None) -> None:
        """Bring files, or all media of a folder, into the open project; what is there already is left out."""
        store = self._session.store
        if store is None:
            return
        known = frozenset(item.path for item in store.items(limit=10_000_000))
        root = store.root
        self.stop()
        self.progressed.emit("Looking for media", 0, 0)
        self._job = self._jobs.run(
            lambda report: list(files) or late("app.intake").find(folder or root, report),
            done=lambda found: self._read(found, known),
            failed=self._fail,
        )

    def stop(self) -> None:
        """Stop reading media; what was read stays."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self.finished.emit()

    def _examine(self, store: ProjectStore) -> None:
        """Damage that nothing has met yet is told while the backups are still good."""
        if self._session.store is store:
            self._jobs.run(
                lambda report: _sound(store.reader(), report),
                failed=lambda error: self._refuse(store.folder, error) if self._session.store is store else None,
            )

    def _refuse(self, project: Path, error: GroundworkError) -> None:
        if backups.listed(project):
            self.broken.emit(project, str(error))
        else:
            self.told.emit(str(error))

    def _read(self, found: Sequence[Path], known: frozenset[str], at: int = 0) -> None:
        """One batch after the other, a small one first: work begins before everything is read."""
        store = self._session.store
        if store is None or at >= len(found):
            self._end(found)
            return
        batch, root = found[at : at + (_BATCH if at else _FIRST)], store.root
        self._job = self._jobs.run(
            lambda report: _probed(batch, root, known, report),
            done=lambda result: self._take(result, found, known, at + len(batch)),
            failed=self._fail,
            progressed=lambda done, _: self.progressed.emit("Reading media", at + done, len(found)),
        )

    def _take(
        self, result: tuple[list[MediaItem], list[str]], found: Sequence[Path], known: frozenset[str], at: int
    ) -> None:
        items, refused = result
        if items:
            self._session.apply(created(f"Add {len(items)} media", items))
        if refused:
            more = len(refused) - 1
            self.told.emit(refused[0] + (f" {more} more cannot be read either." if more else ""))
        if self._session.item is None and items:
            self._session.show_item(items[0].id)
        self._read(found, known, at)

    def _end(self, found: Sequence[Path]) -> None:
        self._job = None
        self.finished.emit()
        if not found:
            self.told.emit("There are no pictures, clips or sounds in this folder; add some or open another one.")

    def _fail(self, error: GroundworkError) -> None:
        self._job = None
        self.finished.emit()
        self.told.emit(str(error))


def _probed(
    paths: Sequence[Path], root: Path, known: frozenset[str], report: Report
) -> tuple[list[MediaItem], list[str]]:
    result: tuple[list[MediaItem], list[str]] = late("app.intake").probe_all(paths, root, known, report)
    return result


def _opened(place: Place, author: str) -> ProjectStore:
    if place.exists:
        return ProjectStore.open(place.project, author=author)
    try:
        return ProjectStore.create(place.project, author=author)
    except PermissionError as error:
        raise StoreError(f"{place.project.parent} may not be written; copy the media to a folder of yours.") from error


def _sound(reader: ProjectStore, report: Report) -> None:
    try:
        reader.verify(lambda: report(0, 0))
    finally:
        reader.close()


def _held(store: ProjectStore) -> str:
    why = f"is open elsewhere by {store.holder}" if store.holder else "lies where nothing can be written"
    return f"{store.folder.name} {why}: you can look, but not change anything here."


def _first(store: ProjectStore, place: Place) -> MediaItem | None:
    """The item to begin with: a file that was named, else the first with work left, else the first."""
    for path in place.media:
        known = store.item_at(path.relative_to(store.root).as_posix() if path.is_relative_to(store.root) else str(path))
        if known is not None:
            return known
    choices = (ItemFilter(pending=True), ItemFilter(done=False), ItemFilter())
    return next((items[0] for wanted in choices if (items := store.items(wanted, 0, 1))), None)
