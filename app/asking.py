"""Questions under way: what was asked, what has been found so far, and the one edit when the answer is whole."""

from collections.abc import Iterable
from typing import Protocol

import msgspec
from msgspec import Struct
from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from app.preferences import Preferences
from app.session import Session
from engine import answers
from engine.domain.annotation import Annotation, Origin, Provenance
from engine.domain.ids import new_id
from engine.domain.media import MediaItem
from engine.domain.project import AnnotationFilter
from engine.domain.query import Grounding, Prediction, Query
from engine.messages import (
    Answered,
    Ask,
    Cancel,
    Cancelled,
    Encode,
    Failed,
    Found,
    Progress,
    Reply,
    Request,
    Token,
    Turn,
)


class Engine(Protocol):
    """The engine's process as seen from here: requests go in, replies come as signals."""

    replied: SignalInstance

    def send(self, request: Request) -> None: ...


class _Flight(Struct):
    """One question on its way."""

    query: Query
    new: bool
    text: str = ""
    found: tuple[Grounding, ...] = ()


class Asking(QObject):
    """`began(query)`, `streamed(query id, text)`, `ended(query id)`, `stopped(query id)` and
    `failed(query id, sentence)` for the panel.
    """

    began = Signal(object)
    streamed = Signal(str, str)
    moved = Signal(str, str)
    ended = Signal(str)
    failed = Signal(str, str)
    stopped = Signal(str)
    busy_changed = Signal(bool)

    def __init__(self, session: Session, engine: Engine, preferences: Preferences) -> None:
        super().__init__()
        self._session, self._engine, self._preferences = session, engine, preferences
        self._flights: dict[str, _Flight] = {}
        self._expected: Encode | None = None
        # What comes in one go is drawn in one go.
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._show_arriving)
        engine.replied.connect(self._take)
        session.lent.connect(lambda lent: self.stop() if lent else None)

    @property
    def busy(self) -> bool:
        return bool(self._flights)

    def ask(self, text: str, *, follow: bool = False) -> None:
        """Ask about what is shown and marked; `follow` goes on from the last answer."""
        item = self._session.item
        if item is not None:
            query, new = self._drafted(text, item, follow=follow)
            self._fly(query, item, new=new)

    def expect(self, text: str, *, follow: bool = False) -> None:
        """Let the engine read a question while it is being written: once asked, its answer begins at once."""
        item = self._session.item
        if item is None or self._flights:
            return
        query, _ = self._drafted(text, item, follow=follow)
        read = self._read(query, item)
        if self._unexpected(read):
            self._expected = read
            self._engine.send(read)

    def again(self, query: Query) -> None:
        """Ask a stored question once more; only what still waits for review will be replaced."""
        store = self._session.store
        item = store.get(MediaItem, query.item) if store else None
        if store is not None and item is not None:
            self._fly(query, item, new=store.get(Query, query.id) is None)

    def again_last(self) -> None:
        """Ask the shown item's last question once more."""
        store, item = self._session.store, self._session.item
        known = store.queries(item.id) if store and item else []
        if known:
            self.again(known[-1])

    def stop(self) -> None:
        """Give up everything that is being answered; nothing of it is kept."""
        for ticket in list(self._flights):
            self._engine.send(Cancel(ticket))

    def _drafted(self, text: str, item: MediaItem, *, follow: bool) -> tuple[Query, bool]:
        """The question as the project will hold it, and whether it does not hold it yet."""
        known = self._session.store.queries(item.id) if self._session.store else []
        last = known[-1].id if follow and known else None
        mark = self._session.mark
        draft = Query(new_id(), item.id, text, answers.now(), mark.region, mark.moment, mark.frame, last)
        return answers.question(draft, known)

    def _fly(self, query: Query, item: MediaItem, *, new: bool) -> None:
        if self._session.store is None:
            return
        read = self._read(query, item)
        self._unexpected(read)
        self._expected = None
        self._flights[read.ticket] = _Flight(query, new)
        self.began.emit(query)
        self.busy_changed.emit(True)
        self._engine.send(Ask(**msgspec.structs.asdict(read), samples=self._preferences.value.samples))

    def _read(self, query: Query, item: MediaItem) -> Encode:
        """What of a question there is to read."""
        media = (str(self._session.store.path_of(item)),) if self._session.store else ()
        mark = (query.region, query.moment, query.frame)
        return Encode(new_id(), media, query.text, *mark, self._turns(query))

    def _unexpected(self, read: Encode) -> bool:
        """Whether something else was read ahead, or nothing; if it still is, nobody waits for it any more."""
        expected = self._expected
        if expected is None:
            return True
        if msgspec.structs.replace(expected, ticket=read.ticket) == read:
            return False
        self._engine.send(Cancel(expected.ticket))
        self._expected = None
        return True

    def _turns(self, query: Query) -> tuple[Turn, ...]:
        """The conversation before a question, oldest first."""
        store, turns = self._session.store, []
        said = {one.query: one.answer for one in store.predictions(query.item)} if store else {}
        before = query.follows
        while store is not None and before:
            earlier = store.get(Query, before)
            if earlier is None:
                break
            turns.append(Turn(earlier.text, said.get(earlier.id, "")))
            before = earlier.follows
        return tuple(reversed(turns))

    def _take(self, reply: Reply) -> None:
        flight = self._flights.get(getattr(reply, "ticket", ""))
        if flight is None:
            return
        match reply:
            case Token(_, text):
                flight.text += text
                self.streamed.emit(flight.query.id, flight.text)
            case Found(_, grounding):
                flight.found = (*flight.found, grounding)
                self._soon.start()
            case Progress(_, what, done, total):
                share = f" {100 * done / total:.0f} %" if total > 0 else "…"
                self.moved.emit(flight.query.id, f"{what}{share}")
            case Answered():
                self._keep(flight, reply)
            case Failed(_, _, sentence):
                self.failed.emit(self._give_up(reply.ticket), sentence)
            case Cancelled():
                self.stopped.emit(self._give_up(reply.ticket))

    def _keep(self, flight: _Flight, reply: Answered) -> None:
        """The whole answer becomes one step of the history."""
        del self._flights[reply.ticket]
        query, store = flight.query, self._session.store
        if store is not None and store.get(MediaItem, query.item) is not None:
            new = store.get(Query, query.id) is None
            prediction = Prediction(
                new_id(),
                query.id,
                query.item,
                reply.answer,
                reply.groundings,
                reply.model,
                answers.now(),
                reply.timings.get("total", 0.0),
            )
            stored = store.annotations(AnnotationFilter(item=query.item))
            edit = answers.answer_edit(query, prediction, stored, self._session.labels, new=new)
            self._session.settle(edit, self._arriving())
        else:
            self._show_arriving()
        self.ended.emit(query.id)
        self.busy_changed.emit(self.busy)

    def _give_up(self, ticket: str) -> str:
        """Nothing came of it; the id of its question."""
        flight = self._flights.pop(ticket)
        self._show_arriving()
        self.busy_changed.emit(self.busy)
        return flight.query.id

    def _show_arriving(self) -> None:
        self._session.show_arriving(self._arriving())

    def _arriving(self) -> list[Annotation]:
        """What has been found in the shown item by answers that are not whole."""
        self._soon.stop()
        item = self._session.item
        mine = [flight for flight in self._flights.values() if item and flight.query.item == item.id]
        return [one for flight in mine for one in self._found(flight)]

    def _found(self, flight: _Flight) -> Iterable[Annotation]:
        signed = Provenance(Origin.MODEL, "", flight.query.at)
        fresh = answers.predicted(flight.query, flight.found, signed, self._session.labels)
        return (msgspec.structs.replace(one, id=f"{flight.query.id}.{index}") for index, one in enumerate(fresh))
