"""Backups, copies and moved media: the dialogs that lead to mending a project."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from app.front import Front
from app.main_window import MainWindow
from app.mending import Mending
from app.opening import Opening
from app.session import Session
from engine.store import backups
from widgets.dialogs.backups import BackupsDialog, Kept
from widgets.progress_line import ProgressLine


class Dialogs:
    """What asks the user which backup, which folder."""

    def __init__(self, window: MainWindow, session: Session, mending: Mending) -> None:
        self._window, self._session, self._mending = window, session, mending

    def backups(self) -> None:
        if self._session.store is not None:
            self.show(self._session.store.folder, writable=self._session.writable)

    def show(self, folder: Path, why: str = "", *, writable: bool = True) -> None:
        """The backups of a project, and why they are shown."""
        dialog = BackupsDialog(_kept(folder), why, writable=writable, parent=self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.restore_wanted.connect(lambda path: self._mending.restore(folder, Path(path)))
        dialog.copy_wanted.connect(lambda path: self._copy(folder, Path(path)))
        dialog.open()

    def copy(self) -> None:
        if self._session.store is not None:
            self._copy(self._session.store.folder)

    def relocate(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self._window, "Look for media in", str(Path.home())):
            self._mending.relocate(Path(folder))

    def _copy(self, folder: Path, backup: Path | None = None) -> None:
        if parent := QFileDialog.getExistingDirectory(self._window, "Put the copy into", str(Path.home())):
            self._mending.copy(folder, Path(parent), backup)


def connect_mending(front: Front, session: Session, opening: Opening, mending: Mending) -> None:
    """The actions, what is offered when a project cannot be opened or written, and how far looking is."""
    line, dialogs = ProgressLine("relocating"), Dialogs(front.window, session, mending)
    front.window.statusBar().addWidget(line)
    mending.progressed.connect(line.show_progress)
    mending.finished.connect(line.finish)
    line.stopped.connect(mending.stop)
    opening.broken.connect(dialogs.show)
    opening.looked_at.connect(lambda sentence: front.notice.say(sentence, "Open a copy…", dialogs.copy))
    front.board.bind(
        {"project.restore": dialogs.backups, "project.copy": dialogs.copy, "project.relocate": dialogs.relocate}
    )


def _kept(folder: Path) -> list[Kept]:
    """The backups of a project, newest first."""
    return [Kept(str(path), backups.made_at(path), path.stat().st_size) for path in reversed(backups.listed(folder))]
