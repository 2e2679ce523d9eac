"""Above a picture that has more to it than one view: which page, and which values are drawn black and white."""

from msgspec import Struct
from PySide6.QtCore import QSignalBlocker, QTimer, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QSpinBox, QWidget

from widgets.naming import named

# Typing and turning rest so long before the picture is read again.
_REST_MS = 150
_FARTHEST = 1e9


class PictureState(Struct, frozen=True):
    """What is shown: `page` from 0 on; `window` holds the values drawn black and white of a deep picture, else None."""

    page: int = 0
    pages: int = 1
    window: tuple[float, float] | None = None
    decimals: int = 0


class PictureStrip(QWidget):
    """Only there for pictures of several pages or of more than 8 bits.

    `wanted(page, window)` when something else is to be shown; a window of None is found from the picture's values.
    """

    wanted = Signal(int, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("picture_strip")
        self.setAccessibleName(self.tr("Page and brightness"))
        self._state = PictureState()
        self._page = named(QSpinBox(), "picture_strip.page", self.tr("Page"))
        self._page.setKeyboardTracking(False)
        self._page.setToolTip(self.tr("Which page of the file is shown. The model looks at the first one."))
        self._black = self._level("black", self.tr("Black"), self.tr("This value and all below it are black."))
        self._white = self._level("white", self.tr("White"), self.tr("This value and all above it are white."))
        self._auto = named(QPushButton(self.tr("Automatic")), "picture_strip.auto", self.tr("Brightness by itself"))
        self._auto.setToolTip(self.tr("All but the darkest and the brightest thousandth of the pixels."))
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._say)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        words = [self._worded(self.tr("Page"), self._page)]
        self._deep = [self._worded(self.tr("Black"), self._black), self._worded(self.tr("White"), self._white)]
        for label, control in zip([*words, *self._deep], (self._page, self._black, self._white), strict=True):
            layout.addWidget(label)
            layout.addWidget(control)
        layout.addWidget(self._auto)
        layout.addStretch(1)
        self._paged = words[0]
        self._page.valueChanged.connect(self._turn)
        self._black.valueChanged.connect(lambda _: self._rest.start())
        self._white.valueChanged.connect(lambda _: self._rest.start())
        self._auto.clicked.connect(lambda: self._ask(None))
        self.show_state(PictureState())

    def show_state(self, state: PictureState) -> None:
        """Show what the picture on the canvas is; nothing is said back."""
        self._rest.stop()
        self._state = state
        paged, deep = state.pages > 1, state.window is not None
        self.setVisible(paged or deep)
        of_pages: tuple[QWidget, ...] = (self._paged, self._page)
        of_depth: tuple[QWidget, ...] = (*self._deep, self._black, self._white, self._auto)
        for widgets, there in ((of_pages, paged), (of_depth, deep)):
            for widget in widgets:
                widget.setVisible(there)
        with QSignalBlocker(self._page), QSignalBlocker(self._black), QSignalBlocker(self._white):
            self._page.setRange(1, state.pages)
            self._page.setValue(state.page + 1)
            self._page.setSuffix(self.tr(" of {0}").format(state.pages))
            for box, value in zip((self._black, self._white), state.window or (0.0, 1.0), strict=True):
                box.setDecimals(state.decimals)
                box.setValue(value)

    def _level(self, name: str, words: str, hint: str) -> QDoubleSpinBox:
        box = named(QDoubleSpinBox(), f"picture_strip.{name}", words)
        box.setRange(-_FARTHEST, _FARTHEST)
        box.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        box.setKeyboardTracking(False)
        box.setMinimumWidth(96)
        box.setToolTip(hint)
        return box

    def _worded(self, words: str, control: QWidget) -> QLabel:
        label = QLabel(words)
        label.setBuddy(control)
        return label

    def _turn(self, number: int) -> None:
        """Another page has values of its own."""
        self._rest.stop()
        self.wanted.emit(number - 1, None)

    def _say(self) -> None:
        black, white = self._black.value(), self._white.value()
        if white > black:
            self._ask((black, white))
        else:
            self.show_state(self._state)

    def _ask(self, window: tuple[float, float] | None) -> None:
        self._rest.stop()
        self.wanted.emit(self._state.page, window)
