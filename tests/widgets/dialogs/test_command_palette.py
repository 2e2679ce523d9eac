from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListWidget
from pytestqt.qtbot import QtBot

from widgets.dialogs.command_palette import CommandPalette, Entry


def test_what_matches_nothing_is_told_and_chooses_nothing(qtbot: QtBot) -> None:
    palette = CommandPalette([Entry("media.play", "Play or pause", "Media · Space")])
    qtbot.addWidget(palette)
    heard: list[str] = []
    palette.chosen.connect(heard.append)
    field, found = palette.findChild(QLineEdit), palette.findChild(QListWidget)
    QTest.keyClicks(field, "zebra")
    assert [found.item(at).text()[:15] for at in range(found.count())] == ["Nothing matches"]
    found.grab()
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert heard == []
    field.setText("pause")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert heard == ["media.play"]
