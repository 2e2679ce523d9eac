"""Undo and redo: a step at once, a very large one by a program of our own while the window goes on."""

from PySide6.QtCore import QObject, Signal

from app.engine_run import EngineRun
from app.session import Session

# Up to so many changes the window does without a frame or two rather than wait for a program to start.
_MOST_AT_ONCE = 1000


class TravelRun(EngineRun):
    """One very large step, undone or redone in one transaction."""

    sorry = "It ended before it was done; nothing was changed. Try again."


class Travelling(QObject):
    """`moved(words, done, total)` while a large step is undone or redone, `rested` at the end.

    The project is lent meanwhile: whatever else would change it is refused in a sentence.
    """

    moved = Signal(str, float, float)
    rested = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._run: TravelRun | None = None
        session.project_changed.connect(self.stop)

    def undo(self) -> None:
        self._go(backwards=True)

    def redo(self) -> None:
        self._go(backwards=False)

    def stop(self) -> None:
        """Give it up: nothing is changed."""
        if self._run is not None:
            self._run.stop()

    def close(self) -> None:
        """For leaving the program."""
        if self._run is not None:
            self._run.close()

    def _go(self, *, backwards: bool) -> None:
        session, store = self._session, self._session.store
        if store is None:
            return
        if not session.writable or store.travel_size(backwards=backwards) <= _MOST_AT_ONCE:
            (session.undo if backwards else session.redo)()
            return
        words = f"Undoing {store.undo_label}" if backwards else f"Redoing {store.redo_label}"
        redo = () if backwards else ("--redo",)
        run = self._run = TravelRun(
            "undo", str(store.folder.absolute()), "--lines", "--author", store.author, *redo, parent=session
        )
        run.progressed.connect(lambda _, done, total: self.moved.emit(words, done, total))
        run.failed.connect(session.told)
        run.over.connect(lambda: session.take_back(store))
        run.over.connect(self._rest)
        self.moved.emit(words, 0, 0)
        session.lend("an undo or redo")
        run.start()

    def _rest(self) -> None:
        self._run = None
        self.rested.emit()
