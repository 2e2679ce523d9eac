"""What this machine can do for Groundwork, thing by thing, and what to do where it cannot."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from engine.domain.machine import Finding, Findings, Verdict
from widgets.icons import pixmap
from widgets.naming import named
from widgets.progress_line import ProgressLine
from widgets.theme import Roles, roles_of

_ICONS = {Verdict.FINE: "accept", Verdict.LIMITED: "warning", Verdict.BROKEN: "reject"}
_WORDS = {Verdict.FINE: "fine", Verdict.LIMITED: "limited", Verdict.BROKEN: "does not work"}


class ChecksDialog(QDialog):
    """`save_wanted` for the report, `again_wanted` to look once more, `stopped` to give up looking."""

    save_wanted = Signal()
    again_wanted = Signal()
    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("checks")
        self.setWindowTitle("This machine")
        self.resize(640, 620)
        self._words = named(QLabel("Looking at this machine…"), "checks.words", "Outcome")
        self._words.setProperty("role", "title")
        self._words.setWordWrap(True)
        self._scroll = QScrollArea()
        self._scroll.setObjectName("checks.scroll")
        self._scroll.setAccessibleName("Findings")
        self._scroll.setWidgetResizable(True)
        self._progress = ProgressLine("checks.progress")
        self._progress.stopped.connect(self.stopped)
        self._again = self._button("again", "Look again", self.again_wanted)
        self._save = self._button("save", "Save a report…", self.save_wanted)
        close = named(QPushButton("Close"), "checks.close", "Close")
        close.clicked.connect(self.accept)
        below = QHBoxLayout()
        for button in (self._again, self._save):
            below.addWidget(button)
        below.addStretch(1)
        below.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(10)
        layout.addWidget(self._words)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self._progress, alignment=Qt.AlignmentFlag.AlignLeft)
        layout.addLayout(below)
        self.show_busy()

    def show_busy(self) -> None:
        self._progress.show_progress("Some seconds: the engine is asked what it can use", 0, 0)
        for button in (self._again, self._save):
            button.setEnabled(False)

    def show_progress(self, what: str, done: float, total: float) -> None:
        self._progress.show_progress(f"Looking at {what}", done, total)

    def show_findings(self, found: Findings) -> None:
        self._end(found.sentence)
        self._save.setEnabled(True)
        page = QWidget()
        grid = QGridLayout(page)
        grid.setColumnStretch(2, 1)
        grid.setVerticalSpacing(12)
        for row, one in enumerate(found.findings):
            self._lay(grid, row, one)
        grid.setRowStretch(len(found.findings), 1)
        self._scroll.setWidget(page)

    def show_trouble(self, sentence: str) -> None:
        self._end(sentence)

    def _end(self, words: str) -> None:
        self._progress.finish()
        self._words.setText(words)
        self._words.setAccessibleName(words)
        self._again.setEnabled(True)

    def _lay(self, grid: QGridLayout, row: int, one: Finding) -> None:
        roles = roles_of(self.palette())
        mark = named(QLabel(), f"checks.{row}.verdict", f"{one.name}: {_WORDS[one.verdict]}")
        mark.setPixmap(pixmap(_ICONS[one.verdict], _colour(roles, one.verdict), 18, self.devicePixelRatioF()))
        mark.setToolTip(_WORDS[one.verdict])
        words = "\n".join(filter(None, (one.found, f"→ {one.advice}" if one.advice else "")))
        found = named(QLabel(words), f"checks.{row}.found", f"{one.name}: {words}")
        found.setWordWrap(True)
        found.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(mark, row, 0, top)
        grid.addWidget(QLabel(one.name[:1].upper() + one.name[1:]), row, 1, top)
        grid.addWidget(found, row, 2, top)

    def _button(self, name: str, words: str, signal: object) -> QPushButton:
        button = named(QPushButton(words), f"checks.{name}", words.rstrip("…"))
        button.setAutoDefault(False)
        button.clicked.connect(signal)
        return button


def _colour(roles: Roles, verdict: Verdict) -> str:
    return {Verdict.FINE: roles.ok, Verdict.LIMITED: roles.accent, Verdict.BROKEN: roles.danger}[verdict]
