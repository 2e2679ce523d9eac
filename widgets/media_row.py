"""How one medium is drawn in the list: thumbnail, name, facts, and at the right what is left to do."""

from msgspec import Struct
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from engine.domain.media import MediaItem
from widgets.icons import pixmap
from widgets.theme import Roles, roles_of
from widgets.wording import facts

ROW = Qt.ItemDataRole.UserRole
HEIGHT = 54
THUMBNAIL = QSize(60, 44)
_CANNOT = "cannot be shown"


class MediaRow(Struct, frozen=True):
    """An item with what the list shows beside it; `trouble` is why its file cannot be shown."""

    item: MediaItem
    pending: int = 0
    thumbnail: QPixmap | None = None
    trouble: str = ""


class RowDelegate(QStyledItemDelegate):
    """Paints a `MediaRow` in the colours of the theme."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: ARG002
        return QSize(160, HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row = index.data(ROW)
        if not isinstance(row, MediaRow):
            return
        roles = roles_of(option.palette)
        state: QStyle.StateFlag = option.state
        area: QRect = option.rect
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        if chosen:
            painter.fillRect(area, QColor(roles.accent))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, QColor(roles.surface))
        ink = roles.on_accent if chosen else roles.text
        _picture(painter, area, row, roles)
        right = _status(painter, area, row, roles, ink=ink, chosen=chosen)
        place = area.adjusted(THUMBNAIL.width() + 16, 9, -right - 8, -9)
        second = ink if chosen else roles.danger if row.trouble else roles.muted
        _words(painter, place, row.item, (ink, second), _CANNOT if row.trouble else facts(row.item))
        painter.restore()


def _picture(painter: QPainter, area: QRect, row: MediaRow, roles: Roles) -> None:
    frame = QRect(area.left() + 6, area.top() + (HEIGHT - THUMBNAIL.height()) // 2, *THUMBNAIL.toTuple())
    painter.fillRect(frame, QColor(roles.canvas))
    ratio = painter.device().devicePixelRatioF()
    sign = ("warning", roles.danger) if row.trouble else (row.item.kind.value, roles.muted)
    picture = row.thumbnail or pixmap(*sign, 20, ratio)
    size = picture.deviceIndependentSize().toSize()
    target = QRect(frame.center().x() - size.width() // 2, frame.center().y() - size.height() // 2, *size.toTuple())
    painter.drawPixmap(target, picture)
    if row.thumbnail and row.item.clock:
        badge = QRect(frame.left() + 2, frame.bottom() - 16, 15, 15)
        painter.fillRect(badge, QColor(0, 0, 0, 150))
        painter.drawPixmap(badge.left() + 1, badge.top() + 1, pixmap(row.item.kind.value, "#ffffff", 13, ratio))


def _status(painter: QPainter, area: QRect, row: MediaRow, roles: Roles, *, ink: str, chosen: bool) -> int:
    """Draw a tick or the number to review; the width that it took."""
    if row.pending:
        text = str(row.pending) if row.pending < 1000 else "999+"
        width = painter.fontMetrics().horizontalAdvance(text) + 14
        pill = QRect(area.right() - width - 8, area.center().y() - 10, width, 20)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(roles.on_accent if chosen else roles.accent))
        painter.drawRoundedRect(pill, 10, 10)
        painter.setPen(QColor(roles.accent if chosen else roles.on_accent))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)
        return width + 8
    if row.item.done:
        ratio = painter.device().devicePixelRatioF()
        tick = pixmap("accept", ink if chosen else roles.ok, 18, ratio)
        painter.drawPixmap(area.right() - 26, area.center().y() - 9, tick)
        return 28
    return 0


def _words(painter: QPainter, area: QRect, item: MediaItem, inks: tuple[str, str], second: str) -> None:
    """The name above, what is to be said of it below."""
    metrics = painter.fontMetrics()
    name = metrics.elidedText(item.path.rsplit("/", 1)[-1], Qt.TextElideMode.ElideMiddle, area.width())
    painter.setPen(QColor(inks[0]))
    painter.drawText(area, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, name)
    small = QFont(painter.font())
    small.setPixelSize(max(round(small.pixelSize() * 11 / 13), 9))
    painter.setFont(small)
    painter.setPen(QColor(inks[1]))
    words = painter.fontMetrics().elidedText(second, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, words)
