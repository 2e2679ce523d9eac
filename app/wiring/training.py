"""The training panel: starts and watches the run, compares its result, takes it into use or goes back."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMessageBox

from app.front import Front
from app.grounder import Grounder
from app.process import LineProcess, engine_command
from app.session import Session
from app.training_run import TrainingRun
from app.wiring.engine import wish
from engine.domain.errors import GroundworkError
from engine.domain.training import RunState, RunStatus
from engine.store.adapter_shelf import AdapterShelf
from widgets.dialogs.pairs import PairsDialog
from widgets.training_panel import TrainingPanel

_PAIRS = "pairs"
_RESTING = "The engine rests while the model learns: there is too little memory for both."
_UNCOMPARED = "The new adapter could not be compared: no held-out medium has verified annotations."


class Candidate(QObject):
    """A finished run's adapter on its way into use: shelved, compared by the engine's program, promoted or left.

    `judged` once the comparison is over and what follows from it is done.
    """

    judged = Signal()

    def __init__(self, front: Front, session: Session, engine: Grounder, run: TrainingRun) -> None:
        super().__init__(front)
        self._front, self._session, self._engine, self._run = front, session, engine, run
        self._process: LineProcess | None = None

    def compare(self) -> None:
        """Put the run's adapter on the shelf and have it compared with what is in use."""
        store, folder = self._session.store, self._run.folder
        if store is None or folder is None or self._process is not None:
            return
        shelf = AdapterShelf(store.folder)
        record = shelf.add(folder / "adapter")
        words = ["adapters", "judge", str(store.folder), record.id, "--run", str(folder), "--out", str(folder / _PAIRS)]
        model = self._front.preferences.value.model
        self._process = LineProcess(engine_command(*words, *(["--model", model] if model else [])), self)
        self._process.ended.connect(lambda *_: self._judged(shelf, record.id))
        self._process.ended.connect(lambda *_: self.judged.emit())
        self._process.start()
        self._front.notice.say("Comparing the new adapter with what is in use…")

    def pairs(self) -> list[Path]:
        """Pictures of the run that old and new answered differently, drawn by the comparison."""
        folder = self._run.folder
        return sorted((folder / _PAIRS).glob("*.png")) if folder else []

    def back(self) -> None:
        """What was in use before the newest adapter."""
        if self._session.store is not None:
            shelf = AdapterShelf(self._session.store.folder)
            shelf.roll_back()
            self._load(shelf)

    def _judged(self, shelf: AdapterShelf, name: str) -> None:
        self._process = None
        record = shelf.get(name)
        question = "" if record.passes else record.verdict or _UNCOMPARED
        if question and not self._insists(question):
            self._front.notice.say("The new adapter stays a candidate.")
            return
        shelf.promote(record, anyway=bool(question))
        self._load(shelf)

    def _insists(self, question: str) -> bool:
        asked = QMessageBox.question(self._front.window, "Use the new adapter?", f"{question} Use it anyway?")
        return asked == QMessageBox.StandardButton.Yes

    def _load(self, shelf: AdapterShelf) -> None:
        record = shelf.in_use()
        preferences = self._front.preferences
        preferences.change(adapter=str(shelf.path(record)) if record else "")
        self._engine.load(wish(preferences))
        self._front.notice.say(f"In use: {record.name if record else 'the model alone'}.")


class Room(QObject):
    """Where memory does not do for both, the engine rests until the run is over. `over(status)` once it really is."""

    over = Signal(object)

    def __init__(self, front: Front, engine: Grounder, run: TrainingRun) -> None:
        super().__init__(front)
        self._front, self._engine, self._run = front, engine, run
        self._resting = False
        run.ended.connect(self._ended)

    def _ended(self, status: RunStatus) -> None:
        if self._run.lacked_memory and not self._resting and self._engine.status.model is not None:
            self._resting = True
            self._engine.close(_RESTING)
            self._run.resume()
            return
        if self._resting:
            self._resting = False
            self._engine.load(wish(self._front.preferences))
        self.over.emit(status)


def connect_training(front: Front, session: Session, engine: Grounder) -> TrainingRun:
    """Place the panel; a project's newest run is watched as soon as the project is open."""
    panel, run = TrainingPanel(), TrainingRun(front)
    candidate, room = Candidate(front, session, engine, run), Room(front, engine, run)
    right = Qt.DockWidgetArea.RightDockWidgetArea
    front.window.place("training", "Training", panel, right, tabbed="annotations", shown=False)

    def show() -> None:
        panel.show_status(run.status, ready=session.store is not None)
        panel.show_losses(*run.losses(), run.held_out())
        panel.show_pairs(there=bool(candidate.pairs()))

    def project() -> None:
        run.attach(session.store.folder if session.store else None)

    def start(plan: str) -> None:
        settings = front.preferences.value
        _told(front, lambda: run.start(plan, settings.model, settings.adapter))

    def ended(status: RunStatus) -> None:
        if status.state in {RunState.FINISHED, RunState.FAILED}:
            front.notice.say(status.sentence or "Training is over.")

    panel.start.connect(start)
    panel.resume.connect(lambda: _told(front, run.resume))
    panel.pause.connect(lambda: run.wish("pause"))
    panel.stop.connect(lambda: run.wish("stop"))
    panel.cancel.connect(lambda: run.wish("cancel"))
    panel.use.connect(lambda: _told(front, candidate.compare))
    panel.pairs.connect(lambda: PairsDialog(candidate.pairs(), front.window).exec())
    candidate.judged.connect(show)
    panel.back.connect(lambda: _told(front, candidate.back))
    run.changed.connect(show)
    room.over.connect(ended)
    session.project_changed.connect(project)
    front.window.closing.connect(run.close)
    return run


def _told(front: Front, deed: Callable[[], None]) -> None:
    """Do it; what was foreseen to go wrong is told in its sentence."""
    try:
        deed()
    except GroundworkError as error:
        front.notice.say(str(error))
