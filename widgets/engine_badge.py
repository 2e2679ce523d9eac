"""Which model answers and how it is doing, in one quiet button."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from widgets.naming import named
from widgets.theme import roles_of

# Told apart by their shape, too.
_MARKS = {"ready": ("●", "ok"), "busy": ("◐", "accent"), "wait": ("○", "muted"), "trouble": ("▲", "danger")}


class EngineBadge(QWidget):
    """`wanted` when the user wants to see or change the model."""

    wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("engine")
        self._mood, self._words = "wait", ""
        self._mark = named(QLabel(), "engine.mark", "State of the engine")
        self._mark.setTextFormat(Qt.TextFormat.RichText)
        self._bar = named(QProgressBar(), "engine.bar", "Loading the model")
        self._bar.setFixedWidth(90)
        self._bar.setTextVisible(False)
        self._bar.hide()
        self._button = named(QToolButton(), "engine.model", "Model")
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.clicked.connect(self.wanted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 8, 0)
        layout.setSpacing(6)
        for widget in (self._mark, self._bar, self._button):
            layout.addWidget(widget)

    def show_state(self, words: str, mood: str, tip: str, share: float | None = None) -> None:
        """`mood` is ready, busy, wait or trouble; `share` 0..1 while something is loaded."""
        self._mood = mood
        self._button.setText(words)
        self._button.setAccessibleDescription(tip)
        self.setToolTip(tip)
        self._bar.setVisible(share is not None)
        if share is not None:
            self._bar.setMaximum(1000)
            self._bar.setValue(round(1000 * share))
        self._show_mark()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_mark"):
            self._show_mark()
        super().changeEvent(event)

    def _show_mark(self) -> None:
        mark, role = _MARKS[self._mood]
        self._mark.setText(f'<span style="color:{getattr(roles_of(self.palette()), role)}">{mark}</span>')
