"""Choose with which adapter the model answers, on what and how exactly."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from widgets.field import Field
from widgets.form import Form
from widgets.naming import named


class ModelDialog(QDialog):
    """`kept(values)` when the choice is to be loaded; `facts` says what is loaded now and what it knows of."""

    kept = Signal(object)

    def __init__(
        self, rows: Sequence[Field], values: Mapping[str, Any], facts: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("model")
        self.setWindowTitle("How the model runs")
        self.setMinimumWidth(520)
        words = named(QLabel(facts), "model.facts", "What is loaded")
        words.setWordWrap(True)
        self._form = Form(rows, values, name="model.form")
        buttons = QDialogButtonBox()
        buttons.setObjectName("model.buttons")
        load = named(buttons.addButton("Load", QDialogButtonBox.ButtonRole.AcceptRole), "model.load", "Load")
        leave = named(buttons.addButton("Leave", QDialogButtonBox.ButtonRole.RejectRole), "model.leave", "Leave")
        load.setProperty("primary", True)
        leave.setAutoDefault(False)
        buttons.accepted.connect(self._keep)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(10)
        for widget in (words, self._form, buttons):
            layout.addWidget(widget)

    def _keep(self) -> None:
        values = self._form.values()
        self.accept()
        self.kept.emit(values)
