"""Pre-labelling: its dialog, its line in the status bar, and what is read ahead while one item is reviewed."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer

from app.asking import Asking, Engine
from app.front import Front
from app.prelabelling import Prelabelling
from app.session import Session
from engine import prelabel
from engine.domain.ids import new_id
from engine.domain.project import ItemFilter
from engine.messages import Cancel, Encode
from widgets.dialogs.left_out import LeftOutDialog
from widgets.dialogs.prelabel import PrelabelDialog
from widgets.field import Field
from widgets.progress_line import ProgressLine

_WANTED = {
    "shown": ("Those in the media list, as it is filtered", None),
    "open": ("All that are not done", ItemFilter(done=False)),
    "all": ("All", ItemFilter()),
}
_ROWS = (
    Field("wanted", "Media", "choice", choices=tuple((key, words) for key, (words, _) in _WANTED.items())),
    Field("minutes", "Stop after", "whole", high=100_000, suffix=" min", note="0 goes on until everything is asked."),
    Field("again", "Ask where the question was answered before, too", "flag"),
)
_IDLE_MS = 600


def connect_prelabelling(front: Front, session: Session, queue: Prelabelling) -> None:
    board, line = front.board, ProgressLine("prelabelling", pausable=True)
    front.window.statusBar().addWidget(line)
    queue.moved.connect(line.show_progress)
    queue.rested.connect(line.finish)
    queue.halted.connect(line.show_halted)
    line.stopped.connect(queue.cancel)
    line.paused.connect(queue.pause)
    line.resumed.connect(queue.resume)

    def start(questions: tuple[str, ...], values: Mapping[str, Any]) -> None:
        wanted = _WANTED[values["wanted"]][1] or front.media.wanted
        queue.start(questions, wanted, budget=60.0 * values["minutes"], again=values["again"])

    def ask() -> None:
        known = session.store.queries(session.item.id) if session.store and session.item else []
        run = queue.waiting()
        waiting = "Go on with the last run" if run else ""
        values = {"wanted": "shown", "minutes": 0, "again": False}
        questions = list(dict.fromkeys(one.text for one in known))[-3:]
        dialog = PrelabelDialog(questions, _ROWS, values, waiting, front.window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.started.connect(start)
        dialog.resumed.connect(queue.resume)
        dialog.open()

    queue.finished.connect(partial(_tell, session))
    board.bind({"ask.prelabel": ask, "ask.left_out": partial(_show_left_out, front, session)})


def _tell(session: Session, failures: Mapping[str, str]) -> None:
    if failures:
        first = next(iter(failures.values()))
        session.told.emit(
            f"Pre-labelling left {len(failures):,} out; see Ask, Left out by pre-labelling. The first: {first}"
        )


def _show_left_out(front: Front, session: Session) -> None:
    failures = prelabel.left_out(session.store) if session.store else {}
    if not failures:
        session.noted.emit("The last pre-labelling left nothing out.")
        return
    dialog = LeftOutDialog(failures, front.window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


class LookAhead(QObject):
    """Has the engine read the next items while the shown one is reviewed; any question goes first."""

    def __init__(self, front: Front, session: Session, engine: Engine, asking: Asking) -> None:
        super().__init__(front)
        self._front, self._session, self._engine, self._asking = front, session, engine, asking
        self._tickets: list[str] = []
        self._idle = QTimer(self, singleShot=True, interval=_IDLE_MS)
        self._idle.timeout.connect(self._read)
        session.item_changed.connect(lambda _: self._wait())
        asking.busy_changed.connect(lambda busy: self._give_way() if busy else self._wait())

    def _wait(self) -> None:
        self._give_way()
        self._idle.start()

    def _give_way(self) -> None:
        for ticket in self._tickets:
            self._engine.send(Cancel(ticket))
        self._tickets = []

    def _read(self) -> None:
        store, board = self._session.store, self._front.board
        if store is None or self._session.item is None or self._asking.busy or not board.holds("ready"):
            return
        ahead = self._front.preferences.value.look_ahead
        for step in range(ahead + 1) if ahead else ():
            item = self._front.media.item_ahead(step)
            if item is not None:
                self._tickets.append(new_id())
                self._engine.send(Encode(self._tickets[-1], (str(store.path_of(item)),)))
