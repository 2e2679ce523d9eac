"""One model in detail: what it is, under which licence, what it knows of, and how it would run here."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from engine.domain.models import Fit, Kept, Offer
from widgets.naming import named
from widgets.wording import size

_COLUMNS = ("Precision", "Runs on", "Memory (estimate)", "Writes (estimate)", "")
_BACKBONES = {"llamacpp": "llama.cpp", "torch": "PyTorch"}
_DEVICES = {"cpu": "processor", "cuda": "graphics card"}
_NOTE = (
    "Estimates: memory from the sizes of the files, speed from how fast this machine reads its memory right now. "
    "Other programs slow it down; the first answer about a medium takes longer."
)
_VERBS = {
    "use": "Use it",
    "make": "Make this precision…",
    "verify": "Verify",
    "remove": "Remove…",
    "download": "Download…",
    "convert": "Convert…",
    "discard": "Discard…",
}


class ModelSheet(QWidget):
    """`wanted(verb, row, fit)` with the shown model and the precision that is chosen in its table."""

    wanted = Signal(str, object, object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("models.sheet")
        self._row: Kept | Offer | None = None
        self._title = named(QLabel(), "models.name", "Name")
        self._title.setProperty("role", "title")
        self._words = named(QLabel(), "models.words", "What it is")
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._fits = named(QTreeWidget(), "models.fits", "How it would run here")
        self._fits.setHeaderLabels(_COLUMNS)
        self._fits.setRootIsDecorated(False)
        self._fits.currentItemChanged.connect(lambda *_: self._allow())
        self._note = QLabel(_NOTE)
        self._note.setProperty("role", "caption")
        self._note.setWordWrap(True)
        self._buttons = {verb: self._button(verb, words) for verb, words in _VERBS.items()}
        self._lay_out()

    def show_model(self, row: Kept | Offer, *, in_use: bool) -> None:
        self._row = row
        self._title.setText(f"{row.name}{' · in use' if in_use else ''}")
        self._words.setText("\n\n".join(_told(row)))
        self._fits.clear()
        for fit in row.fits:
            item = QTreeWidgetItem(_cells(fit, kept=isinstance(row, Kept)))
            item.setData(0, Qt.ItemDataRole.UserRole, fit)
            for column in range(len(_COLUMNS)) if not fit.fits else ():
                item.setForeground(column, self.palette().placeholderText())
            self._fits.addTopLevelItem(item)
        for column in range(len(_COLUMNS)):
            self._fits.resizeColumnToContents(column)
        fitting = [fit for fit in row.fits if fit.fits]
        for best in sorted(fitting, key=lambda fit: not fit.made)[:1]:
            self.choose(best.precision)
        for widget in (self._fits, self._note):
            widget.setVisible(bool(row.fits))
        self._allow()

    @property
    def fit(self) -> Fit | None:
        """The precision that is chosen in the table."""
        item = self._fits.currentItem()
        found: Fit | None = item.data(0, Qt.ItemDataRole.UserRole) if item else None
        return found

    def choose(self, precision: str) -> None:
        """The first row of that precision; the card's stand before the processor's."""
        for at in range(self._fits.topLevelItemCount()):
            item = self._fits.topLevelItem(at)
            if item is not None and item.text(0) == precision:
                self._fits.setCurrentItem(item)
                return

    def allow(self, *, deeds: bool) -> None:
        """Whether something may be begun; reading goes on."""
        for button in self._buttons.values():
            button.setEnabled(deeds)

    def _allow(self) -> None:
        shown = deeds(self._row, self.fit) if self._row else ()
        for verb, button in self._buttons.items():
            button.setVisible(verb in shown)
        if isinstance(self._row, Offer):
            self._buttons["download"].setText("Go on downloading" if self._row.done else _VERBS["download"])

    def _button(self, verb: str, words: str) -> QPushButton:
        button = named(QPushButton(words), f"models.{verb}", words.rstrip("…"))
        button.setAutoDefault(False)
        button.setProperty("primary", verb in {"use", "download", "convert"})
        button.clicked.connect(lambda: self.wanted.emit(verb, self._row, self.fit))
        return button

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in self._buttons.values():
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 0, 0, 0)
        layout.setSpacing(10)
        for widget in (self._title, self._words, self._fits, self._note):
            layout.addWidget(widget, int(widget is self._fits))
        layout.addLayout(buttons)
        layout.addStretch(0)


def deeds(row: Kept | Offer, fit: Fit | None) -> tuple[str, ...]:
    """What can be done with a model as it is, at the precision that is chosen."""
    if isinstance(row, Offer):
        fetch = "convert" if row.whole else "download"
        return (fetch, "discard") if row.done else (fetch,)
    if row.problem:
        return ("remove",)
    first: tuple[str, ...] = () if fit is None or not fit.fits else ("use",) if fit.made else ("make",)
    return (*first, "verify") if row.embedded else (*first, "verify", "remove")


def _told(row: Kept | Offer) -> list[str]:
    if isinstance(row, Offer):
        here = f"{size(row.done)} of {size(row.total)} are here." if row.total else ""
        state = "Downloaded; convert it to use it." if row.whole else here
        return [
            row.about,
            f"{_size_of(row)} From {', '.join(row.origin)}.",
            f"Licence: {row.licence}",
            *filter(None, [state]),
        ]
    if row.problem:
        return [row.problem, row.folder]
    origin = "It comes with the app." if row.embedded else row.folder
    facts = [f"{size(row.size)}. {origin}", f"Licence: {row.licence or 'not stated'}"]
    return [*filter(None, [row.world]), *facts]


def _size_of(row: Offer) -> str:
    return f"{size(row.total)} to fetch." if row.total else f"About {size(row.size)} to fetch, as published."


def _cells(fit: Fit, *, kept: bool) -> list[str]:
    if not fit.fits:
        verdict = f"does not fit {size(fit.room)}"
    elif not fit.made:
        verdict = "would have to be made" if kept else "after conversion"
    else:
        verdict = "fits"
    speed = f"about {fit.speed:.1f} tokens/s" if fit.speed else "small; at once"
    return [fit.precision, f"{_BACKBONES[fit.backbone]}, {_DEVICES[fit.device]}", size(fit.memory), speed, verdict]
