"""One line for work in the background: what it is, how far, and a way to stop it."""

from time import monotonic

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from widgets.naming import named
from widgets.wording import span

_FIRST_GUESS_S = 1.0


class ProgressLine(QWidget):
    """Hidden while nothing runs; `stopped` when the user has had enough, `paused` where it can be gone on with, and
    `resumed` when it shall.

    `timed` adds how long it may still take, where the words do not say so themselves.
    """

    stopped = Signal()
    paused = Signal()
    resumed = Signal()

    def __init__(self, name: str = "progress", *, pausable: bool = False, timed: bool = False) -> None:
        super().__init__()
        self._timed, self._halted = timed, False
        self._task, self._since, self._first = "", 0.0, 0.0
        self.setObjectName(name)
        self._words = named(QLabel(), f"{name}.words", "What is under way")
        self._bar = named(QProgressBar(), f"{name}.bar", "Progress")
        self._bar.setFixedWidth(140)
        self._bar.setTextVisible(False)
        stop = named(QPushButton("Stop"), f"{name}.stop", "Stop")
        stop.setFlat(True)
        # In a dialog, Enter elsewhere must not press it.
        stop.setAutoDefault(False)
        stop.clicked.connect(self.stopped)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 8, 0)
        for widget in (self._words, self._bar):
            layout.addWidget(widget)
        self._pause = named(QPushButton("Pause"), f"{name}.pause", "Pause")
        self._pause.setFlat(True)
        self._pause.setAutoDefault(False)
        self._pause.clicked.connect(self._turn)
        layout.addWidget(self._pause)
        self._pause.setVisible(pausable)
        layout.addWidget(stop)
        self.hide()

    def show_progress(self, words: str, done: float, total: float) -> None:
        """`total` 0 says that nobody knows how much there is."""
        self._words.setText(f"{words}{self._left(words, done, total)}" if self._timed else words)
        self._bar.setMaximum(1000 if total > 0 else 0)
        if total > 0:
            self._bar.setValue(round(1000 * done / total))
        self._halt(halted=False)

    def show_halted(self, words: str) -> None:
        """It is paused, and stays in sight to be gone on with."""
        self._words.setText(words)
        self._halt(halted=True)

    def finish(self) -> None:
        self._task = ""
        self.hide()

    def _halt(self, *, halted: bool) -> None:
        self._halted = halted
        self._bar.setVisible(not halted)
        self._pause.setText("Go on" if halted else "Pause")
        self._pause.setAccessibleName(self._pause.text())
        self.show()

    def _turn(self) -> None:
        (self.resumed if self._halted else self.paused).emit()

    def _left(self, words: str, done: float, total: float) -> str:
        """What remains at the pace so far, once there is one."""
        if words != self._task or done < self._first:
            self._task, self._since, self._first = words, monotonic(), done
        spent, made = monotonic() - self._since, done - self._first
        return f", {span(spent / made * (total - done))} left" if made > 0 and spent >= _FIRST_GUESS_S else ""
