"""Give annotations other words or another label, without leaving the keyboard."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QWidget

from engine.domain.annotation import Label
from widgets.naming import named

KEEP = "keep"


class PhraseDialog(QDialog):
    """`kept(phrase, label id or None, new label's name)`; an empty field keeps each annotation's own phrase."""

    kept = Signal(object, object, str)

    def __init__(
        self, phrase: str, label: str | None, labels: Mapping[str, Label], count: int, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("phrase")
        self.setWindowTitle("Phrase and label" if count == 1 else f"Phrase and label of {count} annotations")
        self.setMinimumWidth(380)
        self._several = count > 1
        self._field = named(QLineEdit(phrase), "phrase.text", "Phrase")
        self._field.setPlaceholderText("each keeps its own" if self._several else "what it is, in words")
        completer = QCompleter([one.name for one in labels.values()], self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._field.setCompleter(completer)
        self._field.selectAll()
        self._choice = named(QComboBox(), "phrase.label", "Label")
        self._choice.addItem("No label", None)
        for one in labels.values():
            self._choice.addItem(one.name, one.id)
        self._choice.addItem("New label from the phrase", KEEP)
        self._choice.setCurrentIndex(max(self._choice.findData(label), 0))
        buttons = QDialogButtonBox()
        buttons.setObjectName("phrase.buttons")
        take = named(buttons.addButton("Use", QDialogButtonBox.ButtonRole.AcceptRole), "phrase.use", "Use")
        leave = named(buttons.addButton("Leave", QDialogButtonBox.ButtonRole.RejectRole), "phrase.leave", "Leave")
        take.setProperty("primary", True)
        take.setDefault(True)
        leave.setAutoDefault(False)
        buttons.accepted.connect(self._use)
        buttons.rejected.connect(self.reject)
        layout = QFormLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.addRow("Phrase", self._field)
        layout.addRow("Label", self._choice)
        layout.addRow(buttons)

    def _use(self) -> None:
        phrase = self._field.text().strip()
        label = self._choice.currentData()
        if not phrase and not self._several:
            return
        new = phrase if label == KEEP else ""
        self.accept()
        self.kept.emit(phrase or None, None if label == KEEP else label, new)
