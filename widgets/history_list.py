"""Every step of the project's history, newest first; steps taken back are faint."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QListView, QStackedLayout, QWidget

from engine.domain.project import HistoryRow
from widgets.empty import Empty
from widgets.naming import named

Index = QModelIndex | QPersistentModelIndex
Read = Callable[[int, int | None], Sequence[HistoryRow]]
_TOP = QModelIndex()
_PAGE = 200


class HistoryModel(QAbstractListModel):
    """Rows read backwards from the newest, more when the end comes into view; `palette` gives the colours of now."""

    def __init__(self, palette: Callable[[], QPalette]) -> None:
        super().__init__()
        self._palette = palette
        self._read: Read = lambda _limit, _before: ()
        self._rows: list[HistoryRow] = []
        self._whole = True

    def show_rows(self, read: Read) -> None:
        self.beginResetModel()
        self._read = read
        self._rows = list(read(_PAGE, None))
        self._whole = len(self._rows) < _PAGE
        self.endResetModel()

    def rowCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and not self._whole

    def fetchMore(self, parent: Index) -> None:  # noqa: ARG002
        more = list(self._read(_PAGE, self._rows[-1].seq))
        self._whole = len(more) < _PAGE
        self.beginInsertRows(_TOP, len(self._rows), len(self._rows) + len(more) - 1)
        self._rows.extend(more)
        self.endInsertRows()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self._rows[index.row()]
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return f"{row.label}{' (undone)' if row.undone else ''}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{row.at.replace('T', ' ')[:19]} UTC {row.author}".strip()
        if role == Qt.ItemDataRole.ForegroundRole and row.undone:
            return self._palette().placeholderText()
        return None


class HistoryList(QWidget):
    """Shows what was done."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("history")
        self._model = HistoryModel(self.palette)
        self._view = named(QListView(), "history.list", "History")
        self._view.setModel(self._model)
        self._view.setUniformItemSizes(True)
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(8, 4, 8, 8)
        self._stack.addWidget(self._view)
        self._stack.addWidget(Empty("history.empty", "Each step you take is listed here and can be taken back."))
        self._stack.setCurrentIndex(1)

    def show_rows(self, read: Read) -> None:
        """List the history behind `read(limit, before)`."""
        place = self._view.verticalScrollBar().value()
        self._model.show_rows(read)
        self._view.verticalScrollBar().setValue(place)
        self._stack.setCurrentIndex(0 if self._model.rowCount() else 1)
