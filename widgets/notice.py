"""A sentence the user must not miss, laid over the top of the work without moving it."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from widgets.naming import named

_SHOWN_MS = 12_000


class Notice(QFrame):
    """Shows sentences over `host`; most go by themselves after a while, all when dismissed."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self._host = host
        self.setObjectName("notice")
        self.setAccessibleName("Notice")
        self.setProperty("role", "notice")
        self._words = named(QLabel(), "notice.words", "Notice")
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._deed: Callable[[], object] | None = None
        self._step = named(QPushButton(), "notice.step", "Next step")
        self._step.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._step.clicked.connect(self._do)
        dismiss = named(QPushButton("Dismiss"), "notice.dismiss", "Dismiss")
        dismiss.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        dismiss.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 8, 8)
        layout.addWidget(self._words, 1)
        layout.addWidget(self._step)
        layout.addWidget(dismiss)
        self._timer = QTimer(self, singleShot=True, interval=_SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        host.installEventFilter(self)
        self.hide()

    def say(
        self,
        sentence: str,
        step: str = "",
        deed: Callable[[], object] | None = None,
        *,
        calm: bool = False,
        lasting: bool = False,
    ) -> None:
        """Show a sentence, and a button for the next step where there is one; a `calm` one tells of no trouble.

        One with a next step, or a `lasting` one, stays until it is dismissed or another one comes.
        """
        if self.property("calm") != calm:
            self.setProperty("calm", calm)
            self.style().unpolish(self)
            self.style().polish(self)
        self._words.setText(sentence)
        self._step.setText(step)
        self._step.setAccessibleName(step.rstrip("…"))
        self._step.setVisible(deed is not None)
        self._deed = deed
        self._words.setAccessibleName(sentence)
        self._lay()
        self.show()
        self.raise_()
        if lasting or deed is not None:
            self._timer.stop()
        else:
            self._timer.start()

    def _do(self) -> None:
        self.hide()
        if self._deed is not None:
            self._deed()

    @property
    def sentence(self) -> str:
        return self._words.text() if self.isVisibleTo(self._host) else ""

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._lay()
        return False

    def _lay(self) -> None:
        width = min(self._host.width() - 32, 640)
        self.setGeometry((self._host.width() - width) // 2, 12, width, max(self.heightForWidth(width), 44))
