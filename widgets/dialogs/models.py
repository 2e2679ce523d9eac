"""The page of models: which there are, which could be fetched, how each would run here, what can be done with it."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from engine.domain.models import Kept, Offer, Survey
from widgets.dialogs.model_sheet import ModelSheet
from widgets.naming import named
from widgets.progress_line import ProgressLine
from widgets.wording import size

_TEACH = "Everything runs on this computer. Nothing is fetched unless you ask for it here."
_LOOKING = "Looking at this machine…"


class ModelsDialog(QDialog):
    """Rows of a `Survey`. `wanted(verb, row, precision)` is what the user wants done with the shown model:
    "use", "make", "verify", "remove", "download", "convert" or "discard"; `precision` is a `Fit` or None.
    """

    wanted = Signal(str, object, object)
    add_wanted = Signal()
    unpack_wanted = Signal()
    convert_wanted = Signal()
    options_wanted = Signal()
    stopped = Signal()
    paused = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("models")
        self.setWindowTitle("Models")
        self.resize(940, 600)
        self._list = named(QListWidget(), "models.list", "Models")
        self._list.setMinimumWidth(240)
        self._list.currentItemChanged.connect(lambda *_: self._show_sheet())
        self.sheet = ModelSheet()
        self.sheet.wanted.connect(self.wanted)
        self._teach = named(QLabel(_LOOKING), "models.machine", "This machine")
        self._teach.setProperty("role", "caption")
        self._teach.setWordWrap(True)
        self._account = named(QLabel(), "models.account", "What became of it")
        self._account.setWordWrap(True)
        self._account.hide()
        self.progress = ProgressLine("models.progress", pausable=True)
        self.progress.stopped.connect(self.stopped)
        self.progress.paused.connect(self.paused)
        self._current = ""
        self._lay_out()

    def show_survey(self, found: Survey, current: str) -> None:
        """All models anew; `current` is the folder of the one in use."""
        keep = self._key()
        self._current = current
        self._list.clear()
        self._head("On this machine")
        for kept in found.kept:
            self._row(kept, kept.folder, f"{kept.name}{' · in use' if kept.folder == current else ''}")
        self._head("Can be downloaded")
        for offer in found.offers:
            self._row(offer, offer.key, f"{offer.name} · {size(offer.total or offer.size)}")
        if not found.offers:
            self._head("nothing is offered in this version")
        self._teach.setText(f"{_machine(found)} {_TEACH}")
        self._choose(keep or current)

    def show_account(self, sentence: str) -> None:
        """What became of the last deed; "" for nothing."""
        self._account.setText(sentence)
        self._account.setAccessibleName(sentence)
        self._account.setVisible(bool(sentence))

    def show_busy(self, *, busy: bool) -> None:
        """While one deed is under way no other can be begun."""
        self.sheet.allow(deeds=not busy)
        for button in self._deeds:
            button.setEnabled(not busy)

    def choose(self, key: str) -> None:
        """Show the model in that folder, or the offer of that key."""
        self._choose(key)

    def _row(self, row: Kept | Offer, key: str, words: str) -> None:
        item = QListWidgetItem(words)
        item.setData(Qt.ItemDataRole.UserRole, (key, row))
        if isinstance(row, Kept) and row.problem:
            item.setText(f"⚠ {words}")
        self._list.addItem(item)

    def _head(self, words: str) -> None:
        item = QListWidgetItem(words)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setForeground(self.palette().placeholderText())
        self._list.addItem(item)

    def _key(self) -> str:
        item = self._list.currentItem()
        return str(item.data(Qt.ItemDataRole.UserRole)[0]) if item else ""

    def _choose(self, key: str) -> None:
        items = [self._list.item(at) for at in range(self._list.count())]
        rows = [item for item in items if item.data(Qt.ItemDataRole.UserRole)]
        named_so = (item for item in rows if item.data(Qt.ItemDataRole.UserRole)[0] == key)
        if found := next(named_so, rows[0] if rows else None):
            self._list.setCurrentItem(found)

    def _show_sheet(self) -> None:
        item = self._list.currentItem()
        if item is not None:
            key, row = item.data(Qt.ItemDataRole.UserRole)
            self.sheet.show_model(row, in_use=key == self._current)

    def _lay_out(self) -> None:
        halves = QSplitter()
        halves.setObjectName("models.halves")
        halves.addWidget(self._list)
        halves.addWidget(self.sheet)
        halves.setStretchFactor(1, 1)
        below = QHBoxLayout()
        self._deeds = [
            self._button("add", "Add a model folder…", self.add_wanted.emit),
            self._button("unpack", "Add a packed model…", self.unpack_wanted.emit),
            self._button("convert_own", "Convert a checkpoint…", self.convert_wanted.emit),
            self._button("options", "How it runs…", self.options_wanted.emit),
        ]
        for button in self._deeds:
            below.addWidget(button)
        below.addStretch(1)
        below.addWidget(self._button("close", "Close", self.close))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(10)
        for widget in (self._teach, halves, self._account):
            layout.addWidget(widget, int(widget is halves))
        layout.addWidget(self.progress, alignment=Qt.AlignmentFlag.AlignLeft)
        layout.addLayout(below)

    def _button(self, name: str, words: str, deed: Callable[[], object]) -> QPushButton:
        button = named(QPushButton(words), f"models.{name}", words.rstrip("…"))
        button.setAutoDefault(False)
        button.clicked.connect(deed)
        return button


def _machine(found: Survey) -> str:
    card = f", {size(found.card_memory)} on the graphics card" if found.card_memory else ", no graphics card in use"
    return f"This machine: {size(found.memory)} of memory free{card}, {size(found.disk)} of disk free."
