"""Bring annotations of other programs in: what a file would add, what it names in vain, and the one step."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from widgets.dialogs.strays import Stray, StrayPanel
from widgets.naming import named
from widgets.progress_line import ProgressLine


class ImportDialog(QDialog):
    """`decided(names to item ids)` after each decision, `folder_wanted` to look for media elsewhere, `agreed` to
    import, `stopped` to give up what runs."""

    decided = Signal(object)
    folder_wanted = Signal()
    agreed = Signal()
    stopped = Signal()

    def __init__(self, source: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("import")
        self.setWindowTitle(f"Import {source}")
        self._account = named(QPlainTextEdit(), "import.account", "What the import adds")
        self._account.setReadOnly(True)
        self._account.setTabChangesFocus(True)
        self.strays = StrayPanel()
        self.strays.hide()
        self.strays.decided.connect(self.decided)
        self.strays.folder_wanted.connect(self.folder_wanted)
        self._progress = ProgressLine("import.progress", timed=True)
        self._progress.stopped.connect(self.stopped)
        buttons = self._closing()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(8)
        for widget, share in ((self._account, 1), (self.strays, 3), (self._progress, 0), (buttons, 0)):
            layout.addWidget(widget, share)
        self.resize(560, 320)
        self.rejected.connect(self.stopped)

    @property
    def busy(self) -> bool:
        """Whether progress is on show."""
        return not self._progress.isHidden()

    def show_account(self, text: str, *, ready: bool) -> None:
        """What the import would do, or why it cannot; `ready` when there is something to import."""
        self._progress.finish()
        self._account.setPlainText(text)
        self._go.setEnabled(ready)

    def show_strays(self, rows: Sequence[Stray], paths: Mapping[str, str]) -> None:
        """Names to decide on. Enter serves the list from now on, so the step itself is no longer its button."""
        if rows:
            self.strays.show_strays(rows, paths)
            self.strays.show()
            self._go.setDefault(False)
            self.resize(860, 640)

    def show_progress(self, words: str, done: float, total: float) -> None:
        self._go.setEnabled(False)
        self._progress.show_progress(words, done, total)

    def _closing(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        buttons.setObjectName("import.buttons")
        self._go = named(buttons.addButton("&Import", QDialogButtonBox.ButtonRole.ActionRole), "import.go", "Import")
        self._go.setProperty("primary", True)
        self._go.setAutoDefault(False)
        self._go.setDefault(True)
        self._go.setEnabled(False)
        self._go.clicked.connect(self.agreed)
        leave = named(buttons.addButton("Leave", QDialogButtonBox.ButtonRole.RejectRole), "import.leave", "Leave")
        leave.setAutoDefault(False)
        buttons.rejected.connect(self.reject)
        return buttons
