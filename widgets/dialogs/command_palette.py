"""The command palette: type a few letters of what you want, press Return."""

from collections.abc import Iterable

from msgspec import Struct
from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

Index = QModelIndex | QPersistentModelIndex
_HINT = Qt.ItemDataRole.UserRole + 1
_HEIGHT = 28
_NOTHING = "Nothing matches; what cannot be done just now is not listed."


class Entry(Struct, frozen=True):
    """One thing that can be chosen: its id, its words, and a hint at the right (menu and key)."""

    id: str
    title: str
    hint: str = ""


def matches(words: str, entry: Entry) -> int:
    """How well letters typed fit an entry: 0 not at all, more is better. All words must occur in title or hint."""
    title, hint = entry.title.casefold(), entry.hint.casefold()
    score = 1
    for word in words.casefold().split():
        if title.startswith(word) or f" {word}" in title:
            score += 3
        elif word in title:
            score += 2
        elif word in hint:
            score += 1
        else:
            return 0
    return score


class _Line(QStyledItemDelegate):
    """The title at the left, the hint faint at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return QSize(100, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        palette: QPalette = option.palette
        state: QStyle.StateFlag = option.state
        area: QRect = option.rect
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.PlaceholderText
        painter.setPen(palette.color(role))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area.adjusted(0, 0, -10, 0), right, index.data(_HINT) or "")


class CommandPalette(QDialog):
    """`chosen(id)` is emitted once the dialog has closed."""

    chosen = Signal(str)

    def __init__(self, entries: Iterable[Entry], parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("palette")
        self.setAccessibleName("Command palette")
        self.resize(560, 380)
        self._entries = list(entries)
        self._field = QLineEdit()
        self._field.setObjectName("palette.words")
        self._field.setAccessibleName("What to do")
        self._field.setPlaceholderText("What do you want to do?")
        self._list = QListWidget()
        self._list.setObjectName("palette.list")
        self._list.setAccessibleName("What can be done")
        self._list.setUniformItemSizes(True)
        self._list.setItemDelegate(_Line(self._list))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self._field)
        layout.addWidget(self._list)
        self._field.textChanged.connect(self.show_matches)
        self._field.returnPressed.connect(self._choose)
        self._list.itemActivated.connect(self._choose)
        self._field.installEventFilter(self)
        self.show_matches("")
        self._field.setFocus()

    def show_matches(self, words: str) -> None:
        ranked = [(matches(words, entry), entry) for entry in self._entries]
        self._list.clear()
        for _, entry in sorted((pair for pair in ranked if pair[0]), key=lambda pair: -pair[0]):
            item = QListWidgetItem(entry.title)
            item.setData(_HINT, entry.hint)
            item.setData(Qt.ItemDataRole.UserRole, entry.id)
            self._list.addItem(item)
        if not self._list.count():
            item = QListWidgetItem(_NOTHING)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            item.setForeground(self.palette().placeholderText())
            self._list.addItem(item)
        self._list.setCurrentRow(0)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """The arrows walk the list while the words keep the focus."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
            if step:
                row = self._list.currentRow() + step
                self._list.setCurrentRow(min(max(row, 0), self._list.count() - 1))
                return True
        return False

    def _choose(self) -> None:
        item = self._list.currentItem()
        if item is not None and item.flags():
            self.close()
            self.chosen.emit(str(item.data(Qt.ItemDataRole.UserRole)))
