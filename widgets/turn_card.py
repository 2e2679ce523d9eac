"""One question with its answer: streams, shows chips, can be stopped, asked again, edited."""

from collections.abc import Mapping

from msgspec import Struct
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from engine.domain.query import Prediction, Query
from widgets.answer_text import number, rich_text
from widgets.naming import dress, named
from widgets.theme import roles_of


class Turn(Struct, frozen=True):
    """A question, its last answer if there is one, the annotation each grounding became, and `about` which part."""

    query: Query
    prediction: Prediction | None = None
    annotations: Mapping[int, str] = {}
    about: str = ""


class TurnCard(QFrame):
    """`hovered(id)` and `chosen(id)` name the annotation behind a chip; the deeds name the question."""

    hovered = Signal(str)
    chosen = Signal(str)
    again = Signal(object)
    edited = Signal(object)
    stopped = Signal()

    def __init__(self, turn: Turn) -> None:
        super().__init__()
        self.setObjectName(f"turn.{turn.query.id}")
        self.setProperty("role", "card")
        self.turn = turn
        self._lit: frozenset[int] = frozenset()
        self._streamed = ""
        self._question = named(QLabel(turn.query.text), "turn.question", "Question")
        self._question.setWordWrap(True)
        self._question.setTextFormat(Qt.TextFormat.PlainText)
        font = self._question.font()
        font.setBold(True)
        self._question.setFont(font)
        self._about = named(QLabel(turn.about), "turn.about", "What the question is about")
        self._about.setProperty("role", "caption")
        self._answer = named(QLabel(), "turn.answer", "Answer")
        self._answer.setWordWrap(True)
        self._answer.setTextFormat(Qt.TextFormat.RichText)
        self._answer.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
            | Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self._answer.linkHovered.connect(lambda link: self.hovered.emit(self._annotation(link)))
        self._answer.linkActivated.connect(lambda link: self.chosen.emit(self._annotation(link)))
        self._facts = named(QLabel(), "turn.facts", "How it was answered")
        self._facts.setProperty("role", "caption")
        self._facts.setWordWrap(True)
        self._stop = _button("Stop", "turn.stop")
        self._again = _button("Ask again", "turn.again")
        self._edit = _button("Edit", "turn.edit")
        self._stop.clicked.connect(self.stopped)
        self._again.clicked.connect(lambda: self.again.emit(self.turn.query))
        self._edit.clicked.connect(lambda: self.edited.emit(self.turn.query))
        self._lay_out()
        self.show_turn(turn)

    def show_turn(self, turn: Turn) -> None:
        """The whole answer, or that there is none yet."""
        self.turn = turn
        self._streamed = ""
        prediction = turn.prediction
        self._tell(_facts(turn))
        self._answering(under_way=False)
        self._answer.setVisible(prediction is not None)
        self._paint_answer()

    def show_text(self, text: str) -> None:
        """The answer as far as it has come."""
        self._streamed = text
        self._tell("answering…")
        self._answering(under_way=True)
        self._answer.setVisible(bool(text))
        self._paint_answer()

    def show_state(self, words: str) -> None:
        """What the engine is doing about this question."""
        self._tell(words)
        self._answering(under_way=True)

    def show_outcome(self, sentence: str) -> None:
        """Why there is no answer; "" when the user stopped it."""
        self._tell(f"▲ {sentence}" if sentence else "stopped", trouble=bool(sentence))
        self._answering(under_way=False)

    def light(self, annotation: str) -> None:
        """Light the chips of an annotation, "" for none."""
        lit = frozenset(index for index, id_ in self.turn.annotations.items() if id_ == annotation and annotation)
        if lit != self._lit:
            self._lit = lit
            self._paint_answer()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_answer"):
            self._paint_answer()

    def _tell(self, words: str, *, trouble: bool = False) -> None:
        self._facts.setText(words)
        dress(self._facts, "trouble" if trouble else "caption")

    def _paint_answer(self) -> None:
        prediction = self.turn.prediction
        if self._streamed or prediction is None:
            self._answer.setText(rich_text(self._streamed, (), (), roles_of(self.palette())))
            return
        shown = rich_text(prediction.answer, prediction.groundings, self._lit, roles_of(self.palette()))
        self._answer.setText(shown)

    def _annotation(self, link: str) -> str:
        return self.turn.annotations.get(int(link), "") if link else ""

    def _answering(self, *, under_way: bool) -> None:
        self._stop.setVisible(under_way)
        self._again.setVisible(not under_way)
        self._edit.setVisible(not under_way)

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.setSpacing(2)
        below.addWidget(self._facts, 1)
        for button in (self._stop, self._again, self._edit):
            below.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 6, 4)
        layout.setSpacing(4)
        layout.addWidget(self._question)
        layout.addWidget(self._about)
        self._about.setVisible(bool(self.turn.about))
        layout.addWidget(self._answer)
        layout.addLayout(below)


def _facts(turn: Turn) -> str:
    prediction = turn.prediction
    if prediction is None:
        return "not answered"
    model, seconds = prediction.model, prediction.seconds
    took = f"{seconds:.1f} s" if seconds >= 1 else f"{max(seconds, 0.01):.2f} s"
    same = f"{' '.join(map(number, sorted(prediction.same)))} there already" if prediction.same else ""
    return " · ".join(filter(None, (took, model.name, model.adapter, model.backbone, same)))


def _button(words: str, name: str) -> QPushButton:
    button = named(QPushButton(words), name, words)
    button.setProperty("quiet", True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    return button
