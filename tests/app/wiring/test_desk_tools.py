"""One tool is in hand, for the picture or for time."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from engine.domain.geometry import Box, Segment
from tests.app.wiring.desk_room import Room


def tools(room: Room) -> tuple[str, str]:
    return room.canvas.tool.value, room.timeline.tool.value


def test_a_tool_puts_away_the_one_before(room: Room) -> None:
    room.show("clip.mp4")
    for verb, after in (
        ("canvas.draw", ("box", "select")),
        ("timeline.draw", ("select", "draw")),
        ("canvas.extreme", ("extreme", "select")),
        ("timeline.moment", ("select", "moment")),
        ("canvas.select", ("select", "select")),
    ):
        room.board.run(verb)
        assert tools(room) == after


@pytest.mark.parametrize("verb", ["canvas.draw", "timeline.draw"])
@pytest.mark.parametrize("focus", ["canvas", "timeline"])
def test_escape_gives_up_the_tool_wherever_the_focus_is(room: Room, verb: str, focus: str) -> None:
    one = room.put(room.show("clip.mp4"), Segment(0, 1000))
    room.session.select(one.id)
    room.board.run(verb)
    QTest.keyClick(getattr(room, focus), Qt.Key.Key_Escape)
    assert tools(room) == ("select", "select")
    assert room.session.selected == one
    QTest.keyClick(getattr(room, focus), Qt.Key.Key_Escape)
    assert room.session.selected is None


@pytest.mark.parametrize(("name", "drawn"), [("green.png", True), ("clip.mp4", True), ("tone.wav", False)])
def test_boxes_are_drawn_and_hidden_where_there_is_something_to_see(room: Room, name: str, *, drawn: bool) -> None:
    item = room.show(name)
    for verb in ("canvas.draw", "canvas.draw_many", "canvas.extreme", "canvas.region"):
        assert room.board.action(verb).isEnabled() == drawn
    room.session.select(room.put(item, Box(5, 5, 30, 30) if drawn else Segment(0, 800)).id)
    assert room.board.action("canvas.hide").isEnabled() == drawn
