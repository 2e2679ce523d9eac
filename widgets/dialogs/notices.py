"""Whose work is inside, under which licence, with the words of each licence: readable and searchable."""

from collections.abc import Sequence

from msgspec import Struct
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from widgets.naming import named

_TEACH = "Groundwork is under the Apache licence 2.0 and contains the work of others. Search by name, licence or words."


class Notice(Struct, frozen=True):
    """One part: `licence` is an SPDX expression or what its authors call it, `text` the words of the licence."""

    name: str
    version: str
    licence: str
    text: str


class NoticesDialog(QDialog):
    """A list of parts on the left, the licence of the chosen one on the right."""

    def __init__(self, notices: Sequence[Notice], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notices")
        self.setWindowTitle("Licences")
        self.resize(860, 600)
        self._notices = notices
        self._find = named(QLineEdit(), "notices.find", "Find a part or a licence")
        self._find.setPlaceholderText("Find a part, a licence or words in it")
        self._find.setClearButtonEnabled(True)
        self._list = named(QListWidget(), "notices.list", "Parts")
        self._text = named(QPlainTextEdit(), "notices.text", "Licence")
        self._text.setReadOnly(True)
        self._text.setTabChangesFocus(True)
        self._count = named(QLabel(), "notices.count", "How many are shown")
        self._count.setProperty("role", "caption")
        self._lay_out()
        self._find.textChanged.connect(self.show_matching)
        self._list.currentItemChanged.connect(self._read)
        self.show_matching("")
        self._find.setFocus()

    def show_matching(self, words: str) -> None:
        """Keep the parts whose name, licence or text holds `words`."""
        self._list.clear()
        for notice in self._notices:
            if words.casefold() in f"{notice.name} {notice.licence} {notice.text}".casefold():
                item = QListWidgetItem(f"{notice.name} {notice.version}".rstrip())
                item.setToolTip(notice.licence)
                item.setData(Qt.ItemDataRole.UserRole, notice)
                self._list.addItem(item)
        self._count.setText(f"{self._list.count()} of {len(self._notices)} parts")
        self._list.setCurrentRow(0)

    def _read(self, item: QListWidgetItem | None) -> None:
        notice = item.data(Qt.ItemDataRole.UserRole) if item else None
        self._text.setPlainText(f"{notice.name} {notice.version}\n{notice.licence}\n\n{notice.text}" if notice else "")

    def _lay_out(self) -> None:
        teach = QLabel(_TEACH)
        teach.setWordWrap(True)
        teach.setProperty("role", "caption")
        halves = QSplitter()
        halves.setObjectName("notices.halves")
        halves.addWidget(self._list)
        halves.addWidget(self._text)
        halves.setSizes([280, 560])
        buttons = QDialogButtonBox()
        buttons.setObjectName("notices.buttons")
        close = named(buttons.addButton("Close", QDialogButtonBox.ButtonRole.AcceptRole), "notices.close", "Close")
        close.setAutoDefault(False)
        buttons.accepted.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        for widget in (teach, self._find):
            layout.addWidget(widget)
        layout.addWidget(halves, 1)
        layout.addWidget(self._count)
        layout.addWidget(buttons)
