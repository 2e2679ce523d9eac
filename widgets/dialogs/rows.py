"""A short list that the user adds to, changes and takes from: labels, saved questions."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from widgets.naming import named

Row = tuple[str, str, QIcon]


class RowsDialog(QDialog):
    """`added(text)`, `changed(id, text)`, `removed(id)`; the caller shows the rows again with `show_rows`."""

    added = Signal(str)
    changed = Signal(str, str)
    removed = Signal(str)

    def __init__(self, name: str, title: str, teach: str, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setWindowTitle(title)
        self.resize(440, 420)
        words = QLabel(teach)
        words.setWordWrap(True)
        words.setProperty("role", "caption")
        self._list = named(QListWidget(), f"{name}.list", title)
        self._list.itemChanged.connect(self._tell_change)
        self._field = named(QLineEdit(), f"{name}.text", hint)
        self._field.setPlaceholderText(hint)
        self._field.returnPressed.connect(self._add)
        add = named(QPushButton("Add"), f"{name}.add", "Add")
        add.setAutoDefault(False)
        add.clicked.connect(self._add)
        remove = named(QPushButton("Remove"), f"{name}.remove", "Remove the chosen one")
        remove.setAutoDefault(False)
        remove.clicked.connect(self._remove)
        buttons = QDialogButtonBox()
        buttons.setObjectName(f"{name}.buttons")
        close = named(buttons.addButton("Close", QDialogButtonBox.ButtonRole.AcceptRole), f"{name}.close", "Close")
        close.setAutoDefault(False)
        buttons.accepted.connect(self.accept)
        line = QHBoxLayout()
        for widget in (self._field, add, remove):
            line.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.addWidget(words)
        layout.addWidget(self._list)
        layout.addLayout(line)
        layout.addWidget(buttons)

    def show_rows(self, rows: Sequence[Row]) -> None:
        self._list.blockSignals(True)
        self._list.clear()
        for id_, text, picture in rows:
            item = QListWidgetItem(picture, text)
            item.setData(Qt.ItemDataRole.UserRole, id_)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            self._list.addItem(item)
        self._list.blockSignals(False)

    def _add(self) -> None:
        if text := self._field.text().strip():
            self._field.clear()
            self.added.emit(text)

    def _remove(self) -> None:
        if item := self._list.currentItem():
            self.removed.emit(item.data(Qt.ItemDataRole.UserRole))

    def _tell_change(self, item: QListWidgetItem) -> None:
        if text := item.text().strip():
            self.changed.emit(item.data(Qt.ItemDataRole.UserRole), text)
