"""The same questions to many media: which questions, which media, how long."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from widgets.field import Field
from widgets.form import Form
from widgets.naming import named

_TEACH = (
    "One question a line. Answers come in as predictions to review; your own work is never changed. It runs in the "
    "background, gives way when you ask something, and goes on after a restart."
)


class PrelabelDialog(QDialog):
    """`started(questions, values)`, or `resumed` for a run that was interrupted."""

    started = Signal(object, object)
    resumed = Signal()

    def __init__(
        self,
        questions: Sequence[str],
        rows: Sequence[Field],
        values: Mapping[str, Any],
        waiting: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("prelabel")
        self.setWindowTitle("Pre-label items")
        self.resize(520, 420)
        words = QLabel(_TEACH)
        words.setWordWrap(True)
        words.setProperty("role", "caption")
        self.text = named(QPlainTextEdit("\n".join(questions)), "prelabel.questions", "Questions, one a line")
        self.text.setPlaceholderText("Where is the red kite?")
        self.text.setTabChangesFocus(True)
        self._form = Form(rows, values, name="prelabel.form")
        buttons = QDialogButtonBox()
        buttons.setObjectName("prelabel.buttons")
        go = named(buttons.addButton("Start", QDialogButtonBox.ButtonRole.AcceptRole), "prelabel.start", "Start")
        go.setProperty("primary", True)
        leave = named(buttons.addButton("Leave", QDialogButtonBox.ButtonRole.RejectRole), "prelabel.leave", "Leave")
        leave.setAutoDefault(False)
        if waiting:
            again = buttons.addButton(waiting, QDialogButtonBox.ButtonRole.ActionRole)
            named(again, "prelabel.resume", waiting).clicked.connect(self._resume)
        buttons.accepted.connect(self._start)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(8)
        for widget in (words, self.text, self._form, buttons):
            layout.addWidget(widget)

    def _start(self) -> None:
        questions = tuple(line.strip() for line in self.text.toPlainText().splitlines() if line.strip())
        if questions:
            values = self._form.values()
            self.accept()
            self.started.emit(tuple(dict.fromkeys(questions)), values)

    def _resume(self) -> None:
        self.accept()
        self.resumed.emit()
