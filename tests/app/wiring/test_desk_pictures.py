"""Pictures on the desk, and what all media have in common."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.actions import ACTIONS
from app.session import Mark
from engine import edits
from engine.domain.annotation import Review
from engine.domain.geometry import Box, Segment
from engine.domain.query import Grounding, ModelRef, Prediction, Query
from tests.app.wiring.desk_room import LEFT, PLAIN, Room, at_picture, shade
from widgets.canvas.tools import Tool
from widgets.picture_strip import PictureStrip


def test_a_picture_is_shown_and_a_box_drawn_on_it_is_in_the_project(room: Room, qtbot: QtBot) -> None:
    room.show("green.png")
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150))
    assert shade(room.canvas) == (10, 200, 30)
    room.canvas.set_tool(Tool.BOX)
    QTest.mousePress(room.canvas, LEFT, PLAIN, room.at(20, 30))
    QTest.mouseRelease(room.canvas, LEFT, PLAIN, room.at(120, 90))
    (drawn,) = room.session.annotations
    assert isinstance(drawn.geometry, Box)
    assert drawn.geometry.edges == pytest.approx((20, 30, 120, 90), abs=0.5)
    assert drawn.review is Review.MISSED
    room.session.undo()
    assert room.session.annotations == ()


def test_a_prediction_moved_by_hand_is_adjusted_and_undo_moves_it_back(room: Room, qtbot: QtBot) -> None:
    one = room.put(room.show("green.png"), Box(20, 30, 120, 90))
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150))
    QTest.mousePress(room.canvas, LEFT, PLAIN, room.at(70, 60))
    QTest.mouseMove(room.canvas, room.at(80, 60))
    QTest.mouseRelease(room.canvas, LEFT, PLAIN, room.at(90, 60))
    assert room.session.selected is not None
    assert room.session.selected.review is Review.ADJUSTED
    room.session.undo()
    assert room.session.annotations == (one,)


def test_a_change_the_project_refuses_is_not_shown(room: Room, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    one = room.put(room.show("green.png"), Box(20, 30, 120, 90))
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150))
    monkeypatch.setattr(room.session, "apply", lambda _edit: False)
    room.session.select(one.id)
    room.canvas.nudge(30, 0)
    room.canvas.settle()
    assert room.canvas._scene.box(0) == Box(20, 30, 120, 90)


def test_the_next_picture_is_another_one(room: Room, qtbot: QtBot) -> None:
    room.show("green.png")
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150))
    room.show("red.png")
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150) and shade(room.canvas) == (200, 10, 30))


def test_pages_and_levels_of_a_deep_picture_are_chosen_above_it(tmp_path: Path, qtbot: QtBot) -> None:
    first, second = np.full((60, 80), 1000, np.uint16), np.full((60, 80), 3000, np.uint16)
    first[:, :40] = 0
    pages = [Image.fromarray(page) for page in (first, second)]
    pages[0].save(tmp_path / "deep.tif", save_all=True, append_images=pages[1:])
    room = Room(tmp_path / "p", qtbot, [tmp_path / "deep.tif"])
    strip = room.window.findChild(PictureStrip)
    room.show("green.png")
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150))
    assert not strip.isVisible()
    room.show("deep.tif")
    qtbot.waitUntil(lambda: room.canvas.picture_size == (80, 60) and strip.isVisible())
    strip.wanted.emit(0, (0.0, 4000.0))
    right = room.canvas.looking
    qtbot.waitUntil(lambda: abs(at_picture(room.canvas, 60, 30) - 64) <= 1, timeout=5000)
    strip.wanted.emit(1, (0.0, 4000.0))
    qtbot.waitUntil(lambda: abs(at_picture(room.canvas, 20, 30) - 191) <= 1, timeout=5000)
    assert room.canvas.looking == right
    room.show("green.png")
    assert not strip.isVisible()
    room.show("deep.tif")
    qtbot.waitUntil(strip.isVisible)
    room.desk.close()
    room.jobs.close()
    room.session.close()


def test_escape_gives_up_the_tool_and_then_the_selection(room: Room, qtbot: QtBot) -> None:
    one = room.put(room.show("green.png"), Box(20, 30, 120, 90))
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150))
    room.session.select(one.id)
    room.canvas.set_tool(Tool.BOX)
    QTest.keyClick(room.canvas, Qt.Key.Key_Escape)
    assert room.canvas.tool is Tool.SELECT
    assert room.session.selected is not None
    QTest.keyClick(room.canvas, Qt.Key.Key_Escape)
    assert room.session.selected is None


def test_what_is_hidden_is_no_longer_in_hand(room: Room, qtbot: QtBot) -> None:
    one = room.put(room.show("green.png"), Box(20, 30, 120, 90))
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150))
    room.session.select(one.id)
    room.board.run("canvas.hide")
    assert room.session.selected is None
    room.session.select(one.id)
    room.board.run("canvas.show_all")
    assert room.session.selected == one


def test_marks_for_the_next_question_go_to_the_session(room: Room) -> None:
    room.show("tone.wav")
    room.timeline.moment_marked.emit(Segment(0, 800))
    assert room.session.mark == Mark(moment=Segment(0, 800))
    room.board.run("draw.unmark")
    assert room.session.mark == Mark()


def test_the_models_doubt_is_shown_for_predictions_that_still_stand(room: Room) -> None:
    item = room.show("green.png")
    query = Query("q", item.id, "where?", "2026-01-01T00:00:00Z")
    box = Box(20, 30, 120, 90)
    said = Prediction("said", "q", item.id, "", (Grounding("thing", box, 0.7, spread=(1, 2, 3, 4)),), ModelRef("m"), "")
    room.session.apply(edits.created("Ask", [query, said]))
    one = room.put(item, box)
    assert room.canvas._doubt == {one.id: (1, 2, 3, 4)}
    room.session.apply(edits.reshape(one, Box(0, 0, 9, 9)))
    assert room.canvas._doubt == {}


def test_every_action_of_canvas_timeline_and_player_does_something(room: Room) -> None:
    mine = {row.id for row in ACTIONS if row.id.split(".")[0] in {"canvas", "timeline", "media", "work", "draw"}}
    assert mine <= room.board.bound
