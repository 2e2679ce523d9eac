from engine.domain.geometry import Box
from widgets.canvas.shaping import BODY, RIGHT, Frame
from widgets.canvas.tools import (
    Clicked,
    Collecting,
    Drawn,
    Idle,
    Refused,
    Reshaped,
    State,
    Stretching,
    Tool,
    draw_press,
    grab,
    jump,
    move,
    preview,
    release,
)

FRAME = Frame(100, 100)
BOX = Box(10, 10, 30, 30)


def _pressed(*points: tuple[float, float], tool: Tool = Tool.BOX) -> tuple[State, object]:
    state: State = Idle()
    outcome: object = None
    for point in points:
        state, outcome = draw_press(tool, state, point, FRAME)
    return state, outcome


def test_a_drag_draws_from_corner_to_corner() -> None:
    state, _ = _pressed((50, 60))
    assert preview(move(state, (20, 10), FRAME, 2), FRAME) == Box(20, 10, 50, 60)
    assert release(state, (20, 10), FRAME, 2) == (Idle(), Drawn(Tool.BOX, Box(20, 10, 50, 60)))


def test_two_clicks_draw_too() -> None:
    state, _ = _pressed((20, 20))
    state, outcome = release(state, (20, 21), FRAME, 2)
    assert (outcome, isinstance(state, Stretching)) == (None, True)
    state, _ = draw_press(Tool.BOX, move(state, (60, 50), FRAME, 2), (60, 50), FRAME)
    assert release(state, (60, 50), FRAME, 2) == (Idle(), Drawn(Tool.BOX, Box(20, 20, 60, 50)))


def test_a_flat_drag_is_refused() -> None:
    state, _ = _pressed((20, 20))
    assert release(state, (60, 20), FRAME, 2) == (Idle(), Refused())


def test_drawing_beyond_the_border_stays_inside() -> None:
    state, _ = _pressed((90, 90), tool=Tool.REGION)
    assert release(state, (400, 300), FRAME, 2)[1] == Drawn(Tool.REGION, Box(90, 90, 100, 100))


def test_four_extreme_points_make_a_box() -> None:
    state, outcome = _pressed((50, 5), (10, 40), (60, 80), (90, 30), tool=Tool.EXTREME)
    assert (state, outcome) == (Idle(), Drawn(Tool.EXTREME, Box(10, 5, 90, 80)))


def test_extreme_points_show_the_box_as_it_grows() -> None:
    state, _ = _pressed((50, 5), (10, 40), tool=Tool.EXTREME)
    assert isinstance(state, Collecting)
    assert preview(move(state, (60, 80), FRAME, 2), FRAME) == Box(10, 5, 60, 80)


def test_a_shaking_click_moves_nothing() -> None:
    state = grab("a", BOX, BODY, (20, 20))
    assert release(state, (21, 21), FRAME, 2) == (Idle(), Clicked("a"))


def test_a_drag_of_the_body_moves() -> None:
    state = move(grab("a", BOX, BODY, (20, 20)), (30, 25), FRAME, 2)
    assert release(state, (40, 30), FRAME, 2) == (Idle(), Reshaped("a", Box(30, 20, 50, 40)))


def test_the_last_shape_with_an_area_is_kept() -> None:
    state = move(grab("a", BOX, RIGHT, (30, 20)), (25, 20), FRAME, 2)
    state = move(state, (10, 20), FRAME, 2)
    assert preview(state, FRAME) == Box(10, 10, 25, 30)


def test_a_jump_needs_no_drag_and_may_go_on_as_one() -> None:
    state = jump("a", BOX, (45, 20), FRAME)
    assert release(state, (45, 20), FRAME, 2) == (Idle(), Reshaped("a", Box(10, 10, 45, 30)))
    assert release(state, (50, 20), FRAME, 2) == (Idle(), Reshaped("a", Box(10, 10, 50, 30)))
