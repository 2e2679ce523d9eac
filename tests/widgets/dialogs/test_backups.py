from datetime import UTC, datetime

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QLabel, QPushButton, QTreeWidget
from pytestqt.qtbot import QtBot

from widgets.dialogs.backups import BackupsDialog, Kept

BACKUPS = (
    Kept("/p/backups/000002-b.db", datetime(2026, 5, 2, 12, tzinfo=UTC), 2_000_000),
    Kept("/p/backups/000001-a.db", datetime(2026, 5, 1, 12, tzinfo=UTC), 1_000),
)


def button(dialog: BackupsDialog, name: str) -> QPushButton:
    found = dialog.findChild(QPushButton, f"backups.{name}")
    assert isinstance(found, QPushButton)
    return found


def test_time_and_size_are_shown_and_the_newest_is_chosen(qtbot: QtBot) -> None:
    dialog = BackupsDialog(BACKUPS, "", writable=True)
    qtbot.addWidget(dialog)
    view = dialog.findChild(QTreeWidget)
    assert isinstance(view, QTreeWidget)
    rows = [view.topLevelItem(at) for at in range(view.topLevelItemCount())]
    assert ["2026" in row.text(0) for row in rows if row] == [True, True]
    assert [row.text(1) for row in rows if row] == [QLocale().formattedDataSize(one.size, 0) for one in BACKUPS]
    with qtbot.waitSignal(dialog.restore_wanted) as wanted:
        button(dialog, "restore").click()
    assert wanted.args == [BACKUPS[0].path]


def test_the_chosen_one_is_opened_as_a_copy(qtbot: QtBot) -> None:
    dialog = BackupsDialog(BACKUPS, "The file is cut short.", writable=False)
    qtbot.addWidget(dialog)
    why = dialog.findChild(QLabel, "backups.why")
    assert isinstance(why, QLabel)
    assert why.text() == "The file is cut short."
    assert not button(dialog, "restore").isEnabled()
    view = dialog.findChild(QTreeWidget)
    assert isinstance(view, QTreeWidget)
    view.setCurrentIndex(view.model().index(1, 0))
    with qtbot.waitSignal(dialog.copy_wanted) as wanted:
        button(dialog, "copy").click()
    assert wanted.args == [BACKUPS[1].path]


def test_without_backups_it_says_when_one_is_made(qtbot: QtBot) -> None:
    dialog = BackupsDialog((), "", writable=True)
    qtbot.addWidget(dialog)
    assert "every hour" in dialog.findChildren(QLabel, "backups.empty.words")[0].text()
    assert not button(dialog, "restore").isEnabled()
    assert not button(dialog, "copy").isEnabled()
