from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.geometry import Box, Geometry, Key, Track
from widgets.canvas import shaping
from widgets.canvas.tools import Tool
from widgets.canvas.view import CanvasView

LEFT = Qt.MouseButton.LeftButton
PLAIN = Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
SOURCE = Provenance(Origin.MODEL, "model", "2026-01-01T00:00:00Z")


def said(id_: str, geometry: Geometry, review: Review = Review.PREDICTED, *, locked: bool = False) -> Annotation:
    return Annotation(id_, "item", "kite", geometry, review, SOURCE, score=0.5, locked=locked)


@pytest.fixture
def canvas(qtbot: QtBot) -> CanvasView:
    """400 x 300 picture, shown 1:1 with its corner at (0, 0)."""
    view = CanvasView()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show_image(np.full((300, 400, 4), 90, np.uint8))
    view.show()
    view.actual_size()
    assert view.looking.to_widget((0, 0)) == pytest.approx((0, 0))
    return view


@pytest.fixture
def told(canvas: CanvasView) -> list[tuple[str, object, object]]:
    """Everything the canvas said, in order."""
    heard: list[tuple[str, object, object]] = []
    canvas.box_drawn.connect(lambda box: heard.append(("drawn", "", box)))
    canvas.box_reshaped.connect(lambda id_, box: heard.append(("reshaped", id_, box)))
    canvas.region_marked.connect(lambda box: heard.append(("region", "", box)))
    canvas.annotation_selected.connect(lambda id_: heard.append(("selected", id_, None)))
    canvas.refused.connect(lambda why: heard.append(("refused", "", why)))
    return heard


def drag(canvas: CanvasView, start: tuple[int, int], end: tuple[int, int], keys: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.mousePress(canvas, LEFT, keys, QPoint(*start))
    QTest.mouseMove(canvas, QPoint((start[0] + end[0]) // 2, (start[1] + end[1]) // 2))
    QTest.mouseMove(canvas, QPoint(*end))
    QTest.mouseRelease(canvas, LEFT, keys, QPoint(*end))


def click(canvas: CanvasView, at: tuple[int, int], keys: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.mouseClick(canvas, LEFT, keys, QPoint(*at))


def test_a_box_is_drawn_and_the_tool_put_away(canvas: CanvasView, told: list) -> None:
    canvas.set_tool(Tool.BOX)
    drag(canvas, (200, 150), (50, 40))
    assert told == [("drawn", "", Box(50, 40, 200, 150))]
    assert canvas.tool is Tool.SELECT


def test_a_sticky_tool_draws_again(canvas: CanvasView, told: list) -> None:
    canvas.set_tool(Tool.BOX, sticky=True)
    drag(canvas, (10, 10), (50, 40))
    drag(canvas, (110, 10), (150, 40))
    assert [one[2] for one in told] == [Box(10, 10, 50, 40), Box(110, 10, 150, 40)]


def test_a_sticky_tool_keeps_its_cursor_over_what_is_drawn(canvas: CanvasView) -> None:
    canvas.show_annotations([said("a", Box(30, 30, 90, 90))], {}, 0)
    canvas.set_tool(Tool.BOX, sticky=True)
    drag(canvas, (10, 10), (50, 40))
    QTest.mouseMove(canvas, QPoint(60, 60))
    assert canvas.cursor().shape() is Qt.CursorShape.CrossCursor
    canvas.set_tool(Tool.SELECT)
    QTest.mouseMove(canvas, QPoint(90, 90))
    assert canvas.cursor().shape() is Qt.CursorShape.SizeFDiagCursor


def test_a_region_is_marked_for_the_question(canvas: CanvasView, told: list) -> None:
    canvas.set_tool(Tool.REGION)
    drag(canvas, (10, 20), (60, 80))
    assert told == [("region", "", Box(10, 20, 60, 80))]


def test_four_clicks_on_extreme_points_draw(canvas: CanvasView, told: list) -> None:
    canvas.set_tool(Tool.EXTREME)
    for at in ((100, 20), (40, 90), (120, 200), (250, 60)):
        click(canvas, at)
    assert told == [("drawn", "", Box(40, 20, 250, 200))]


def test_a_flat_box_is_refused_in_words(canvas: CanvasView, told: list) -> None:
    canvas.set_tool(Tool.BOX)
    drag(canvas, (10, 20), (60, 20))
    assert [one[0] for one in told] == ["refused"]


def test_a_drag_moves_a_box_and_says_so_once(canvas: CanvasView, told: list) -> None:
    canvas.show_annotations([said("a", Box(100, 100, 200, 180))], {}, 0)
    drag(canvas, (150, 140), (170, 130))
    assert told == [("selected", "a", None), ("reshaped", "a", Box(120, 90, 220, 170))]


def test_a_corner_is_dragged_without_selecting_first(canvas: CanvasView, told: list) -> None:
    canvas.show_annotations([said("a", Box(100, 100, 200, 180))], {}, 0)
    drag(canvas, (200, 180), (230, 200))
    assert told[-1] == ("reshaped", "a", Box(100, 100, 230, 200))


def test_an_edge_jumps_to_a_control_click(canvas: CanvasView, told: list) -> None:
    canvas.show_annotations([said("a", Box(100, 100, 200, 180))], {}, 0)
    canvas.select("a")
    click(canvas, (260, 150), CTRL)
    assert told == [("reshaped", "a", Box(100, 100, 260, 180))]


def test_clicking_again_goes_through_what_lies_below(canvas: CanvasView, told: list) -> None:
    nested = [said("big", Box(50, 50, 350, 250)), said("small", Box(150, 120, 250, 180))]
    canvas.show_annotations(nested, {}, 0)
    for _ in range(3):
        click(canvas, (200, 150))
    assert [one[1] for one in told] == ["small", "big", "small"]


def test_a_click_beside_everything_deselects(canvas: CanvasView, told: list) -> None:
    canvas.show_annotations([said("a", Box(100, 100, 200, 180))], {}, 0)
    canvas.select("a")
    click(canvas, (10, 10))
    assert told == [("selected", "", None)]


def test_a_drag_beside_everything_pans(canvas: CanvasView, told: list) -> None:
    canvas.zoom_by(2.0, (0, 0))
    drag(canvas, (300, 250), (260, 230))
    assert canvas.looking.to_widget((0, 0)) == pytest.approx((-40, -20))
    assert told == []


def test_rejected_boxes_are_out_of_sight_and_reach_until_asked_for(canvas: CanvasView, told: list) -> None:
    canvas.show_annotations([said("a", Box(100, 100, 200, 180), Review.REJECTED)], {}, 0)
    click(canvas, (150, 140))
    canvas.show_rejected(True)
    click(canvas, (150, 140))
    assert told == [("selected", "a", None)]


def test_a_locked_box_is_selected_but_not_moved(canvas: CanvasView, told: list) -> None:
    canvas.show_annotations([said("a", Box(100, 100, 200, 180), locked=True)], {}, 0)
    drag(canvas, (150, 140), (190, 160))
    assert told == [("selected", "a", None)]
    canvas.nudge(1, 0)
    assert told[-1][0] == "refused"


def test_nudges_are_one_step_when_they_rest(canvas: CanvasView, told: list, qtbot: QtBot) -> None:
    canvas.show_annotations([said("a", Box(100, 100, 200, 180))], {}, 0)
    canvas.select("a")
    with qtbot.waitSignal(canvas.box_reshaped, timeout=3000):
        for _ in range(3):
            canvas.nudge(1, 0)
        canvas.nudge(0, 10, shaping.BOTTOM)
    assert told == [("reshaped", "a", Box(103, 100, 203, 190))]


def test_choosing_another_box_hands_over_the_nudges_first(canvas: CanvasView, told: list) -> None:
    canvas.show_annotations([said("a", Box(100, 100, 200, 180)), said("b", Box(0, 0, 20, 20))], {}, 0)
    canvas.select("a")
    canvas.nudge(-1, 0, shaping.LEFT)
    canvas.select("b")
    assert told == [("reshaped", "a", Box(99, 100, 200, 180))]


def test_cancel_puts_a_nudged_box_back(canvas: CanvasView, told: list) -> None:
    canvas.show_annotations([said("a", Box(100, 100, 200, 180))], {}, 0)
    canvas.select("a")
    canvas.nudge(5, 0)
    canvas.cancel()
    drag(canvas, (150, 140), (160, 140))
    assert told == [("reshaped", "a", Box(110, 100, 210, 180))]


def test_boxes_attract_with_alt(canvas: CanvasView, told: list) -> None:
    canvas.show_annotations([said("a", Box(100, 100, 200, 180)), said("b", Box(250, 20, 300, 60))], {}, 0)
    QTest.mousePress(canvas, LEFT, ALT, QPoint(200, 140))
    QTest.mouseMove(canvas, QPoint(245, 140))
    QTest.mouseRelease(canvas, LEFT, ALT, QPoint(245, 140))
    assert told[-1] == ("reshaped", "a", Box(100, 100, 250, 180))


def wheel(canvas: CanvasView, at: tuple[int, int], turn: QPoint, keys: Qt.KeyboardModifier) -> None:
    where = QPointF(*at)
    buttons, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    canvas.wheelEvent(QWheelEvent(where, where, QPoint(), turn, buttons, keys, phase, False))


def test_the_wheel_zooms_to_the_cursor(canvas: CanvasView) -> None:
    before = canvas.looking.to_picture((300, 200))
    wheel(canvas, (300, 200), QPoint(0, 120), PLAIN)
    assert canvas.zoom == pytest.approx(1.25)
    assert canvas.looking.to_picture((300, 200)) == pytest.approx(before)


@pytest.mark.parametrize(
    ("at", "after"), [((150, 140), Box(97.5, 98, 202.5, 182)), ((230, 140), Box(100, 100, 202, 180))]
)
def test_the_wheel_with_alt_scales_or_moves_an_edge(
    canvas: CanvasView, told: list, at: tuple[int, int], after: Box
) -> None:
    canvas.show_annotations([said("a", Box(100, 100, 200, 180))], {}, 0)
    canvas.select("a")
    wheel(canvas, at, QPoint(120, 0), ALT)
    canvas.settle()
    assert told[-1][2].edges == pytest.approx(after.edges)


def test_a_track_is_reshaped_where_it_is_now(canvas: CanvasView, told: list) -> None:
    track = Track((Key(0, Box(0, 0, 40, 40)), Key(10, Box(100, 100, 140, 140)), Key(20, Box(0, 0, 9, 9), outside=True)))
    canvas.show_annotations([said("t", track)], {}, 0)
    canvas.show_time(5)
    drag(canvas, (70, 70), (80, 70))
    assert told[-1] == ("reshaped", "t", Box(60, 50, 100, 90))
    canvas.show_time(25)
    click(canvas, (5, 5))
    assert canvas.selected == ""


GONE = Track((Key(0, Box(100, 100, 200, 180)), Key(10, Box(100, 100, 200, 180), outside=True)))


@pytest.mark.parametrize("why", ["hidden", "rejected", "gone"])
def test_what_is_out_of_sight_is_not_changed(canvas: CanvasView, told: list, why: str) -> None:
    review = Review.REJECTED if why == "rejected" else Review.ACCEPTED
    canvas.show_annotations([said("a", GONE if why == "gone" else Box(100, 100, 200, 180), review)], {}, 20)
    canvas.hide_annotations(frozenset("a" if why == "hidden" else ""))
    canvas.select("a")
    assert not canvas.nudge(5, 0)
    wheel(canvas, (150, 140), QPoint(120, 0), ALT)
    canvas.settle()
    click(canvas, (260, 150), CTRL)
    assert told == [("selected", "", None)]


def test_the_look_of_each_state_differs(canvas: CanvasView) -> None:
    looks = set()
    for review in Review:
        canvas.show_annotations([said("a", Box(100, 100, 200, 180), review)], {}, 0)
        image = canvas.grab().toImage()
        looks.add(bytes(image.constBits()))
    assert len(looks) == len(Review) - 1  # accepted and drawn by hand look alike


def test_label_colours_are_the_data_s_own(canvas: CanvasView, pixel: Callable[[CanvasView, int, int], str]) -> None:
    labelled = Annotation("a", "item", "", Box(100, 100, 200, 180), Review.ACCEPTED, SOURCE, label="l")
    canvas.show_annotations([labelled], {"l": Label("l", "kite", 5)}, 0)
    assert pixel(canvas, 150, 180) == "#d55e00"


@pytest.fixture
def pixel() -> Callable[[CanvasView, int, int], str]:
    return lambda view, x, y: view.grab().toImage().pixelColor(x, y).name()


def test_pixels_are_shown_as_they_are_from_400_percent_on(canvas: CanvasView) -> None:
    board = np.zeros((4, 4, 4), np.uint8)
    board[::2, ::2] = board[1::2, 1::2] = 255
    canvas.show_image(board)
    canvas.fit()
    image = canvas.grab().toImage()
    shades = {image.pixelColor(x, y).name() for x in range(100, 300, 7) for y in range(50, 250, 7)}
    assert shades == {"#000000", "#ffffff"}


def test_a_preview_lies_where_the_picture_will(canvas: CanvasView) -> None:
    canvas.show_image(np.full((3, 4, 4), 200, np.uint8), (400, 300))
    assert canvas.picture_size == (400, 300)
    assert canvas.grab().toImage().pixelColor(390, 290).red() == 200


def crowd() -> list[Annotation]:
    return [said(str(n), Box(8 * n, 5 * n, 8 * n + 60, 5 * n + 40)) for n in range(30)]


def test_a_box_on_its_way_looks_as_if_everything_were_painted_anew(canvas: CanvasView) -> None:
    canvas.show_annotations(crowd(), {}, 0)
    canvas.show_region(Box(50, 50, 300, 250))
    QTest.mousePress(canvas, LEFT, PLAIN, QPoint(20, 20))
    for at in (QPoint(60, 40), QPoint(150, 90), QPoint(120, 160)):
        QTest.mouseMove(canvas, at)
        stepwise = canvas.grab().toImage()
        canvas._backdrop.forget()
        assert stepwise == canvas.grab().toImage()
    moved = canvas.grab().toImage()
    canvas.show_image(np.full((300, 400, 4), 30, np.uint8))
    assert canvas.grab().toImage() != moved
    QTest.mouseRelease(canvas, LEFT, PLAIN, QPoint(120, 160))


def test_while_a_box_moves_the_others_are_painted_once(canvas: CanvasView, monkeypatch: pytest.MonkeyPatch) -> None:
    canvas.show_annotations(crowd(), {}, 0)
    painted = []
    draw = canvas._overlay.draw
    monkeypatch.setattr(canvas._overlay, "draw", lambda *args, **more: (painted.append(1), draw(*args, **more)))
    QTest.mousePress(canvas, LEFT, PLAIN, QPoint(20, 20))
    painted.clear()
    for step in range(10):
        QTest.mouseMove(canvas, QPoint(30 + 5 * step, 30))
        canvas.repaint()
    assert len(painted) == 1
    QTest.mouseRelease(canvas, LEFT, PLAIN, QPoint(80, 30))
    canvas.repaint()
    assert len(painted) == 2


def test_doubt_is_shown_where_one_looks(canvas: CanvasView, told: list) -> None:
    canvas.show_annotations([said("a", Box(100, 100, 200, 200))], {}, 0)
    canvas.show_doubt({"a": (30, 30, 30, 30)})
    beside, apart = QPoint(80, 150), QPoint(20, 20)
    plain = canvas.grab().toImage().pixelColor(beside)
    canvas.select("a")
    picture = canvas.grab().toImage()
    assert picture.pixelColor(beside) != plain
    assert picture.pixelColor(apart) == plain
    canvas.select("")
    assert canvas.grab().toImage().pixelColor(beside) == plain
