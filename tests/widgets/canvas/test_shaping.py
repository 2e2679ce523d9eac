import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.geometry import Box
from widgets.canvas.shaping import (
    BODY,
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Frame,
    around,
    between,
    dragged,
    grown,
    jumped,
    nearest_edge,
    point_in,
    scaled,
)

FRAME = Frame(200, 100)
BOX = Box(50, 20, 90, 60)
steps = st.floats(-500, 500)


@pytest.mark.parametrize("grip", [LEFT, TOP, RIGHT, BOTTOM, LEFT | TOP, RIGHT | BOTTOM, BODY])
@given(dx=steps, dy=steps)
def test_no_drag_makes_an_improper_box(grip: int, dx: float, dy: float) -> None:
    box = dragged(BOX, grip, dx, dy, FRAME)
    assert box is None or (0 <= box.x0 < box.x1 <= 200 and 0 <= box.y0 < box.y1 <= 100)


@given(steps, steps)
def test_a_moved_box_keeps_its_size_and_slides_along_the_border(dx: float, dy: float) -> None:
    box = dragged(BOX, BODY, dx, dy, FRAME)
    assert box is not None
    assert (box.width, box.height) == (pytest.approx(40), pytest.approx(40))
    assert min(box.x0, box.y0, 200 - box.x1, 100 - box.y1) >= -1e-9


def test_an_edge_alone_follows() -> None:
    assert dragged(BOX, RIGHT, 7.5, 99, FRAME) == Box(50, 20, 97.5, 60)
    assert dragged(BOX, TOP, 99, -5, FRAME) == Box(50, 15, 90, 60)


def test_a_vertex_takes_two_edges() -> None:
    assert dragged(BOX, LEFT | BOTTOM, 5, 5, FRAME) == Box(55, 20, 90, 65)


def test_an_edge_dragged_over_the_other_swaps() -> None:
    assert dragged(BOX, LEFT, 60, 0, FRAME) == Box(90, 20, 110, 60)


def test_a_box_without_area_is_refused() -> None:
    assert dragged(BOX, LEFT, 40, 0, FRAME) is None
    assert between((10, 10), (10, 30), FRAME) is None
    assert around(((1, 1), (5, 1), (3, 1), (2, 1)), FRAME) is None


def test_corners_come_in_any_order() -> None:
    assert between((80, 70), (10, 20), FRAME) == Box(10, 20, 80, 70)


def test_extreme_points_come_in_any_order() -> None:
    assert around(((50, 10), (20, 40), (60, 80), (90, 30)), FRAME) == Box(20, 10, 90, 80)


def test_a_box_may_leave_the_picture_when_that_is_allowed() -> None:
    free = Frame(200, 100, inside=False)
    assert dragged(BOX, BODY, -80, 0, free) == Box(-30, 20, 10, 60)
    assert dragged(BOX, BODY, -80, 0, FRAME) == Box(0, 20, 40, 60)


@pytest.mark.parametrize(
    ("at", "edge"),
    [
        ((95, 40), RIGHT),
        ((85, 40), RIGHT),
        ((52, 40), LEFT),
        ((70, 10), TOP),
        ((70, 58), BOTTOM),
        ((100, 62), RIGHT),
        ((92, 90), BOTTOM),
    ],
)
def test_the_nearest_edge_is_the_one_meant(at: tuple[float, float], edge: int) -> None:
    assert nearest_edge(BOX, at) == edge


def test_the_nearest_edge_jumps_to_the_click_and_no_other_moves() -> None:
    assert jumped(BOX, (103.25, 33), FRAME) == Box(50, 20, 103.25, 60)
    assert jumped(BOX, (300, 33), FRAME) == Box(50, 20, 200, 60)


def test_lines_in_reach_attract() -> None:
    frame = Frame(200, 100, xs=(0, 100, 200), ys=(0, 30, 100), reach=4)
    assert point_in(frame, (97, 50)) == (100, 50)
    assert dragged(BOX, RIGHT, 8, 0, frame) == Box(50, 20, 100, 60)
    assert dragged(BOX, BODY, 8, 8, frame) == Box(60, 30, 100, 70)


def test_scaling_keeps_the_middle() -> None:
    assert scaled(BOX, 1.5, FRAME) == Box(40, 10, 100, 70)


def test_an_edge_grows_outwards() -> None:
    assert grown(BOX, LEFT, 2, True, FRAME) == Box(48, 20, 90, 60)
    assert grown(BOX, BOTTOM, 2, True, FRAME) == Box(50, 20, 90, 62)
    assert grown(BOX, BOTTOM, 2, False, FRAME) == Box(50, 20, 90, 58)
