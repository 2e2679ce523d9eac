"""The table of annotations: of the shown item, or of the whole project; filter, search, bulk deeds."""

from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct
from PySide6.QtCore import QItemSelectionModel, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from engine.domain.annotation import Label, Review
from widgets.annotation_model import BY, PHRASE, SCORE, STATE, WHERE, AnnotationModel, Listed
from widgets.empty import Empty
from widgets.naming import named
from widgets.paging import Read
from widgets.search_field import SearchField

_REVIEWS: tuple[tuple[str, tuple[Review, ...]], ...] = (
    ("All states", ()),
    ("To review", (Review.PREDICTED,)),
    ("Verified", (Review.ACCEPTED, Review.ADJUSTED, Review.MISSED)),
    ("Adjusted", (Review.ADJUSTED,)),
    ("Rejected", (Review.REJECTED,)),
    ("Drawn by hand", (Review.MISSED,)),
)
# How model and human differ, as `gap` names it; the number of each stands behind it once it is known.
_GAPS = (
    ("Differences", "any"),
    ("Model extra", "model extra"),
    ("Model missing", "model missing"),
    ("Overlap too low", "overlap too low"),
)
_ORDERS = (("By doubt", "doubt"), ("By disagreement", "disagreement"), ("By time", "time"), ("By label", "label"))
_DEEDS = (("Accept", "accept"), ("Reject", "reject"), ("Edit phrase or label…", "relabel"), ("Remove", "remove"))
_TYPING_PAUSE_MS = 150
_NARROW = 420
# The widths of the column of places, and of all but that and the phrase, with what is around the table.
_PLACE, _OTHERS = 188, 106


class Wanted(Struct, frozen=True):
    """What the table is asked to list. `words` are those of the search field, keys and text."""

    whole_project: bool = False
    reviews: tuple[Review, ...] = ()
    order: str = "doubt"
    words: str = ""
    gap: str = ""


class AnnotationTable(QWidget):
    """`chosen(id)` when a row is chosen, `wanted_changed(Wanted)`, `deed(kind, ids)` for what to do with rows."""

    chosen = Signal(str)
    wanted_changed = Signal(object)
    deed = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("annotations")
        self._scope = _combo("annotations.scope", "Which items", ("This item", "Project"))
        self._state = _combo("annotations.state", "Which states", [title for title, _ in (*_REVIEWS, *_GAPS)])
        self._order = _combo("annotations.order", "In which order", [title for title, _ in _ORDERS])
        about = "Search   question:kite   score:0.2-0.6   by:name"
        self.search = SearchField("annotations.search", "Search annotations", about)
        self.model = AnnotationModel(self.palette)
        self._note = named(QLabel(), "annotations.note", "The order of the list")
        self._note.setProperty("role", "caption")
        self._note.setWordWrap(True)
        self._note.hide()
        self._view = self._table()
        self._empty = Empty("annotations.empty", _TEACH)
        self._labels: Mapping[str, Label] = {}
        self._pause = QTimer(self, singleShot=True, interval=_TYPING_PAUSE_MS)
        self._pause.timeout.connect(self._want)
        self.search.textChanged.connect(lambda _: self._pause.start())
        for combo in (self._scope, self._state, self._order):
            combo.currentIndexChanged.connect(lambda _: self._want())
        self._lay_out()

    @property
    def wanted(self) -> Wanted:
        chosen = self._state.currentIndex()
        gap = "" if chosen < len(_REVIEWS) else _GAPS[chosen - len(_REVIEWS)][1]
        return Wanted(
            whole_project=self._scope.currentIndex() == 1,
            reviews=() if gap else _REVIEWS[chosen][1],
            gap=gap,
            order=_ORDERS[self._order.currentIndex()][1],
            words=self.search.text().strip(),
        )

    def set_order(self, order: str) -> None:
        self._order.setCurrentIndex([key for _, key in _ORDERS].index(order))

    def show_gap(self, gap: str) -> None:
        """List the differences of one kind, or "any", of the whole project."""
        self._scope.setCurrentIndex(1)
        self._state.setCurrentIndex(len(_REVIEWS) + [key for _, key in _GAPS].index(gap))

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """How many differences there are of each kind; empty while that is not known."""
        for at, (title, gap) in enumerate(_GAPS, len(_REVIEWS)):
            self._state.setItemText(at, f"{title} ({counts[gap]:,})" if counts else title)

    def tell_order(self, words: str) -> None:
        """Which order holds in place of the chosen one, and why; "" when the chosen one does."""
        self._note.setText(words)
        self._note.setVisible(bool(words))
        self._order.setEnabled(not words)
        self._order.setToolTip(words)

    def show_rows(self, rows: Sequence[Listed], labels: Mapping[str, Label]) -> None:
        """List these; the selection and the place are kept."""
        place, selected = self._view.verticalScrollBar().value(), self.selected
        self._view.selectionModel().blockSignals(True)
        self.model.show_rows(rows, labels)
        # Laid out now, so that a new last row can be scrolled to.
        self._view.doItemsLayout()
        self._select(selected)
        self._view.selectionModel().blockSignals(False)
        self._view.verticalScrollBar().setValue(place)
        self._view.viewport().update()
        self._tell_empty(len(rows))

    def show_pages(self, read: Read[Listed], count: int, labels: Mapping[str, Label]) -> None:
        """List very many, read when they come into view."""
        self.model.show_pages(read, count, labels)
        self._tell_empty(count)

    def _tell_empty(self, count: int) -> None:
        narrowed = self.wanted.reviews or self.wanted.words or self.wanted.gap
        self._empty.say(_NOTHING if narrowed else _TEACH)
        self._stack.setCurrentIndex(0 if count else 1)

    @property
    def selected(self) -> list[str]:
        rows = sorted({index.row() for index in self._view.selectionModel().selectedIndexes()})
        found = (self.model.listed(row) for row in rows)
        return [one.annotation.id for one in found if one]

    def show_selected(self, id_: str | None) -> None:
        """Mark a row without choosing it again."""
        row = self.model.row_of(id_) if id_ else None
        if id_ in self.selected:
            return
        self._view.selectionModel().blockSignals(True)
        self._select([id_] if id_ and row is not None else [])
        self._view.selectionModel().blockSignals(False)
        self._view.viewport().update()
        if row is not None:
            self._view.scrollTo(self.model.index(row, PHRASE))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow panel the phrase matters more than who said it."""
        super().resizeEvent(event)
        self._view.setColumnHidden(BY, self.width() < _NARROW)
        self._share_out()

    def _share_out(self) -> None:
        """Rows of a whole project name their item beside the place and need the room for it; else the phrase has it."""
        both = self.width() - _OTHERS
        width = max(_PLACE, both * 3 // 5) if self.wanted.whole_project else min(_PLACE, both * 2 // 3)
        self._view.horizontalHeader().resizeSection(WHERE, width)

    def _select(self, ids: Sequence[str]) -> None:
        selection = self._view.selectionModel()
        selection.clear()
        for row in (self.model.row_of(id_) for id_ in ids):
            if row is not None:
                flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
                selection.setCurrentIndex(self.model.index(row, PHRASE), flags)

    def _tell_chosen(self) -> None:
        if len(self.selected) == 1:
            self.chosen.emit(self.selected[0])

    def _want(self) -> None:
        self._share_out()
        self.wanted_changed.emit(self.wanted)

    def _menu(self, at: QPoint) -> None:
        if not self.selected:
            return
        menu = named(QMenu(self), "annotations.menu", "What to do with the chosen annotations")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for title, kind in _DEEDS:
            menu.addAction(title, partial(self._do, kind))
        menu.popup(self._view.viewport().mapToGlobal(at))

    def _do(self, kind: str) -> None:
        self.deed.emit(kind, self.selected)

    def _table(self) -> QTableView:
        view = named(QTableView(), "annotations.table", "Annotations")
        view.setModel(self.model)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        view.setTabKeyNavigation(False)
        view.setShowGrid(False)
        view.setIconSize(QSize(16, 16))
        view.setWordWrap(False)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(28)
        view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = view.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(PHRASE, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(24)
        for column, width in ((STATE, 28), (WHERE, _PLACE), (SCORE, 46), (BY, 78)):
            header.resizeSection(column, width)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._menu)
        view.selectionModel().selectionChanged.connect(lambda *_: self._tell_chosen())
        return view

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        for combo, share in ((self._scope, 4), (self._state, 5), (self._order, 5)):
            top.addWidget(combo, share)
        self._stack = QStackedLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 8)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addWidget(self.search)
        layout.addWidget(self._note)
        layout.addLayout(self._stack, 1)
        # Filled once it has its place: without one, a page would come up as a window of its own.
        self._stack.addWidget(self._view)
        self._stack.addWidget(self._empty)
        self._stack.setCurrentIndex(1)


_NOTHING = "Nothing matches; change the search or the filter."
_TEACH = "What was found and what you draw is listed here: ask a question, or draw a box on the picture."


def _combo(name: str, words: str, titles: Sequence[str]) -> QComboBox:
    combo = named(QComboBox(), name, words)
    combo.addItems(list(titles))
    combo.setMinimumContentsLength(6)
    return combo
