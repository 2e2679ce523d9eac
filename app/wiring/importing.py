"""Import: a file is read, the user decides on media it names in vain, and one step takes it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog

from app.actions.board import ActionBoard
from app.engine_run import EngineRun
from app.jobs import Job, Jobs
from app.late import late
from app.main_window import MainWindow
from app.session import Session
from engine.domain.errors import GroundworkError
from engine.domain.media import MediaItem
from engine.domain.project import HistoryRow
from widgets.dialogs.import_ import ImportDialog

_STOPPED = "Stopped; nothing was imported."


class Importing(QObject):
    """One import dialog with its runs; the newest decision counts."""

    def __init__(self, dialog: ImportDialog, session: Session, jobs: Jobs, source: Path, format_: Any) -> None:
        super().__init__(dialog)
        self._dialog, self._session, self._jobs = dialog, session, jobs
        self._source, self._format = source, format_
        self._job: Job | None = None
        self._prepared: Any = None
        self._decided: dict[str, str] = {}
        self._wanted: dict[str, str] = {}
        self._beside: tuple[MediaItem, ...] = ()
        self._sought: dict[str, MediaItem] = {}
        self._reading: EngineRun | None = None
        self._writing: EngineRun | None = None
        self._newest: list[HistoryRow] = []
        dialog.decided.connect(self.decide)
        dialog.folder_wanted.connect(self.ask_where)
        dialog.agreed.connect(self.take)
        dialog.stopped.connect(self.stop)

    def read(self) -> None:
        """Read the file for the first time."""
        self._read((), self._show, guess=True)

    def decide(self, decided: Mapping[str, str]) -> None:
        """Preview again with what the user decided; names left out change nothing in what is read."""
        before = self._request().decided
        self._decided = dict(decided)
        if self._request().decided == before and self._idle and self._prepared is not None:
            self._tell()
            return
        self._prepared = None
        media = (*self._beside, *(self._sought[id_] for id_ in set(decided.values()) if id_ in self._sought))
        self._read(media, lambda draft: self._keep(draft.prepared))

    def ask_where(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self._dialog, "Look for media in", str(self._source.parent)):
            self.look(Path(folder))

    def look(self, folder: Path) -> None:
        """Look for all that is not decided in a folder and the folders in it."""
        wanted = {name: self._wanted.get(name, "") for name in self._dialog.strays.undecided}
        self._run(
            lambda reader, report: late("app.importing").seek(reader, folder, wanted, report),
            lambda sought: self._settle(folder, sought),
            f"Looking in {folder.name}",
        )

    def take(self) -> None:
        """Import what the preview shows, as one step; the project is lent to the program that writes it."""
        store, session = self._session.store, self._session
        if (
            store is None
            or self._job is not None
            or self._writing is not None
            or not (self._ready and session.writable)
        ):
            return
        words = f"Importing {self._source.name}"
        said = late("engine.transfer").Decisions(self._request().decided, self._prepared.media, store.author)
        self._writing = late("app.importing").ImportRun(store, self._request(), said, session)
        self._newest = store.history(1)
        self._writing.progressed.connect(lambda _, done, total: self._dialog.show_progress(words, done, total))
        self._writing.failed.connect(self._fail)
        # The session outlives the dialog: whatever becomes of this, the project is written here again.
        self._writing.over.connect(lambda: session.take_back(store))
        self._writing.over.connect(self._written)
        self._dialog.destroyed.connect(self._writing.stop)
        self._dialog.show_progress(words, 0, 0)
        session.lend("an import")
        self._writing.start()

    def stop(self) -> None:
        """Give up what runs; a write that is given up leaves nothing behind."""
        if self._writing is not None:
            self._writing.stop()
        elif not self._idle:
            self._give_up()
            self._dialog.show_account(_STOPPED, ready=self._ready)

    def _written(self) -> None:
        """The program has ended: the history knows whether it came to its step before that."""
        self._writing = None
        store = self._session.store
        if store is not None and store.history(1) != self._newest:
            self._dialog.accept()
        elif self._dialog.busy:
            self._dialog.show_account(_STOPPED, ready=self._ready)

    def _fail(self, sentence: str) -> None:
        self._dialog.show_account(sentence, ready=False)

    def _read(self, media: tuple[MediaItem, ...], done: Callable[[Any], None], *, guess: bool = False) -> None:
        """Read the file in a program of its own; only the newest reading counts."""
        store = self._session.store
        if store is None:
            return
        self._give_up()
        request, words = self._request(), f"Reading {self._source.name}"
        said = late("engine.transfer").Decisions(request.decided, media, guess=guess)
        run = late("app.importing").ImportRun(store, request, said, self._session, preview=True)

        def finish(line: bytes) -> None:
            self._reading = None
            done(late("app.importing").drafted(line))

        def fail(sentence: str) -> None:
            self._reading = None
            self._fail(sentence)

        run.progressed.connect(lambda _, done, total: self._dialog.show_progress(words, done, total))
        run.done.connect(finish)
        run.failed.connect(fail)
        self._dialog.destroyed.connect(run.stop)
        self._reading = run
        self._dialog.show_progress(words, 0, 0)
        run.start()

    def _run(self, function: Any, done: Any, words: str) -> None:
        store = self._session.store
        if store is None:
            return
        self._give_up()

        def finish(result: Any) -> None:
            self._job = None
            done(result)

        def fail(error: GroundworkError) -> None:
            self._job = None
            self._fail(str(error))

        self._dialog.show_progress(words, 0, 0)
        self._job = self._jobs.run(
            lambda report: function(store.reader(), report),
            done=finish,
            failed=fail,
            progressed=lambda done, total: self._dialog.show_progress(words, done, total),
        )

    def _give_up(self) -> None:
        """End what is read or looked for."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        if self._reading is not None:
            self._reading.stop()
            self._reading = None

    def _show(self, draft: Any) -> None:
        self._beside = draft.prepared.media
        strays = late("app.importing").strays(draft)
        self._wanted = {row.name: draft.prepared.digests.get(row.name, "") for row in strays}
        self._dialog.show_strays(strays, draft.paths)
        self._keep(draft.prepared)

    def _keep(self, prepared: Any) -> None:
        self._prepared = prepared
        self._tell()

    def _settle(self, folder: Path, sought: Any) -> None:
        self._sought |= {item.id: item for item in sought.media}
        if sought.decided:
            self._dialog.strays.settle(sought.decided, {item.id: item.path for item in sought.media})
        elif self._prepared is None:
            self.decide(self._decided)
        else:
            text = f"{folder.name} holds no medium of these names; look in another folder, or choose below."
            self._dialog.show_account(text, ready=self._ready)

    def _tell(self) -> None:
        left_out = sum(not id_ for id_ in self._decided.values())
        text = late("app.importing").told(self._prepared, left_out, source=self._source.name)
        self._dialog.show_account(text, ready=self._ready)

    @property
    def _idle(self) -> bool:
        return self._job is None and self._reading is None and self._writing is None

    @property
    def _ready(self) -> bool:
        return self._prepared is not None and late("engine.transfer").adds(self._prepared)

    def _request(self) -> Any:
        chosen = {name: id_ for name, id_ in self._decided.items() if id_}
        return late("engine.transfer").Request(self._source, self._format, chosen)


def connect_importing(board: ActionBoard, window: MainWindow, session: Session, jobs: Jobs) -> None:
    def bring_in() -> None:
        """The formats are loaded in a job; the dialog follows as soon as they are there."""
        name, _ = QFileDialog.getOpenFileName(window, "Import annotations")
        if name:
            jobs.run(lambda _report: late("app.importing"), done=lambda _: show(Path(name)))

    def bring_in_folder() -> None:
        """YOLO, VOC and others are folders, not files."""
        if name := QFileDialog.getExistingDirectory(window, "Import a folder of annotations"):
            jobs.run(lambda _report: late("app.importing"), done=lambda _: show(Path(name)))

    def show(source: Path) -> None:
        row = _format(window, source, late("app.importing").formats_of(source))
        if row is not None and session.store is not None:
            open_import(source, row, window, session, jobs)

    board.bind({"project.import": bring_in, "project.import_folder": bring_in_folder})


def open_import(source: Path, format_: Any, window: MainWindow, session: Session, jobs: Jobs) -> ImportDialog:
    """The dialog for a file, reading it already."""
    dialog = ImportDialog(source.name, window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    link = Importing(dialog, session, jobs, source, format_)
    link.read()
    dialog.open()
    return dialog


def _format(window: MainWindow, source: Path, fitting: Sequence[Any]) -> Any:
    """The format of a file: the only one its ending allows, else the one the user says."""
    if len(fitting) == 1:
        return fitting[0]
    names = [row.name for row in fitting]
    name, agreed = QInputDialog.getItem(window, f"Import {source.name}", "Format", names, 0, False)
    return fitting[names.index(name)] if agreed else None
