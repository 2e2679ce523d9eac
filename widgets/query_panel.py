"""The question panel: ask in plain words, see the answers to the shown item, newest first."""

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.domain.annotation import Label
from engine.domain.project import Template
from engine.domain.query import Query
from widgets.empty import Empty
from widgets.naming import dress, named
from widgets.turn_card import Turn, TurnCard

_SHOWN = 10
_REMEDIES = (("ask.model", "How the model runs…"), ("ask.models", "Models…"), ("ask.restart", "Start again"))
_TEACH = "Ask where or when something is: “Where is the red kite?”, “When does the dog bark?”"


class QueryPanel(QWidget):
    """`asked(text, follow)`; the other signals pass on what the cards say. Text is never changed behind the user.

    `questions_wanted` before the menu of saved and recent questions opens; `show_questions` fills it.
    `remedy_wanted(action)` when the model is in trouble and the user takes one of the ways out.
    """

    asked = Signal(str, bool)
    again = Signal(object)
    stopped = Signal()
    hovered = Signal(str)
    chosen = Signal(str)
    mark_dropped = Signal()
    templates_wanted = Signal()
    questions_wanted = Signal()
    remedy_wanted = Signal(str)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("ask")
        self._cards: dict[str, TurnCard] = {}
        self._turns: Sequence[Turn] = ()
        self._recent: list[str] = []
        self.field = named(QLineEdit(), "ask.text", "Question")
        self.field.setPlaceholderText("Where is …?   When does …?      /")
        self.field.setClearButtonEnabled(True)
        self.field.returnPressed.connect(self._ask)
        self.field.installEventFilter(self)
        self._button = named(QPushButton("Ask"), "ask.send", "Ask")
        self._button.setProperty("primary", True)
        self._button.clicked.connect(self._ask)
        self._saved = named(QToolButton(), "ask.saved", "Saved and recent questions")
        self._saved.setText("☰")
        self._saved.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = named(QMenu(self), "ask.menu", "Saved and recent questions")
        self._saved.setMenu(self._menu)
        self._menu.aboutToShow.connect(self.questions_wanted)
        self.follow = named(QCheckBox("Follow up on the last answer"), "ask.follow", "Follow up on the last answer")
        self._mark = self._mark_row()
        self._state = named(QLabel(), "ask.state", "State of the model")
        self._state.setWordWrap(True)
        self._state.hide()
        self._remedies = self._remedy_row()
        self._empty = Empty("ask.empty", _TEACH)
        self._more = named(QPushButton("Earlier questions"), "ask.more", "Earlier questions")
        self._more.setProperty("quiet", True)
        self._more.clicked.connect(lambda: self._show_cards(len(self._turns)))
        self._lay_out()
        self._show_cards(_SHOWN)
        self.enable(can_ask=False)

    def show_turns(self, turns: Sequence[Turn]) -> None:
        """The questions of the shown item, oldest first as they were asked."""
        known = [turn.query.id for turn in turns[-_SHOWN:]]
        if known == [card.turn.query.id for card in reversed(self._cards.values())] and len(turns) == len(self._turns):
            for turn in turns[-_SHOWN:]:
                self._cards[turn.query.id].show_turn(turn)
            self._turns = turns
            return
        self._turns = turns
        self._show_cards(_SHOWN)

    def card(self, query: str) -> TurnCard | None:
        """The card of a question that is on show."""
        return self._cards.get(query)

    def light(self, annotation: str) -> None:
        for card in self._cards.values():
            card.light(annotation)

    def show_mark(self, words: str) -> None:
        """What the next question is about, "" for the whole item."""
        self._mark_words.setText(words)
        self._mark.setVisible(bool(words))

    def show_state(self, words: str, *, trouble: bool = False) -> None:
        """Why the model cannot answer yet, "" when it can; `trouble` when it will not without the user."""
        self._state.setText(f"▲ {words}" if trouble else words)
        self._state.setVisible(bool(words))
        dress(self._state, "trouble" if trouble else "caption")
        self._remedies.setVisible(trouble)

    def enable(self, *, can_ask: bool) -> None:
        self.field.setEnabled(can_ask)
        self._button.setEnabled(can_ask)
        self._saved.setEnabled(can_ask)

    def remember(self, recent: Sequence[str]) -> None:
        """What the arrow up brings back, newest first."""
        self._recent = list(recent)

    def show_questions(self, templates: Sequence[Template], labels: Mapping[str, Label]) -> None:
        """Fill the menu of saved and recent questions."""
        self._menu.clear()
        for template in templates:
            self._add_template(template, labels)
        self._menu.addSeparator()
        for text in self._recent[:10]:
            self._menu.addAction(text, partial(self.write, text))
        self._menu.addSeparator()
        self._menu.addAction("Saved questions…", self.templates_wanted.emit)

    def write(self, text: str, part: str = "") -> None:
        """Put a text into the field to be edited; the user writes over `part` of it, else over all."""
        self.field.setText(text)
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()
        if part:
            self.field.setSelection(text.index(part), len(part))

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """The arrow up brings back recent questions."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()), 0)
            if step and self._recent:
                text = self.field.text()
                at = self._recent.index(text) + step if text in self._recent else 0
                self.field.setText(self._recent[min(max(at, 0), len(self._recent) - 1)])
                return True
        return False

    def _ask(self) -> None:
        text = self.field.text().strip()
        if text:
            self.field.clear()
            self.asked.emit(text, self.follow.isChecked())
            self.left.emit()

    def _add_template(self, template: Template, labels: Mapping[str, Label]) -> None:
        label = labels.get(template.label or "")
        if "{label}" not in template.text or label is not None:
            text = template.text.replace("{label}", label.name if label else "")
            self._menu.addAction(text, partial(self.write, text))
            return
        choices = self._menu.addMenu(template.text.replace("{label}", "…"))
        for one in labels.values():
            asked = template.text.replace("{label}", one.name)
            choices.addAction(one.name, partial(self.write, asked))
        if labels:
            choices.addSeparator()
        choices.addAction("Something else…", partial(self.write, template.text, "{label}"))

    def _show_cards(self, count: int) -> None:
        """Cards for the newest turns; those that are there stay, making one takes milliseconds."""
        before, self._cards = self._cards, {}
        for at, turn in enumerate(reversed(self._turns[-count:])):
            card = before.pop(turn.query.id, None)
            if card is None:
                card = self._made(turn)
                self._list.insertWidget(at, card)
            else:
                card.show_turn(turn)
            self._cards[turn.query.id] = card
        for card in before.values():
            card.setParent(None)
            card.deleteLater()
        self._more.setVisible(len(self._turns) > count)
        self._stack.setCurrentIndex(0 if self._turns else 1)

    def _made(self, turn: Turn) -> TurnCard:
        card = TurnCard(turn)
        card.hovered.connect(self.hovered)
        card.chosen.connect(self.chosen)
        card.again.connect(self.again)
        card.stopped.connect(self.stopped)
        card.edited.connect(lambda query: self.write(_text(query)))
        return card

    def _mark_row(self) -> QFrame:
        row = QFrame()
        row.setObjectName("ask.mark")
        row.setProperty("role", "chip")
        self._mark_words = named(QLabel(), "ask.mark.words", "What the question is about")
        drop = named(QPushButton("×"), "ask.mark.drop", "Ask about the whole item")
        drop.setProperty("quiet", True)
        drop.clicked.connect(self.mark_dropped)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(10, 1, 4, 1)
        layout.addWidget(self._mark_words, 1)
        layout.addWidget(drop)
        row.hide()
        return row

    def _remedy_row(self) -> QWidget:
        row = QWidget()
        row.setObjectName("ask.remedies")
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        for action, words in _REMEDIES:
            button = named(QPushButton(words), f"ask.remedy.{action}", words)
            button.clicked.connect(lambda _, wish=action: self.remedy_wanted.emit(wish))
            layout.addWidget(button)
        layout.addStretch(1)
        row.hide()
        return row

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(6)
        for widget in (self.field, self._saved, self._button):
            line.addWidget(widget)
        holder = QWidget()
        self._list = QVBoxLayout(holder)
        self._list.setContentsMargins(0, 0, 2, 0)
        self._list.setSpacing(8)
        self._list.addWidget(self._more)
        self._list.addStretch(1)
        scroll = named(QScrollArea(), "ask.turns", "Questions and answers")
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        scroll.setWidget(holder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 8)
        layout.setSpacing(6)
        layout.addLayout(line)
        layout.addWidget(self._mark)
        layout.addWidget(self._state)
        layout.addWidget(self._remedies)
        layout.addWidget(self.follow)
        self._stack = QStackedLayout()
        layout.addLayout(self._stack, 1)
        # Filled once it has its place: without one, a page would come up as a window of its own.
        self._stack.addWidget(scroll)
        self._stack.addWidget(self._empty)


def _text(query: object) -> str:
    return query.text if isinstance(query, Query) else ""
