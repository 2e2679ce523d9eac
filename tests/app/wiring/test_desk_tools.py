"""One tool is in hand, for the picture or for time."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from engine.domain.geometry import Segment
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
