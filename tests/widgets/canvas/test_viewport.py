import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.canvas.viewport import LARGEST, Viewport, fitted, kept_in_reach, panned, zoomed, zoomed_to

places = st.floats(-2000, 2000)


@given(st.floats(0.01, 50), places, places, places, places, st.floats(0.2, 5))
def test_the_point_under_the_cursor_stays_when_zooming(
    scale: float, left: float, top: float, x: float, y: float, factor: float
) -> None:
    before = Viewport(scale, left, top)
    after = zoomed(before, (x, y), factor)
    assert after.to_widget(before.to_picture((x, y))) == pytest.approx((x, y), abs=1e-5)


@given(st.floats(0.01, 50), places, places, places, places)
def test_positions_go_there_and_back(scale: float, left: float, top: float, x: float, y: float) -> None:
    viewport = Viewport(scale, left, top)
    assert viewport.to_picture(viewport.to_widget((x, y))) == pytest.approx((x, y), abs=1e-6)


def test_fit_shows_the_whole_picture_in_the_middle() -> None:
    viewport = fitted((1016, 616), (2000, 1000))
    assert viewport.scale == 0.5
    assert viewport.to_widget((1000, 500)) == (508, 308)


def test_zoom_ends_somewhere() -> None:
    assert zoomed(Viewport(), (0, 0), 1e9).scale == LARGEST


def test_a_picture_cannot_be_lost_out_of_sight() -> None:
    lost = panned(Viewport(1.0), 9999, -9999)
    kept = kept_in_reach(lost, (800, 600), (400, 300))
    assert (kept.left, kept.top) == (752, -252)


def test_a_box_is_brought_to_the_middle() -> None:
    viewport = zoomed_to((800, 600), (100, 100, 200, 150), share=0.5)
    assert viewport.scale == 4.0
    assert viewport.to_widget((150, 125)) == (400, 300)
