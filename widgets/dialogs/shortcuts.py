"""Change the keys of every action; a key that two actions claim is shown and cannot be kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from widgets.naming import named

Keys = dict[str, tuple[str, ...]]


class Shortcut(Struct, frozen=True):
    """A row to show: which action, in which menu, with which keys now; those of a `fixed` one cannot be changed."""

    id: str
    title: str
    menu: str
    keys: tuple[str, ...]
    fixed: bool = False


class ShortcutEditor(QDialog):
    """`kept(changed keys by id)` when the user is content; `conflicts` finds keys claimed twice."""

    kept = Signal(object)

    def __init__(
        self,
        rows: Sequence[Shortcut],
        conflicts: Callable[[Mapping[str, tuple[str, ...]]], Mapping[str, Sequence[str]]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("shortcuts")
        self.setWindowTitle("Shortcuts")
        self.resize(620, 560)
        self._rows = {row.id: row for row in rows}
        self._keys: Keys = {row.id: row.keys for row in rows}
        self._conflicts = conflicts
        self._find = named(QLineEdit(), "shortcuts.find", "Find an action")
        self._find.setPlaceholderText("Find an action or a key")
        self._tree = named(QTreeWidget(), "shortcuts.list", "Actions and their keys")
        self._tree.setHeaderLabels(["Action", "Keys"])
        self._tree.setRootIsDecorated(False)
        self._tree.setColumnWidth(0, 340)
        self._field = named(QKeySequenceEdit(), "shortcuts.key", "New key")
        self._field.setMaximumSequenceLength(1)
        self._set = named(QPushButton("Use this key"), "shortcuts.set", "Use this key")
        self._clear = named(QPushButton("No key"), "shortcuts.clear", "No key")
        self._warning = named(QLabel(), "shortcuts.warning", "Conflict")
        self._warning.setProperty("role", "danger")
        self._warning.setWordWrap(True)
        self._buttons = self._closing()
        self._lay_out()
        self._find.textChanged.connect(self.show_rows)
        self._set.clicked.connect(self._take)
        self._clear.clicked.connect(lambda: self.set_keys(self.current, ()))
        self._tree.currentItemChanged.connect(lambda *_: self._allow())
        self.show_rows("")
        self._allow()

    @property
    def current(self) -> str:
        item = self._tree.currentItem()
        return str(item.data(0, Qt.ItemDataRole.UserRole)) if item else ""

    def set_keys(self, id_: str, keys: tuple[str, ...]) -> None:
        """Give an action these keys and say at once if another one has them."""
        if id_ in self._keys and not self._rows[id_].fixed:
            self._keys[id_] = keys
            self.show_rows(self._find.text(), keep=id_)

    def show_rows(self, words: str, keep: str = "") -> None:
        self._tree.clear()
        clashing = self._conflicts(self._keys)
        for id_, row in self._rows.items():
            keys = ", ".join(self._keys[id_])
            if words.casefold() not in f"{row.menu} {row.title} {keys}".casefold():
                continue
            item = QTreeWidgetItem([f"{row.menu} › {row.title}" if row.menu else row.title, keys])
            item.setData(0, Qt.ItemDataRole.UserRole, id_)
            if any(id_ in ids for ids in clashing.values()):
                item.setText(1, f"⚠ {keys}")
            self._tree.addTopLevelItem(item)
            if id_ == keep:
                self._tree.setCurrentItem(item)
        self._warn(clashing)

    def _allow(self) -> None:
        row = self._rows.get(self.current)
        for button in (self._set, self._clear):
            button.setEnabled(row is not None and not row.fixed)

    def _warn(self, clashing: Mapping[str, Sequence[str]]) -> None:
        lines = [
            f"{key} is claimed by {_listed(self._rows[id_].title for id_ in ids)}." for key, ids in clashing.items()
        ]
        self._warning.setText("\n".join(lines))
        self._warning.setVisible(bool(lines))
        self._keep.setEnabled(not lines)

    def _take(self) -> None:
        key = self._field.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
        if key:
            self.set_keys(self.current, (key,))
            self._field.clear()

    def _changed(self) -> None:
        self.kept.emit({id_: keys for id_, keys in self._keys.items() if keys != self._rows[id_].keys})
        self.accept()

    def _closing(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        buttons.setObjectName("shortcuts.buttons")
        self._keep = buttons.addButton("Keep", QDialogButtonBox.ButtonRole.AcceptRole)
        leave = buttons.addButton("Leave as it was", QDialogButtonBox.ButtonRole.RejectRole)
        for button, name in ((self._keep, "keep"), (leave, "leave")):
            button.setObjectName(f"shortcuts.{name}")
            button.setAccessibleName(button.text())
        self._keep.setProperty("primary", True)
        buttons.accepted.connect(self._changed)
        buttons.rejected.connect(self.reject)
        return buttons

    def _lay_out(self) -> None:
        keys = QHBoxLayout()
        for widget in (self._field, self._set, self._clear):
            keys.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.addWidget(self._find)
        layout.addWidget(self._tree)
        layout.addLayout(keys)
        layout.addWidget(self._warning)
        layout.addWidget(self._buttons)


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
