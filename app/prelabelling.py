"""Pre-labelling in the background: one question at a time, out of the way of the user's own."""

import time
from collections.abc import Iterator

import msgspec
from PySide6.QtCore import QObject, Signal

from app.asking import Asking, Engine
from app.session import Session
from engine import answers, prelabel
from engine.domain.ids import new_id
from engine.domain.project import ItemFilter
from engine.messages import Answered, Cancel, Cancelled, Failed, Reply
from engine.prelabel import Run, Task
from widgets.wording import span

_TRIES = 3
_LOST = "EngineUnavailable"
_NOTE_EVERY = 20


class Prelabelling(QObject):
    """`moved(words, done, total)` while it works, `rested` when it pauses or ends; `finished(failures)` at the end.

    `halted(words)` when the project holds a run that can be gone on with.
    """

    moved = Signal(str, float, float)
    rested = Signal()
    finished = Signal(object)
    halted = Signal(str)

    def __init__(self, session: Session, engine: Engine, asking: Asking) -> None:
        super().__init__()
        self._session, self._engine, self._asking = session, engine, asking
        self._run: Run | None = None
        self._tasks: Iterator[Task] = iter(())
        self._task: Task | None = None
        self._ticket = ""
        self._tries = self._done = self._total = 0
        self._begun = 0.0
        self._worked = 0.0
        engine.replied.connect(self._take)
        asking.busy_changed.connect(self._give_way)
        session.lent.connect(self._give_way)
        session.project_changed.connect(self._look)

    @property
    def running(self) -> bool:
        return self._run is not None

    def start(self, texts: tuple[str, ...], wanted: ItemFilter, *, budget: float = 0.0, again: bool = False) -> None:
        """Begin a run; one under way is replaced."""
        self._go(Run(texts, answers.now(), wanted, budget, again=again))

    def pause(self) -> None:
        """Stop after giving up the question under way; the project remembers the run."""
        self._keep(self._run)
        words = f"Pre-labelling paused at {self._done:,} of {self._total:,}"
        self._halt()
        self.halted.emit(words)

    def resume(self) -> None:
        """Go on with the run that the project remembers."""
        run = prelabel.stored(self._session.store) if self._session.store else None
        if run is not None:
            self._go(msgspec.structs.replace(run, spent=0.0) if run.over_budget else run)

    def cancel(self) -> None:
        """Give the run up; what it found stays and can be taken back step by step."""
        self._keep(None)
        self._halt()

    def waiting(self) -> Run | None:
        """A run that could be resumed."""
        store = self._session.store
        return None if self.running or store is None else prelabel.stored(store)

    def _go(self, run: Run) -> None:
        store = self._session.store
        if store is None or not self._session.writable:
            return
        self._halt()
        self._run = run
        self._keep(run)
        self._done, self._total = prelabel.remaining(store, run)
        self._worked = 0.0
        self._first = self._done
        self._tasks = prelabel.tasks(store, run)
        self._next()

    def _next(self) -> None:
        """Ask the next task; while the user asks, wait."""
        if self._run is None:
            return
        self.moved.emit(self._words(), self._done, self._total)
        if self._asking.busy or not self._session.writable:
            return
        if self._run.over_budget:
            self._end()
            return
        self._task = next(self._tasks, None) or self._left_over()
        self._tries = 0
        self._ask()

    def _left_over(self) -> Task | None:
        """Answers may change what a filter lists while it is walked; what was passed over is found here."""
        if self._run is None or self._session.store is None:
            return None
        self._tasks = prelabel.tasks(self._session.store, self._run)
        return next(self._tasks, None)

    def _ask(self) -> None:
        if self._task is None:
            self._keep(None)
            self._end()
        elif self._session.store is not None:
            self._ticket = new_id()
            self._begun = time.monotonic()
            self._engine.send(prelabel.request(self._session.store, self._task, self._ticket))

    def _take(self, reply: Reply) -> None:
        if self._run is None or self._task is None or getattr(reply, "ticket", None) != self._ticket:
            return
        match reply:
            case Answered():
                self._kept(reply)
            case Failed(_, kind, sentence):
                self._missed(kind, sentence)
            case Cancelled():
                self._ticket = ""

    def _kept(self, reply: Answered) -> None:
        store = self._session.store
        if store is None or self._task is None or self._run is None:
            return
        self._session.apply(prelabel.edit(store, self._task, reply))
        self._advance(self._run)

    def _missed(self, kind: str, sentence: str) -> None:
        """A lost engine is asked again; a medium that cannot be asked is noted and left."""
        if self._run is None or self._task is None:
            return
        self._tries += 1
        if kind == _LOST and self._tries < _TRIES:
            self._ask()
        elif kind == _LOST:
            self.pause()
        else:
            self._advance(prelabel.failed(self._run, self._task, sentence))

    def _advance(self, run: Run) -> None:
        took = time.monotonic() - self._begun
        self._run = msgspec.structs.replace(run, spent=run.spent + took)
        self._worked += took
        self._done += 1
        if self._done % _NOTE_EVERY == 0:
            self._keep(self._run)
        self._next()

    def _give_way(self, busy: bool) -> None:
        """The user's question or import comes first: what is under way is given up and asked again afterwards."""
        if self._run is None:
            return
        if busy and self._ticket:
            self._engine.send(Cancel(self._ticket))
            self._ticket = ""
        elif not busy and not self._ticket and not self._asking.busy:
            if self._task is None:
                self._next()
            else:
                self._ask()

    def _end(self) -> None:
        failures = dict(self._run.failures) if self._run else {}
        self._keep(self._run if self._run and self._run.over_budget else None)
        if self._session.store is not None and self._session.writable:
            prelabel.keep_left_out(self._session.store, failures)
        self._halt()
        self.finished.emit(failures)
        self._tell_waiting()

    def _halt(self) -> None:
        if self._ticket:
            self._engine.send(Cancel(self._ticket))
        self._run, self._task, self._ticket = None, None, ""
        self.rested.emit()

    def _look(self) -> None:
        """Another project: its own run waits until the user resumes it."""
        self._run, self._task, self._ticket = None, None, ""
        self.rested.emit()
        self._tell_waiting()

    def _tell_waiting(self) -> None:
        run = self.waiting()
        if run is not None and self._session.writable:
            self.halted.emit(f"Pre-labelling waits: {'; '.join(run.texts)}")

    def _keep(self, run: Run | None) -> None:
        store = self._session.store
        if store is not None and self._session.writable:
            prelabel.keep(store, run)

    def _words(self) -> str:
        made = self._done - self._first
        failed = f", {len(self._run.failures)} failed" if self._run and self._run.failures else ""
        left = f", {span(self._worked / made * (self._total - self._done))} left" if made else ""
        return f"Pre-labelling {self._done:,} of {self._total:,}{failed}{left}"
