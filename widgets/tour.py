"""A walk through the window: a card with a few words beside a ring around the control that they are about."""

from collections.abc import Sequence

from msgspec import Struct
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from widgets.naming import named

_WIDTH, _GAP, _RING = 340, 14, 3


class Stop(Struct, frozen=True):
    """A station: the object name of the control ("" for none), a title and some words."""

    control: str
    title: str
    words: str


class Ring(QWidget):
    """Drawn around a control; it takes no clicks."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("tour.ring")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().highlight().color(), _RING))
        painter.drawRoundedRect(self.rect().adjusted(2, 2, -2, -2), 8, 8)
        painter.end()


class Tour(QFrame):
    """Shows one stop after the other over `window`; `shown(control)` before each, `ended` after the last or at Escape.

    Everything below stays alive: the user may do what the card says.
    """

    shown = Signal(str)
    ended = Signal()

    def __init__(self, window: QWidget, stops: Sequence[Stop]) -> None:
        super().__init__(window)
        self._window, self._stops, self._at = window, stops, 0
        self.setObjectName("tour")
        self.setAccessibleName("Tour")
        self.setProperty("role", "card")
        self.setFixedWidth(_WIDTH)
        self._ring = Ring(window)
        self._title = named(QLabel(), "tour.title", "Step")
        self._title.setProperty("role", "title")
        self._words = named(QLabel(), "tour.words", "What to do")
        self._words.setWordWrap(True)
        self._count = named(QLabel(), "tour.count", "How far")
        self._count.setProperty("role", "caption")
        self._back = self._button("back", "Back", lambda: self.go(self._at - 1))
        self._next = self._button("next", "Next", lambda: self.go(self._at + 1))
        self._next.setProperty("primary", True)
        self._lay_out()
        window.installEventFilter(self)

    @property
    def at(self) -> int:
        return self._at

    def go(self, at: int) -> None:
        """To a stop; past the last one the tour ends."""
        if at >= len(self._stops):
            self.end()
            return
        self._at = max(at, 0)
        stop = self._stops[self._at]
        self.shown.emit(stop.control)
        self._title.setText(stop.title)
        self._words.setText(stop.words)
        self.setAccessibleDescription(f"{stop.title}. {stop.words}")
        self._count.setText(f"{self._at + 1} of {len(self._stops)}")
        self._back.setEnabled(self._at > 0)
        self._next.setText("Done" if self._at == len(self._stops) - 1 else "Next")
        self._lay()
        self.show()
        self.raise_()
        self._next.setFocus(Qt.FocusReason.OtherFocusReason)

    def end(self) -> None:
        self._window.removeEventFilter(self)
        self._ring.hide()
        self._ring.deleteLater()
        self.hide()
        self.ended.emit()
        self.deleteLater()

    def event(self, event: QEvent) -> bool:
        """Escape is the tour's own while it has the focus."""
        claimed = event.type() == QEvent.Type.ShortcutOverride
        if claimed and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.end()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.go(self._at + 1)
        else:
            super().keyPressEvent(event)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.Resize, QEvent.Type.LayoutRequest} and self.isVisible():
            self._lay()
        return False

    def _lay(self) -> None:
        self.adjustSize()
        control = self._window.findChild(QWidget, self._stops[self._at].control)
        there = isinstance(control, QWidget) and control.isVisible()
        around = QRect(control.mapTo(self._window, QPoint(0, 0)), control.size()) if there and control else QRect()
        self._ring.setVisible(there)
        if there:
            self._ring.setGeometry(around.adjusted(-_RING, -_RING, _RING, _RING))
            self._ring.raise_()
        self.move(beside(around, self.size(), self._window.rect()))
        self.raise_()

    def _button(self, name: str, words: str, deed: object) -> QPushButton:
        button = named(QPushButton(words), f"tour.{name}", words)
        button.clicked.connect(deed)
        return button

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self._count, 1)
        buttons.addWidget(self._button("skip", "Skip", self.end))
        for button in (self._back, self._next):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 12)
        layout.setSpacing(10)
        for widget in (self._title, self._words):
            layout.addWidget(widget)
        layout.addLayout(buttons)


def beside(control: QRect, card: QSize, window: QRect) -> QPoint:
    """Where the card stands: right, left, below or above of the control if it fits, else in the middle."""
    middle = window.center() - QPoint(card.width() // 2, card.height() // 2)
    if control.isEmpty():
        return middle
    low, high = _GAP, window.height() - card.height() - _GAP
    y = min(max(control.center().y() - card.height() // 2, low), max(low, high))
    x = min(max(control.center().x() - card.width() // 2, _GAP), max(_GAP, window.width() - card.width() - _GAP))
    places = (
        QPoint(control.right() + _GAP, y),
        QPoint(control.left() - card.width() - _GAP, y),
        QPoint(x, control.bottom() + _GAP),
        QPoint(x, control.top() - card.height() - _GAP),
    )
    return next((place for place in places if window.contains(QRect(place, card))), middle)
