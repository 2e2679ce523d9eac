"""What the right button and the menu key offer."""

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from engine.domain.geometry import Box, Segment
from tests.app.wiring.desk_room import Room
from widgets.timeline import style

# The offscreen platform has neither a stack of windows nor a keyboard to grab.
pytestmark = pytest.mark.qt_log_ignore(r"raise\(\)", "grabbing the keyboard", extend=True)

MOUSE, KEYBOARD = QContextMenuEvent.Reason.Mouse, QContextMenuEvent.Reason.Keyboard


def offered(view: QWidget, at: QPoint, reason: QContextMenuEvent.Reason = MOUSE) -> list[str]:
    QApplication.sendEvent(view, QContextMenuEvent(reason, at, view.mapToGlobal(at)))
    menu = view.findChild(QMenu, f"{view.objectName()}.menu")
    ids = [action.objectName() for action in menu.actions()]
    menu.close()
    menu.setObjectName("")
    return ids


def test_a_segment_has_a_menu_and_the_playhead_stays(room: Room, qtbot: QtBot) -> None:
    item, view = room.show("clip.mp4"), room.timeline
    assert item.clock is not None
    at = item.clock.pts_at
    qtbot.waitUntil(lambda: room.desk.player.ready, timeout=20000)
    room.desk.player.seek(at(1.6))
    one = room.put(item, Segment(at(0.4), at(0.8)))
    lane = view.bands()[-1]
    x, y = round(view.looking.to_x(at(0.6))) + style.GUTTER, lane.top + lane.height // 2
    assert "timeline.split" in offered(view, QPoint(x, y))
    assert room.session.selected == one
    assert room.desk.player.position == at(1.6)
    assert "timeline.draw" in offered(view, QPoint(x, 5))
    assert room.session.selected is None


def test_the_menu_key_means_what_is_selected(room: Room, qtbot: QtBot) -> None:
    item = room.show("green.png")
    one, middle = room.put(item, Box(5, 5, 30, 30)), room.put(item, Box(50, 40, 150, 110))
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150))
    room.session.select(one.id)
    assert "edit.remove" in offered(room.canvas, room.at(100, 75), KEYBOARD)
    assert room.session.selected == one
    offered(room.canvas, room.at(100, 75))
    assert room.session.selected == middle
    assert "canvas.draw" in offered(room.canvas, room.at(180, 140))
