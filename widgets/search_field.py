"""A line to search in that knows its own keys: it completes them and says in its tip what each one means."""

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QStringListModel, Qt, QTimer
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView

from widgets.naming import named

HINTS = {
    "question:": 'words of the question that was asked, as question:kite or question:"red kite"',
    "label:": "the name of the label",
    "state:": "predicted, accepted, adjusted, rejected or missed (drawn by hand)",
    "score:": "the model's score, as score:0.2-0.6, score:0.5 (and above) or score:-0.4",
    "by:": "who drew or reviewed it, or which model found it",
    "since:": "from that day on, as since:2026-01-31",
    "until:": "up to the end of that day",
}


class SearchField(QLineEdit):
    """`hints` are the keys with their meaning; what else may be completed comes by `offer`."""

    def __init__(self, name: str, words: str, about: str, hints: Mapping[str, str] = HINTS) -> None:
        super().__init__()
        named(self, name, words)
        self.setClearButtonEnabled(True)
        self.setPlaceholderText(about)
        where = words.removeprefix("Search ")
        rows = "".join(f"<tr><td><b>{key}</b></td><td>{meaning}</td></tr>" for key, meaning in hints.items())
        self.setToolTip(f"<p>Words are looked for in {where}. Besides:</p><table>{rows}</table>")
        self.setAccessibleDescription(". ".join(f"{key} {meaning}" for key, meaning in hints.items()))
        self._keys = tuple(hints)
        self._known = QStringListModel(list(self._keys), self)
        self._completer = QCompleter(self._known, self)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.setFilterMode(Qt.MatchFlag.MatchStartsWith)
        self._completer.setWidget(self)
        self._popup = named(QListView(), f"{name}.completions", "What can be searched for")
        self._completer.setPopup(self._popup)
        self._completer.activated.connect(self._complete)
        self.textEdited.connect(lambda _: self._suggest())

    def offer(self, values: Iterable[str]) -> None:
        """Values that may be completed, each with its key: `label:kite`."""
        self._known.setStringList([*self._keys, *values])

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if not self.text() and event.reason() == Qt.FocusReason.ShortcutFocusReason:
            QTimer.singleShot(0, self, self._suggest)

    def _suggest(self) -> None:
        """Offer how the word before the cursor may go on."""
        word = self._word()
        self._completer.setCompletionPrefix(word)
        if self._completer.completionCount() and self._completer.currentCompletion() != word and self.hasFocus():
            self._completer.complete()
        else:
            self._popup.hide()

    def _word(self) -> str:
        return self.text()[: self.cursorPosition()].rpartition(" ")[2]

    def _complete(self, chosen: str) -> None:
        before, after = self.text()[: self.cursorPosition()], self.text()[self.cursorPosition() :]
        start = before[: len(before) - len(self._word())] + quoted(chosen)
        self.setText(start + ("" if chosen.endswith(":") else " ") + after.lstrip())
        self.setCursorPosition(len(start) + (0 if chosen.endswith(":") else 1))
        if chosen.endswith(":"):
            QTimer.singleShot(0, self, self._suggest)


def quoted(value: str) -> str:
    """`key:value`, in quotation marks where the value holds spaces."""
    key, _, word = value.partition(":")
    return f'{key}:"{word}"' if " " in word else value
