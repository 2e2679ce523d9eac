"""The media of a project: thumbnails, what is left to review, search and filter, progress."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListView,
    QProgressBar,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from engine.domain.media import MediaItem, MediaKind
from engine.domain.project import ItemFilter
from widgets.empty import Empty
from widgets.media_row import ROW, MediaRow, RowDelegate
from widgets.naming import named
from widgets.paging import Pages
from widgets.search_field import SearchField
from widgets.wording import count, facts

Index = QModelIndex | QPersistentModelIndex
_TOP = QModelIndex()
_THUMBNAILS_KEPT = 600
_TYPING_PAUSE_MS = 150
# What an empty list says, and its next step.
_TEACH = ("Pictures, clips and sounds to ask about appear here.", "Open folder…")
_NOTHING = ("Nothing matches; change the search or the filter.", "Show all media")
ReadWords = Callable[[str, ItemFilter], ItemFilter]
_FILTERS = (
    ("All media", ItemFilter()),
    ("To review", ItemFilter(pending=True)),
    ("Not done", ItemFilter(done=False)),
    ("Done", ItemFilter(done=True)),
    ("Pictures", ItemFilter(kind=MediaKind.IMAGE)),
    ("Clips", ItemFilter(kind=MediaKind.VIDEO)),
    ("Sounds", ItemFilter(kind=MediaKind.AUDIO)),
)


class Media(Protocol):
    """Where the rows come from."""

    def count(self, wanted: ItemFilter) -> int: ...

    def page(self, wanted: ItemFilter, offset: int, limit: int) -> Sequence[MediaItem]: ...

    def pending(self, items: Sequence[str]) -> dict[str, int]: ...

    def position(self, id_: str, wanted: ItemFilter) -> int | None: ...


class NoMedia:
    """No project is open."""

    def count(self, wanted: ItemFilter) -> int:  # noqa: ARG002
        return 0

    def page(self, wanted: ItemFilter, offset: int, limit: int) -> Sequence[MediaItem]:  # noqa: ARG002
        return ()

    def pending(self, items: Sequence[str]) -> dict[str, int]:  # noqa: ARG002
        return {}

    def position(self, id_: str, wanted: ItemFilter) -> int | None:  # noqa: ARG002
        return None


class MediaModel(QAbstractListModel):
    """Rows of `Media` under a filter, read by page; `thumbnails_wanted(items)` names rows that came into view."""

    thumbnails_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        # A picture, why there is none, or None while it is being made.
        self._thumbnails: OrderedDict[str, QPixmap | str | None] = OrderedDict()
        self._asked: list[MediaItem] = []
        self._ask = QTimer(self, singleShot=True, interval=30)
        self._ask.timeout.connect(self._ask_for_thumbnails)
        self.show_rows(NoMedia(), ItemFilter())

    def show_rows(self, media: Media, wanted: ItemFilter) -> None:
        self.beginResetModel()
        self._media, self.wanted = media, wanted
        self._pages: Pages[tuple[MediaItem, int]] = Pages(self._read, media.count(wanted))
        self.endResetModel()

    def refresh(self) -> None:
        """Show the rows as they are now; they keep their places unless their number changed."""
        if self._media.count(self.wanted) != self._pages.count:
            self.show_rows(self._media, self.wanted)
            return
        self._pages.forget()
        if self._pages.count:
            self.dataChanged.emit(self.index(0), self.index(self._pages.count - 1))

    def item(self, row: int) -> MediaItem | None:
        found = self._pages.row(row) if 0 <= row < self._pages.count else None
        return found[0] if found else None

    def position(self, id_: str) -> int | None:
        return self._media.position(id_, self.wanted)

    def set_thumbnail(self, id_: str, thumbnail: QPixmap | str) -> None:
        """A small picture, or the sentence why the file cannot be shown."""
        self._thumbnails[id_] = thumbnail
        if len(self._thumbnails) > _THUMBNAILS_KEPT:
            self._thumbnails.popitem(last=False)

    def rowCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else self._pages.count

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        found = self._pages.row(index.row())
        if found is None:
            return None
        item, pending = found
        if role == ROW:
            made = self._thumbnail(item)
            trouble = made if isinstance(made, str) else ""
            return MediaRow(item, pending, made if isinstance(made, QPixmap) else None, trouble)
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return item.path.rsplit("/", 1)[-1]
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole}:
            made = self._thumbnails.get(item.id)
            return f"{item.path}\n{made if isinstance(made, str) else facts(item)}"
        return None

    def _read(self, offset: int, limit: int) -> list[tuple[MediaItem, int]]:
        items = self._media.page(self.wanted, offset, limit)
        pending = self._media.pending([item.id for item in items])
        return [(item, pending.get(item.id, 0)) for item in items]

    def _thumbnail(self, item: MediaItem) -> QPixmap | str | None:
        if item.id not in self._thumbnails:
            self._thumbnails[item.id] = None
            self._asked.append(item)
            self._ask.start()
        return self._thumbnails[item.id]

    def _ask_for_thumbnails(self) -> None:
        asked, self._asked = self._asked, []
        self.thumbnails_wanted.emit(asked)


class MediaList(QWidget):
    """`item_chosen(id)` when the user goes to an item, `opened` when an empty list asks for media."""

    item_chosen = Signal(str)
    media_wanted = Signal()
    filter_changed = Signal(object)
    thumbnails_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("media")
        self._media: Media = NoMedia()
        self._shown: str | None = None
        self.model = MediaModel()
        self.model.thumbnails_wanted.connect(self.thumbnails_wanted)
        self.search = SearchField("media.search", "Search media", "Search media")
        self._read_words: ReadWords = lambda words, chosen: ItemFilter(words, chosen.kind, chosen.pending, chosen.done)
        self._filter = named(QComboBox(), "media.filter", "Which media")
        for title, _ in _FILTERS:
            self._filter.addItem(title)
        self._view = self._list()
        self._empty = Empty("media.empty", *_TEACH)
        self._empty.wanted.connect(self._go_on)
        self._bar = named(QProgressBar(), "media.bar", "Items done")
        self._bar.setTextVisible(False)
        self._words = named(QLabel(), "media.progress", "Items done")
        self._words.setProperty("role", "caption")
        self._pause = QTimer(self, singleShot=True, interval=_TYPING_PAUSE_MS)
        self._pause.timeout.connect(self._filter_anew)
        self.search.textChanged.connect(lambda _: self._pause.start())
        self._filter.currentIndexChanged.connect(lambda _: self._filter_anew())
        self._lay_out()

    def read_words(self, read: ReadWords) -> None:
        """How the words of the search field and the chosen filter become one."""
        self._read_words = read

    def show_media(self, media: Media) -> None:
        """Show a project's media."""
        self._media = media
        self._filter_anew()

    def refresh(self) -> None:
        """Take in that items or their reviews changed; the list keeps its place."""
        place = self._view.verticalScrollBar().value()
        self.model.refresh()
        self._view.verticalScrollBar().setValue(place)
        self._tell_progress()

    def show_current(self, id_: str | None) -> None:
        """Mark the shown item without choosing it again; the list goes to it when it is another one or listed anew."""
        place = self._view.verticalScrollBar().value() if id_ == self._shown else None
        self._shown = id_
        row = self.model.position(id_) if id_ else None
        selection = self._view.selectionModel()
        if row is None:
            selection.clearSelection()
            return
        index = self.model.index(row)
        if selection.currentIndex().row() != row or not selection.isSelected(index):
            selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if place is None:
            self._view.scrollTo(index)
        else:
            self._view.verticalScrollBar().setValue(place)

    def neighbour(self, step: int) -> str | None:
        """The id of the item `step` rows further in the list, None at its ends."""
        item = self.item_ahead(step)
        return item.id if item else None

    def item_ahead(self, step: int) -> MediaItem | None:
        """The item `step` rows after the current one."""
        return self.model.item(self._view.currentIndex().row() + step)

    def set_thumbnails(self, pictures: Iterable[tuple[str, QPixmap | str]]) -> None:
        for id_, picture in pictures:
            self.model.set_thumbnail(id_, picture)
        self._view.viewport().update()

    @property
    def wanted(self) -> ItemFilter:
        return self.model.wanted

    def _filter_anew(self) -> None:
        _, chosen = _FILTERS[self._filter.currentIndex()]
        wanted = self._read_words(self.search.text().strip(), chosen)
        self.model.show_rows(self._media, wanted)
        self._shown = None
        self._tell_progress()
        self.filter_changed.emit(wanted)

    def _tell_progress(self) -> None:
        total, shown = self._media.count(ItemFilter()), self.model.rowCount()
        done = self._media.count(ItemFilter(done=True))
        words = f"{done:,} of {count(total, 'item')} done" if total else ""
        self._words.setText(f"{words} · {shown:,} shown" if shown != total else words)
        self._bar.setMaximum(max(total, 1))
        self._bar.setValue(done)
        self._empty.say(*(_NOTHING if total else _TEACH))
        self._stack.setCurrentIndex(0 if shown else 1)

    def _go_on(self) -> None:
        """The next step of an empty list."""
        if self._media.count(ItemFilter()):
            self.search.clear()
            self._filter.setCurrentIndex(0)
        else:
            self.media_wanted.emit()

    def _list(self) -> QListView:
        view = named(QListView(), "media.list", "Media")
        view.setModel(self.model)
        view.setItemDelegate(RowDelegate(view))
        view.setUniformItemSizes(True)
        view.setMouseTracking(True)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.selectionModel().currentChanged.connect(self._choose)
        return view

    def _choose(self, index: QModelIndex) -> None:
        item = self.model.item(index.row())
        if item is not None:
            self.item_chosen.emit(item.id)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self._filter)
        self._stack = QStackedLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 4, 8)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addLayout(self._stack, 1)
        # Filled once it has its place: without one, a page would come up as a window of its own.
        self._stack.addWidget(self._view)
        self._stack.addWidget(self._empty)
        layout.addWidget(self._words)
        layout.addWidget(self._bar)
