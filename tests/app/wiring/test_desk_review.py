"""One gesture repairs, and the next that waits comes up."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine import edits
from engine.domain.geometry import Box, Segment
from tests.app.wiring.desk_room import LEFT, Room
from widgets.timeline import style

CTRL = Qt.KeyboardModifier.ControlModifier
BOX = Box(20, 30, 120, 90)


def test_an_edge_put_right_goes_on_only_where_that_was_the_verdict(hands: Room, qtbot: QtBot) -> None:
    elsewhere = hands.put(hands.show("red.png"), BOX)
    item = hands.show("green.png")
    one = hands.put(item, BOX)
    qtbot.waitUntil(lambda: hands.canvas.picture_size == (200, 150))
    hands.session.apply(edits.accept(one))
    hands.session.select(one.id)
    for x in (140, 150):
        QTest.mouseClick(hands.canvas, LEFT, CTRL, hands.at(x, 60))
        assert hands.session.item == item
    waiting = hands.put(item, BOX)
    hands.session.select(waiting.id)
    QTest.mouseClick(hands.canvas, LEFT, CTRL, hands.at(140, 60))
    assert hands.session.selected == elsewhere


def test_a_boundary_of_a_finished_segment_keeps_the_sound(hands: Room) -> None:
    hands.put(hands.show("red.png"), BOX)
    item = hands.show("tone.wav")
    one = hands.put(item, Segment(800, 4000))
    hands.session.apply(edits.accept(one))
    hands.session.select(one.id)
    lane = hands.timeline.bands()[-1]
    at = round(hands.timeline.looking.to_x(4400)) + style.GUTTER
    QTest.mouseClick(hands.timeline, LEFT, CTRL, QPoint(at, lane.top + lane.height // 2))
    assert hands.session.annotations[0].geometry != one.geometry
    assert hands.session.item == item


def test_what_is_undone_and_done_again_was_decided_once(hands: Room) -> None:
    one = hands.put(hands.show("green.png"), BOX)
    hands.session.apply(edits.reshape(one, Box(20, 30, 140, 90)))
    hands.board.run("edit.undo")
    hands.board.run("edit.redo")
    assert hands.verdicts == ["adjust"]
