"""Write annotations for other programs: choose a format, see beforehand what it cannot carry, write."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from widgets.field import Field
from widgets.form import Form
from widgets.naming import named
from widgets.progress_line import ProgressLine


class ExportDialog(QDialog):
    """`changed(values)` when another choice was made, `wanted(values)` to write, `stopped` to give up."""

    changed = Signal(object)
    wanted = Signal(object)
    stopped = Signal()

    def __init__(self, rows: Sequence[Field], values: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export")
        self.setWindowTitle("Export")
        self.resize(560, 560)
        self._form = Form(rows, values, name="export.form")
        self._form.changed.connect(lambda *_: self.changed.emit(self._form.values()))
        self._account = named(QPlainTextEdit(), "export.account", "What the file will hold")
        self._account.setReadOnly(True)
        self._progress = ProgressLine("export.progress", timed=True)
        self._progress.stopped.connect(self.stopped)
        buttons = QDialogButtonBox()
        buttons.setObjectName("export.buttons")
        self._go = named(buttons.addButton("Export…", QDialogButtonBox.ButtonRole.ActionRole), "export.go", "Export")
        self._go.setProperty("primary", True)
        self._go.setDefault(True)
        close = named(buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole), "export.close", "Close")
        close.setAutoDefault(False)
        self._go.clicked.connect(lambda: self.wanted.emit(self._form.values()))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(8)
        for widget in (self._form, self._account, self._progress, buttons):
            layout.addWidget(widget)
        self.rejected.connect(self.stopped)

    @property
    def values(self) -> dict[str, Any]:
        return self._form.values()

    def show_account(self, text: str) -> None:
        """What the export holds and loses, or why there is none."""
        self._account.setPlainText(text)

    def show_progress(self, words: str, done: float, total: float) -> None:
        self._go.setEnabled(False)
        self._progress.show_progress(words, done, total)

    def finish(self) -> None:
        self._go.setEnabled(True)
        self._progress.finish()
