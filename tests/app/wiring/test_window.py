"""Keys that move between panels, on the real window."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.wiring.window import connect_moving
from tests.app.wiring.desk_room import Room
from widgets.media_list import MediaList
from widgets.naming import named


def test_the_next_panel_is_one_that_takes_keys(room: Room, qtbot: QtBot) -> None:
    panel = QWidget()
    named(QLineEdit(panel), "words", "Words")
    room.window.place("media", "Media", panel, Qt.DockWidgetArea.LeftDockWidgetArea)
    for dock in room.window.docks.values():
        dock.show()
    connect_moving(room.board, room.window, room.session, MediaList())
    room.window.activateWindow()
    qtbot.waitUntil(room.window.isActiveWindow)

    def walk() -> list[str]:
        names = []
        for _ in range(3):
            room.board.run("go.panel")
            focus = QApplication.focusWidget()
            names.append(focus.objectName() if focus else "")
        return names

    room.show("clip.mp4")
    room.canvas.setFocus()
    assert walk() == ["timeline", "words", "canvas"]
    room.show("tone.wav")
    room.timeline.setFocus()
    assert walk() == ["words", "timeline", "words"]


def test_a_panel_behind_another_is_passed_over(room: Room, qtbot: QtBot) -> None:
    for name, tabbed in (("annotations", ""), ("training", "annotations")):
        panel = QWidget()
        named(QLineEdit(panel), name, name)
        room.window.place(name, name, panel, Qt.DockWidgetArea.RightDockWidgetArea, tabbed=tabbed)
    connect_moving(room.board, room.window, room.session, MediaList())
    room.show("green.png")
    room.window.docks["training"].raise_()
    qtbot.waitUntil(lambda: room.window.docks["annotations"].x() < 0)
    room.window.activateWindow()
    qtbot.waitUntil(room.window.isActiveWindow)
    room.canvas.setFocus()
    for name in ("training", "canvas"):
        room.board.run("go.panel")
        focus = QApplication.focusWidget()
        assert focus is not None
        assert focus.objectName() == name


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_what_the_keys_are_to_go_to_is_shown_first(room: Room, qtbot: QtBot) -> None:
    media = MediaList()
    room.window.place("media", "Media", media, Qt.DockWidgetArea.LeftDockWidgetArea)
    connect_moving(room.board, room.window, room.session, media)
    room.show("clip.mp4")
    room.window.activateWindow()
    qtbot.waitUntil(room.window.isActiveWindow)
    for verb, name in (("go.search", "media"), ("media.go_to", "time"), ("timeline.draw", "time")):
        room.window.docks[name].hide()
        room.board.run(verb)
        assert room.window.docks[name].isVisible()
    room.board.run("go.search")
    assert media.search.hasFocus()
