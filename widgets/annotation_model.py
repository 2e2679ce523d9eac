"""Annotations as rows of a table: state, phrase, place, score, author."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QIcon, QPalette

from engine.domain.annotation import Annotation, Label, Origin, Review
from engine.domain.media import Clock
from widgets.icons import pixmap
from widgets.paging import Pages, Read
from widgets.theme import roles_of
from widgets.wording import REVIEWS, where

Index = QModelIndex | QPersistentModelIndex
_TOP = QModelIndex()
COLUMNS = ("", "Phrase", "Where or when", "Score", "By")
STATE, PHRASE, WHERE, SCORE, BY = range(5)
_ICONS = {
    Review.PREDICTED: ("predicted", "accent"),
    Review.ACCEPTED: ("accept", "ok"),
    Review.ADJUSTED: ("adjusted", "ok"),
    Review.REJECTED: ("reject", "danger"),
    Review.MISSED: ("missed", "ok"),
}
_ICON = 16
_ORIGINS = {Origin.MODEL: "model", Origin.HUMAN: "human", Origin.IMPORTED: "imported", Origin.SYNTHETIC: "synthetic"}


class Listed(Struct, frozen=True):
    """An annotation with what its row needs besides: the item's clock, and its path where several items are listed."""

    annotation: Annotation
    clock: Clock | None = None
    path: str = ""


class AnnotationModel(QAbstractTableModel):
    """Rows behind pages, so that one item and a whole project are shown alike.

    `palette` gives the colours of now, for the theme changes while rows stay.
    """

    def __init__(self, palette: Callable[[], QPalette]) -> None:
        super().__init__()
        self._pages: Pages[Listed] = Pages(lambda _offset, _limit: (), 0)
        self._labels: Mapping[str, Label] = {}
        self._palette = palette
        self._rows: dict[str, int] = {}

    def show_rows(self, rows: Sequence[Listed], labels: Mapping[str, Label]) -> None:
        """A few rows that are all known."""
        self._rows = {row.annotation.id: at for at, row in enumerate(rows)}
        self._show(Pages(lambda offset, limit: rows[offset : offset + limit], len(rows)), labels)

    def show_pages(self, read: Read[Listed], count: int, labels: Mapping[str, Label]) -> None:
        """Very many rows, read when they come into view."""
        self._rows = {}
        self._show(Pages(read, count), labels)

    def listed(self, row: int) -> Listed | None:
        return self._pages.row(row) if 0 <= row < self._pages.count else None

    def row_of(self, id_: str) -> int | None:
        return self._rows.get(id_)

    def rowCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else self._pages.count

    def columnCount(self, parent: Index = _TOP) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        found = self._pages.row(index.row())
        if found is None:
            return None
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return self._text(found, index.column())
        return self._looks(found, index.column(), role)

    def _looks(self, found: Listed, column: int, role: int) -> object:
        match role, column:
            case Qt.ItemDataRole.DecorationRole, _ if column == STATE:
                return self._icon(found.annotation.review)
            case Qt.ItemDataRole.ForegroundRole, _ if column in {WHERE, BY} or _gone(found.annotation):
                return QColor(self._palette().color(QPalette.ColorRole.PlaceholderText))
            case Qt.ItemDataRole.TextAlignmentRole, _ if column == SCORE:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            case Qt.ItemDataRole.ToolTipRole, _:
                return self._tip(found)
            case _:
                return None

    def _show(self, pages: Pages[Listed], labels: Mapping[str, Label]) -> None:
        self.beginResetModel()
        self._pages, self._labels = pages, labels
        self.endResetModel()

    def _text(self, found: Listed, column: int) -> str:
        annotation = found.annotation
        if column == PHRASE:
            label = self._labels.get(annotation.label or "")
            words = annotation.phrase or (label.name if label else "")
            return f"{words}  [{label.name}]" if label and label.name != words else words
        if column == WHERE:
            place = where(annotation.geometry, found.clock)
            return f"{found.path.rsplit('/', 1)[-1]}  {place}" if found.path else place
        if column == SCORE:
            return "" if annotation.score is None else f"{annotation.score:.2f}"
        return (annotation.provenance.author or _ORIGINS[annotation.provenance.origin]) if column == BY else ""

    def _icon(self, review: Review) -> QIcon:
        """In the colour of the state, in that of text where the row is selected."""
        name, role = _ICONS[review]
        roles, result = roles_of(self._palette()), QIcon()
        for size in (_ICON, 2 * _ICON):
            result.addPixmap(pixmap(name, getattr(roles, role), size))
            result.addPixmap(pixmap(name, roles.on_accent, size), QIcon.Mode.Selected)
        return result

    def _tip(self, found: Listed) -> str:
        provenance = found.annotation.provenance
        origin = f"{_ORIGINS[provenance.origin]} {provenance.author}".strip()
        told = f"{REVIEWS[found.annotation.review]} · {origin} · {provenance.at[:19].replace('T', ' ')} UTC"
        return f"{self._text(found, PHRASE)}\n{self._text(found, WHERE)}\n{told}"


def _gone(annotation: Annotation) -> bool:
    return annotation.review is Review.REJECTED
