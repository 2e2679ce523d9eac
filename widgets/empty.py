"""What an empty panel says: what it is for and the one next step."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from widgets.naming import named

_NARROWEST, _WIDEST = 230, 400


class Empty(QWidget):
    """One sentence and, where there is a next step, one button: `wanted` when it is pressed."""

    wanted = Signal()

    def __init__(self, name: str, sentence: str, step: str = "", title: str = "") -> None:
        super().__init__()
        self.setObjectName(name)
        layout = QVBoxLayout(self)
        layout.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.setSpacing(12)
        if title:
            heading = QLabel(title)
            heading.setProperty("role", "title")
            layout.addWidget(heading, alignment=Qt.AlignmentFlag.AlignCenter)
        self._words = named(QLabel(), f"{name}.words", sentence)
        self._words.setWordWrap(True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setMinimumWidth(_NARROWEST)
        self._words.setMaximumWidth(_WIDEST)
        self._words.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        layout.addWidget(self._words)
        self._step = named(QPushButton(), f"{name}.step", step)
        self._step.clicked.connect(self.wanted)
        layout.addWidget(self._step, alignment=Qt.AlignmentFlag.AlignCenter)
        self.say(sentence, step)

    def say(self, sentence: str, step: str = "") -> None:
        """Another sentence, with the next step where there is one."""
        self._words.setText(sentence)
        self._words.setAccessibleName(sentence)
        self._step.setText(step)
        self._step.setAccessibleName(step.rstrip("…") or "Next step")
        self._step.setVisible(bool(step))
