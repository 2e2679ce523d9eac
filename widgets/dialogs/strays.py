"""Media that a file names and the project does not know: say which one each means, or leave it out."""

from collections.abc import Mapping, Sequence
from itertools import islice

from msgspec import Struct
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeySequence, QPalette, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from widgets.naming import named

Index = QModelIndex | QPersistentModelIndex
_TOP = QModelIndex()
_HEADS = ("In the file", "Used", "Suggestion", "Taken as")
_SHOWN = 200
LEFT_OUT = ""


class Stray(Struct, frozen=True):
    """A name that fits no medium, how often it is used, and the id of the item that is called most alike."""

    name: str
    uses: int
    guess: str = ""


class StrayModel(QAbstractTableModel):
    """One row a stray. `decided` maps names to item ids; `LEFT_OUT` for those to leave out."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._widget = parent
        self.rows: Sequence[Stray] = ()
        self.paths: dict[str, str] = {}
        self.decided: dict[str, str] = {}

    def fill(self, rows: Sequence[Stray], paths: Mapping[str, str]) -> None:
        self.beginResetModel()
        self.rows, self.paths, self.decided = rows, dict(paths), {}
        self.endResetModel()

    def decide(self, decided: Mapping[str, str]) -> None:
        self.decided.update(decided)
        self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(_HEADS) - 1))

    def rowCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(_HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _HEADS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        words = (row.name, f"{row.uses:,}", self.paths.get(row.guess, ""), self._taken_as(row))[index.column()]
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return words
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == 1:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 3 and not self.decided.get(row.name):
            return self._widget.palette().brush(QPalette.ColorRole.PlaceholderText)
        return None

    def _taken_as(self, row: Stray) -> str:
        if row.name not in self.decided:
            return "not decided"
        return self.paths.get(self.decided[row.name], "") or "left out"


class StrayPanel(QWidget):
    """`decided(names to item ids)` after each decision; `folder_wanted` to look for the undecided ones elsewhere."""

    decided = Signal(object)
    folder_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("import.strays")
        self._model = StrayModel(self)
        self._table = self._made_table()
        self._find = named(QLineEdit(), "import.find", "Find a medium of the project for the chosen name")
        self._find.setPlaceholderText("Find a medium of the project")
        self._hits = named(QListWidget(), "import.hits", "Media of the project; Enter takes one")
        self._hits.setMaximumHeight(110)
        self._hits.setTextElideMode(Qt.TextElideMode.ElideLeft)
        self._suggested = _button("&Use suggestion", "import.suggestion")
        self._all = _button("Use &all suggestions", "import.suggestions")
        self._leave = _button("&Leave out", "import.leave_out")
        self._look = _button("Loo&k in folder…", "import.folder")
        self._lay_out()
        self._connect()

    @property
    def decisions(self) -> dict[str, str]:
        return dict(self._model.decided)

    @property
    def undecided(self) -> list[str]:
        return [row.name for row in self._model.rows if row.name not in self._model.decided]

    def show_strays(self, rows: Sequence[Stray], paths: Mapping[str, str]) -> None:
        """The names to decide on, and the project's media by id."""
        self._model.fill(rows, paths)
        self._all.setEnabled(any(row.guess for row in rows))
        self._table.selectRow(0)

    def settle(self, decided: Mapping[str, str], paths: Mapping[str, str]) -> None:
        """Take decisions over that were found elsewhere, with the paths of media that they bring."""
        self._model.paths.update(paths)
        self._decide(decided)

    def take(self, item: str) -> None:
        """The current name means this item."""
        row = self._table.currentIndex().row()
        if row >= 0 and item in self._model.paths:
            self._decide({self._model.rows[row].name: item})
            self._go_on(row)

    def use_suggestions(self) -> None:
        """Take every suggestion for a name that is not decided."""
        known = self._model.decided
        self._decide({row.name: row.guess for row in self._model.rows if row.guess and row.name not in known})

    def _use_suggestion(self) -> None:
        self._decide({row.name: row.guess for row in self._chosen() if row.guess})
        self._go_on(self._table.currentIndex().row())

    def _leave_out(self) -> None:
        self._decide({row.name: LEFT_OUT for row in self._chosen()})
        self._go_on(self._table.currentIndex().row())

    def _decide(self, decided: Mapping[str, str]) -> None:
        if decided:
            self._model.decide(decided)
            self.decided.emit(self.decisions)

    def _chosen(self) -> list[Stray]:
        return [self._model.rows[index.row()] for index in self._table.selectionModel().selectedRows()]

    def _go_on(self, row: int) -> None:
        """To the next name that is not decided, ready for the keyboard."""
        rows = self._model.rows
        order = [*range(row + 1, len(rows)), *range(row)]
        after = next((at for at in order if rows[at].name not in self._model.decided), row)
        self._table.selectRow(after)
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_hits(self) -> None:
        """What the words are found in; without words the suggestion stands first."""
        chosen, words = self._chosen(), self._find.text().casefold().split()
        guess = chosen[0].guess if len(chosen) == 1 else ""
        self._suggested.setEnabled(any(row.guess for row in chosen))
        self._leave.setEnabled(bool(chosen))
        paths = self._model.paths
        order = [guess, *paths] if guess in paths else list(paths)
        fitting = (id_ for id_ in order if all(word in paths[id_].casefold() for word in words))
        self._hits.clear()
        for id_ in dict.fromkeys(islice(fitting, _SHOWN)):
            hit = QListWidgetItem(paths[id_])
            hit.setData(Qt.ItemDataRole.UserRole, id_)
            self._hits.addItem(hit)
        self._hits.setCurrentRow(0)

    def _take_hit(self) -> None:
        if (hit := self._hits.currentItem()) is not None:
            self.take(str(hit.data(Qt.ItemDataRole.UserRole)))
            self._find.clear()

    def _connect(self) -> None:
        self._find.textChanged.connect(self._show_hits)
        self._find.returnPressed.connect(self._take_hit)
        self._hits.itemActivated.connect(self._take_hit)
        self._table.selectionModel().selectionChanged.connect(self._show_hits)
        self._table.activated.connect(lambda _: self._find.setFocus(Qt.FocusReason.ShortcutFocusReason))
        self._suggested.clicked.connect(self._use_suggestion)
        self._all.clicked.connect(self.use_suggestions)
        self._leave.clicked.connect(self._leave_out)
        self._look.clicked.connect(self.folder_wanted)
        delete = QShortcut(QKeySequence(Qt.Key.Key_Delete), self._table)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self._leave_out)
        down = QShortcut(QKeySequence(Qt.Key.Key_Down), self._find)
        down.setContext(Qt.ShortcutContext.WidgetShortcut)
        down.activated.connect(lambda: self._hits.setFocus(Qt.FocusReason.ShortcutFocusReason))

    def _made_table(self) -> QTableView:
        table = named(QTableView(), "import.table", "Media that the file names and the project does not have")
        table.setModel(self._model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setWordWrap(False)
        table.setShowGrid(False)
        table.verticalHeader().hide()
        head = table.horizontalHeader()
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in (0, 2, 3):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        head.resizeSection(1, 64)
        return table

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in (self._suggested, self._all, self._leave, self._look):
            buttons.addWidget(button)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._table, 1)
        layout.addLayout(buttons)
        layout.addWidget(self._find)
        layout.addWidget(self._hits)


def _button(words: str, name: str) -> QPushButton:
    """A button that Enter elsewhere in the dialog does not press."""
    button = named(QPushButton(words), name, words.replace("&", "").rstrip("…"))
    button.setAutoDefault(False)
    return button
