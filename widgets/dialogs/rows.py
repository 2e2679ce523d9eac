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
    """`added(text)`, `changed(id, text)`, `removed(id)`; the caller shows the rows again with `show_rows`.

    A text changed to nothing is told as such: the caller decides, and shows what it was.
    """

    added = Signal(str)
    changed = Signal(str, str)
    removed = Signal(str)

    def __init__(self, name: str, title: str, teach: str, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setWindowTitle(title)
        self.resize(440, 420)
        self._list = named(QListWidget(), f"{name}.list", title)
        self._list.itemChanged.connect(self._tell_change)
        self._field = named(QLineEdit(), f"{name}.text", hint)
        self._field.setPlaceholderText(hint)
        self._field.returnPressed.connect(self._add)
        self._field.textChanged.connect(lambda _: self._allow())
        self._add_button = named(QPushButton("Add"), f"{name}.add", "Add")
        self._add_button.clicked.connect(self._add)
        self._change_button = named(QPushButton("Change"), f"{name}.change", "Change the chosen one")
        self._change_button.clicked.connect(lambda: self._list.editItem(self._list.currentItem()))
        self._remove_button = named(QPushButton("Remove"), f"{name}.remove", "Remove the chosen one")
        self._remove_button.clicked.connect(self._remove)
        self._list.currentItemChanged.connect(lambda *_: self._allow())
        self._said = named(QLabel(), f"{name}.said", "Why that was not done")
        self._said.setProperty("role", "danger")
        self._said.setWordWrap(True)
        self._lay_out(teach)
        self._allow()
        self.say("")

    def say(self, sentence: str) -> None:
        """Why the last wish was not done; "" when it was."""
        self._said.setText(sentence)
        self._said.setVisible(bool(sentence))

    def show_rows(self, rows: Sequence[Row]) -> None:
        self._list.blockSignals(True)
        self._list.clear()
        for id_, text, picture in rows:
            item = QListWidgetItem(picture, text)
            item.setData(Qt.ItemDataRole.UserRole, id_)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            self._list.addItem(item)
        self._list.blockSignals(False)
        self._allow()

    def _allow(self) -> None:
        self._add_button.setEnabled(bool(self._field.text().strip()))
        for button in (self._change_button, self._remove_button):
            button.setEnabled(self._list.currentItem() is not None)

    def _add(self) -> None:
        if text := self._field.text().strip():
            self._field.clear()
            self.added.emit(text)

    def _remove(self) -> None:
        if item := self._list.currentItem():
            self.removed.emit(item.data(Qt.ItemDataRole.UserRole))

    def _tell_change(self, item: QListWidgetItem) -> None:
        self.changed.emit(item.data(Qt.ItemDataRole.UserRole), item.text().strip())

    def _lay_out(self, teach: str) -> None:
        words = QLabel(teach)
        words.setWordWrap(True)
        words.setProperty("role", "caption")
        buttons = QDialogButtonBox()
        buttons.setObjectName(f"{self.objectName()}.buttons")
        # A role that Enter in the field above does not press.
        close = buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole)
        named(close, f"{self.objectName()}.close", "Close")
        for button in (self._add_button, self._change_button, self._remove_button, close):
            button.setAutoDefault(False)
        buttons.rejected.connect(self.reject)
        line = QHBoxLayout()
        for widget in (self._field, self._add_button):
            line.addWidget(widget)
        for button in (self._change_button, self._remove_button):
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.addWidget(words)
        layout.addWidget(self._list)
        layout.addLayout(line)
        layout.addWidget(self._said)
        layout.addWidget(buttons)
