"""The backups of a project: when each was made, how large it is, and what to do with one."""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct
from PySide6.QtCore import QDateTime, QLocale, Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from widgets.empty import Empty
from widgets.naming import named

_TEACH = "Restoring sets the project file that is there now aside, beside the new one: nothing is deleted."
_NONE = "There is no backup yet. One is made every hour while you work, and before imports and updates."
_PATH = Qt.ItemDataRole.UserRole


class Kept(Struct, frozen=True):
    """One backup: its path as text, when it was made (with a time zone), its size in bytes."""

    path: str
    made: datetime
    size: int


class BackupsDialog(QDialog):
    """`restore_wanted(path)` and `copy_wanted(path)` name the chosen backup; the dialog goes before either."""

    restore_wanted = Signal(str)
    copy_wanted = Signal(str)

    def __init__(self, backups: Sequence[Kept], why: str, *, writable: bool, parent: QWidget | None = None) -> None:
        """`backups` newest first; `why` is what happened to the project, "" when the user just asked."""
        super().__init__(parent)
        self.setObjectName("backups")
        self.setWindowTitle("Restore a backup")
        self.resize(520, 420)
        trouble = named(QLabel(why), "backups.why", why or "What happened")
        trouble.setProperty("role", "danger")
        trouble.setVisible(bool(why))
        teach = QLabel(_TEACH)
        teach.setProperty("role", "caption")
        self._list = _listed(backups)
        buttons, role = QDialogButtonBox(), QDialogButtonBox.ButtonRole
        buttons.setObjectName("backups.buttons")
        restore = named(buttons.addButton("Restore", role.ActionRole), "backups.restore", "Restore")
        copy = named(buttons.addButton("Open as a copy…", role.ActionRole), "backups.copy", "Open as a copy")
        leave = named(buttons.addButton("Leave", role.RejectRole), "backups.leave", "Leave")
        leave.setAutoDefault(False)
        restore.setProperty("primary", True)
        restore.setEnabled(bool(backups) and writable)
        copy.setEnabled(bool(backups))
        restore.clicked.connect(lambda: self._choose(self.restore_wanted.emit))
        copy.clicked.connect(lambda: self._choose(self.copy_wanted.emit))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(8)
        for label in (trouble, teach):
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addWidget(self._list if backups else Empty("backups.empty", _NONE), 1)
        layout.addWidget(buttons)

    def _choose(self, tell: Callable[[str], object]) -> None:
        chosen = self._list.currentItem()
        if chosen is not None:
            self.accept()
            tell(str(chosen.data(0, _PATH)))


def _listed(backups: Sequence[Kept]) -> QTreeWidget:
    view = named(QTreeWidget(), "backups.list", "Backups")
    view.setHeaderLabels(["Made", "Size"])
    view.setRootIsDecorated(False)
    view.setColumnWidth(0, 330)
    for one in backups:
        made = QDateTime.fromSecsSinceEpoch(round(one.made.timestamp()))
        words = QLocale().toString(made, QLocale.FormatType.LongFormat)
        row = QTreeWidgetItem(view, [words, QLocale().formattedDataSize(one.size, 0)])
        row.setData(0, _PATH, one.path)
    view.setCurrentIndex(view.model().index(0, 0))
    return view
