import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from widgets.search_field import HINTS, SearchField


def shown(qtbot: QtBot) -> SearchField:
    field = SearchField("search", "Search things", "Search")
    qtbot.addWidget(field)
    field.offer(["label:red kite", "label:dog"])
    field.show()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    return field


def choose(field: SearchField, qtbot: QtBot) -> None:
    qtbot.waitUntil(field._popup.isVisible)
    qtbot.keyClick(field._popup, Qt.Key.Key_Down)
    qtbot.keyClick(field._popup, Qt.Key.Key_Return)


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_keys_and_then_their_values_are_completed(qtbot: QtBot) -> None:
    field = shown(qtbot)
    qtbot.keyClicks(field, "sky la")
    choose(field, qtbot)
    assert field.text() == "sky label:"
    qtbot.keyClicks(field, "r")
    choose(field, qtbot)
    assert field.text() == 'sky label:"red kite" '


def test_every_key_is_explained(qtbot: QtBot) -> None:
    field = shown(qtbot)
    assert all(key in field.toolTip() and key in field.accessibleDescription() for key in HINTS)


def test_plain_words_are_left_alone(qtbot: QtBot) -> None:
    field = shown(qtbot)
    qtbot.keyClicks(field, "kite")
    assert not field._popup.isVisible()
    assert field.text() == "kite"
