from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QTreeWidget
from pytestqt.qtbot import QtBot

from app.actions.keymap import MENU_KEYS, conflicts
from widgets.dialogs.shortcuts import Shortcut, ShortcutEditor

ROWS = (
    Shortcut("draw.split", "Split", "Draw", ("C",)),
    *(Shortcut(id_, id_, "", keys, fixed=True) for id_, keys in MENU_KEYS.items()),
)


def test_a_key_that_opens_a_menu_is_told_and_cannot_be_kept(qtbot: QtBot) -> None:
    dialog = ShortcutEditor(ROWS, conflicts)
    qtbot.addWidget(dialog)
    keep, warning = dialog.findChild(QPushButton, "shortcuts.keep"), dialog.findChild(QLabel, "shortcuts.warning")
    dialog.set_keys("draw.split", ("Alt+D",))
    assert (keep.isEnabled(), warning.text()) == (False, "Alt+D is claimed by menu.draw and Split.")
    dialog.set_keys("draw.split", ("Alt+M",))
    assert keep.isEnabled()


def test_the_key_of_a_menu_cannot_be_changed(qtbot: QtBot) -> None:
    dialog = ShortcutEditor(ROWS, conflicts)
    qtbot.addWidget(dialog)
    tree, clear = dialog.findChild(QTreeWidget), dialog.findChild(QPushButton, "shortcuts.clear")
    for words, changeable in (("Split", True), ("menu.go", False)):
        (item,) = tree.findItems(words, Qt.MatchFlag.MatchContains)
        tree.setCurrentItem(item)
        assert clear.isEnabled() is changeable
    dialog.set_keys("menu.go", ())
    (item,) = tree.findItems("menu.go", Qt.MatchFlag.MatchContains)
    assert item.text(1) == "Alt+G"
