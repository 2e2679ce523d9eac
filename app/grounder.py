"""The window's end of `groundwork-engine serve`: a supervised child that may crash, hang or babble without harm.

Requests go out as lines, replies come back as signals with message values. Every request gets exactly one last reply,
whatever becomes of the child: what was under way when it died has failed with a sentence.
"""

import logging
from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from time import monotonic

import msgspec
from msgspec import Struct
from PySide6.QtCore import QObject, QTimer, Signal

from app.process import LineProcess, engine_command
from engine import messages
from engine.domain.errors import EngineUnavailable, OutOfMemory
from engine.domain.ids import new_id
from engine.messages import Answered, Ask, Cancel, Encode, Encoded, Failed, LoadModel, Progress, Ready, Reply, Request

_STRIKES = 3
_STRIKE_SECONDS = 60.0
_KILLED = 9

_log = logging.getLogger(__name__)


class State(StrEnum):
    OFF = "off"
    STARTING = "starting"
    LOADING = "loading"
    READY = "ready"
    BUSY = "busy"
    RESTARTING = "restarting"
    FULL = "out of memory"
    FAILED = "failed"
    SAFE = "safe mode"


class Status(Struct, frozen=True):
    """`sentence` is for the user; `done` of `total` while loading; `model` what is loaded, if anything is."""

    state: State = State.OFF
    sentence: str = ""
    done: float = 0.0
    total: float = 0.0
    model: Ready | None = None


class Grounder(QObject):
    """`replied(Reply)` for every message of the child; `status_changed(Status)`.

    `patience` is how many seconds the child may take to obey a Cancel before it is held to hang.
    """

    replied = Signal(object)
    status_changed = Signal(object)

    def __init__(self, command: Sequence[str] = (), *, patience: float = 10.0, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = list(command) or engine_command("serve")
        self._patience = patience
        self._child: LineProcess | None = None
        self._wish = LoadModel("")
        self._flying: dict[str, LoadModel | Ask | Encode] = {}
        self._strikes: deque[float] = deque(maxlen=_STRIKES)
        self._why = ""
        self.status = Status()

    def load(self, wish: LoadModel) -> None:
        """Load a model, starting the child if there is none. It is loaded again after every restart."""
        self._strikes.clear()
        self._wish = msgspec.structs.replace(wish, ticket="")
        self._load(wish.ticket)

    def send(self, request: Request) -> None:
        """Ask, encode or cancel; replies follow by `replied`."""
        if isinstance(request, Cancel):
            self._cancel(request)
        elif isinstance(request, LoadModel):
            self.load(request)
        elif isinstance(request, Ask | Encode):
            if self.status.state is State.SAFE:
                self._fail(request.ticket, self.status.sentence)
                return
            if self._child is None:
                self._load()
            self._fly(request)

    def restart(self) -> None:
        """Start anew at the user's wish, out of safe mode too."""
        self._strikes.clear()
        if self._child:
            self._end_child("was stopped")
        else:
            self._load()

    def close(self, why: str = "") -> None:
        """End the child; for leaving the program, or for a while, `why` then being told."""
        child, self._child = self._child, None
        if child:
            child.write(messages.write(messages.Shutdown()))
            child.close()
            child.deleteLater()
        self._say(Status(sentence=why))

    def _load(self, ticket: str = "") -> None:
        if self._child is None:
            self._start()
        self._fly(msgspec.structs.replace(self._wish, ticket=ticket or new_id()))

    def _start(self) -> None:
        child = LineProcess(self._command, self)
        child.line.connect(self._take)
        child.garbled.connect(self._garbled)
        child.ended.connect(self._ended)
        self._child = child
        if self.status.state is not State.RESTARTING:
            self._say(Status(State.STARTING, "The engine is starting."))
        child.start()

    def _fly(self, request: LoadModel | Ask | Encode) -> None:
        self._flying[request.ticket] = request
        if self._child:
            self._child.write(messages.write(request))
        if not isinstance(request, LoadModel) and self.status.state is State.READY:
            self._say(msgspec.structs.replace(self.status, state=State.BUSY, sentence="The engine is answering."))

    def _cancel(self, request: Cancel) -> None:
        if request.ticket not in self._flying or self._child is None:
            return
        child = self._child
        child.write(messages.write(request))
        QTimer.singleShot(int(self._patience * 1000), self, lambda: self._insist(child, request.ticket))

    def _insist(self, child: LineProcess, ticket: str) -> None:
        """A child that does not stop when it is told to hangs."""
        if child is self._child and ticket in self._flying:
            self._end_child("did not heed Stop, was ended")

    def _take(self, line: bytes) -> None:
        try:
            reply = messages.read_reply(line)
        except EngineUnavailable:
            self._garbled()
            return
        if isinstance(reply, Answered | Encoded | messages.Cancelled | Failed | Ready):
            self._land(reply)
        elif isinstance(reply, Progress) and isinstance(self._flying.get(reply.ticket), LoadModel):
            self._say(Status(State.LOADING, "The model is being loaded.", reply.done, reply.total))
        self.replied.emit(reply)

    def _land(self, reply: Answered | Encoded | messages.Cancelled | Failed | Ready) -> None:
        request = self._flying.pop(reply.ticket, None)
        if isinstance(reply, Ready):
            self._say(Status(State.READY, f"{reply.model.name} is ready.", model=reply))
        elif isinstance(request, LoadModel):
            sentence = reply.sentence if isinstance(reply, Failed) else "Loading was stopped."
            full = isinstance(reply, Failed) and reply.kind == OutOfMemory.__name__
            self._say(Status(State.FULL if full else State.FAILED, sentence))
        elif not self._flying and self.status.state is State.BUSY:
            name = self.status.model.model.name if self.status.model else "The model"
            self._say(msgspec.structs.replace(self.status, state=State.READY, sentence=f"{name} is ready."))

    def _garbled(self) -> None:
        """What cannot be read cannot be trusted: the child starts anew."""
        if self._child:
            _log.warning("the engine wrote what is no message")
            self._end_child("wrote what cannot be read, was ended")

    def _end_child(self, why: str) -> None:
        """`why` is for the user, who must not take it for a crash."""
        if self._child:
            self._why = why
            self._child.kill()

    def _ended(self, code: int, crashed: bool) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        _log.warning("the engine ended (%s, crashed: %s): %s", code, crashed, child.words)
        child.deleteLater()
        self._strikes.append(monotonic())
        killed = crashed and code == _KILLED
        why = self._why or ("was ended, perhaps for lack of memory," if killed else "stopped")
        self._why = ""
        safe = len(self._strikes) == _STRIKES and self._strikes[-1] - self._strikes[0] < _STRIKE_SECONDS
        if safe:
            sentence = (
                f"The engine {why} three times within a minute and is left off: choose another model or a smaller "
                "precision, then start it again."
            )
        else:
            sentence = f"The engine {why} and is being started again: ask once more."
        self._say(Status(State.SAFE if safe else State.RESTARTING, sentence))
        lost, self._flying = self._flying, {}
        for ticket in lost:
            self._fail(ticket, sentence)
        if not safe:
            QTimer.singleShot(0, self, self._again)

    def _again(self) -> None:
        if self._child is None and self.status.state is State.RESTARTING:
            self._load()

    def _fail(self, ticket: str, sentence: str) -> None:
        """Told from the event loop, as replies are: never from inside `send`."""
        failed: Reply = Failed(ticket, EngineUnavailable.__name__, sentence)
        QTimer.singleShot(0, self, lambda: self.replied.emit(failed))

    def _say(self, status: Status) -> None:
        if status != self.status:
            self.status = status
            self.status_changed.emit(status)
