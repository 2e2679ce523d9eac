"""The question panel shows the item's conversation and asks on the user's behalf."""

from PySide6.QtCore import QObject, Qt, QTimer

from app.actions.board import ActionBoard
from app.asking import Asking
from app.session import Mark, Session
from engine import answers
from engine.domain.media import Clock
from engine.domain.query import Query
from widgets.query_panel import QueryPanel
from widgets.timecode import timecode
from widgets.turn_card import Turn
from widgets.wording import where

_CALM_MS = 30
_RECENT = 30
_PAUSE_MS = 200


class Conversation(QObject):
    """The turns of the shown item: those the project holds, and those being answered."""

    def __init__(self, panel: QueryPanel, session: Session) -> None:
        super().__init__(panel)
        self._panel, self._session = panel, session
        self._open: dict[str, Query] = {}
        self._texts: dict[str, str] = {}
        self._outcomes: dict[str, str] = {}
        self._calm = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._calm.timeout.connect(self.show)

    def follow(self, asking: Asking) -> None:
        asking.began.connect(self.began)
        asking.streamed.connect(self.streamed)
        asking.moved.connect(self.moved)
        asking.ended.connect(self.ended)
        asking.failed.connect(self.failed)
        asking.stopped.connect(lambda query: self.failed(query, ""))

    def soon(self, *_: object) -> None:
        self._calm.start()

    def began(self, query: Query) -> None:
        self._open[query.id] = query
        self._outcomes.pop(query.id, None)
        self._texts[query.id] = ""
        self.show()
        if card := self._panel.card(query.id):
            card.show_state("asking…")

    def streamed(self, query: str, text: str) -> None:
        self._texts[query] = text
        if card := self._panel.card(query):
            card.show_text(text)

    def moved(self, query: str, words: str) -> None:
        if card := self._panel.card(query):
            card.show_state(words)

    def ended(self, query: str) -> None:
        self._open.pop(query, None)
        self._texts.pop(query, None)
        self.show()

    def failed(self, query: str, sentence: str) -> None:
        """The question stays in sight with what became of it, "" when stopped, until another item is shown."""
        self._texts.pop(query, None)
        self._outcomes[query] = sentence
        self.show()

    def leave(self, *_: object) -> None:
        """Another item is shown: questions that came to nothing are forgotten."""
        for query in self._outcomes:
            self._open.pop(query, None)
        self._outcomes = {}
        self.soon()

    def show(self) -> None:
        store, item = self._session.store, self._session.item
        if store is None or item is None:
            self._panel.show_turns(())
            return
        said = {one.query: one for one in store.predictions(item.id)}
        queries = store.queries(item.id)
        known = {one.id for one in queries}
        queries += [one for one in self._open.values() if one.item == item.id and one.id not in known]
        turns = []
        for query in queries:
            prediction = said.get(query.id)
            linked = answers.links(prediction, self._session.annotations) if prediction else {}
            turns.append(Turn(query, prediction, linked, about(query, item.clock)))
        self._panel.show_turns(turns)
        self._show_under_way()

    def _show_under_way(self) -> None:
        for query, text in self._texts.items():
            if card := self._panel.card(query):
                card.show_text(text)
        for query, sentence in self._outcomes.items():
            if card := self._panel.card(query):
                card.show_outcome(sentence)


def connect_query_panel(panel: QueryPanel, session: Session, asking: Asking, board: ActionBoard) -> None:
    talk = Conversation(panel, session)
    recent: list[str] = []

    def fill() -> None:
        templates = session.store.templates() if session.store else []
        panel.show_questions(templates, session.labels)

    def ask(text: str, follow: bool) -> None:
        recent[:] = [text, *(one for one in recent if one != text)][:_RECENT]
        panel.remember(recent)
        asking.ask(text, follow=follow)

    session.item_changed.connect(talk.leave)
    session.annotations_changed.connect(talk.soon)
    panel.questions_wanted.connect(fill)
    session.hover_changed.connect(panel.light)
    session.mark_changed.connect(
        lambda mark: panel.show_mark(about(mark, session.item.clock if session.item else None))
    )
    talk.follow(asking)
    asking.busy_changed.connect(lambda busy: board.set_fact("asking", holds=busy))
    _read_while_written(panel, asking, board)
    panel.asked.connect(ask)
    panel.again.connect(asking.again)
    panel.stopped.connect(asking.stop)
    panel.hovered.connect(session.hover)
    panel.chosen.connect(session.select)
    panel.mark_dropped.connect(lambda: session.mark_part(Mark()))
    panel.templates_wanted.connect(lambda: board.run("ask.templates"))
    panel.left.connect(lambda: board.run("go.work"))
    board.bind(
        {
            "ask.focus": lambda: panel.field.setFocus(Qt.FocusReason.ShortcutFocusReason),
            "ask.again": asking.again_last,
            "ask.cancel": asking.stop,
        }
    )


def _read_while_written(panel: QueryPanel, asking: Asking, board: ActionBoard) -> None:
    """At a pause in the writing the engine reads what is there."""

    def expect() -> None:
        if (text := panel.field.text().strip()) and board.holds("ready"):
            asking.expect(text, follow=panel.follow.isChecked())

    pause = QTimer(panel, singleShot=True, interval=_PAUSE_MS)
    pause.timeout.connect(expect)
    panel.field.textEdited.connect(lambda _: pause.start())


def about(mark: Mark | Query, clock: Clock | None) -> str:
    """What a question is about, in words; "" for the whole item."""
    parts = []
    if mark.region:
        parts.append(f"the region {where(mark.region, clock)}")
    if mark.moment:
        parts.append(f"the moment {where(mark.moment, clock)}")
    if mark.frame is not None and clock:
        parts.append(f"the frame at {timecode(clock.seconds_at(mark.frame))}")
    return f"about {' in '.join(parts)}" if parts else ""
