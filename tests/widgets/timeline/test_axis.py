import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.media import Clock
from widgets.timeline.axis import Axis, decimals, fitted, following, limited, panned, spanning, tick_step, ticks, zoomed

CLOCK = Clock(1, 1000, 500, 7_200_000)


@given(st.floats(0, 1e6), st.floats(0.01, 1e4), st.floats(0, 2000), st.floats(0.1, 10))
def test_the_instant_under_the_cursor_stays_when_zooming(left: float, scale: float, x: float, factor: float) -> None:
    axis = Axis(left, scale)
    assert zoomed(axis, x, factor).to_x(axis.to_pts(x)) == pytest.approx(x, abs=1e-3)


def test_the_whole_item_fits() -> None:
    axis = fitted(CLOCK, 1000)
    assert (axis.to_x(500), axis.to_x(7_200_500)) == (0, 1000)


def test_the_axis_goes_from_the_whole_item_to_single_frames() -> None:
    out = limited(zoomed(fitted(CLOCK, 1000), 500, 1e-6), CLOCK, 1000, 40)
    assert out == fitted(CLOCK, 1000)
    close = limited(zoomed(out, 500, 1e9), CLOCK, 1000, 40)
    assert 40 / close.scale == pytest.approx(240)


def test_panning_ends_at_the_ends_of_the_item() -> None:
    axis = limited(panned(Axis(600_000, 100), 1e9), CLOCK, 1000, 40)
    assert axis.left == 500
    axis = limited(panned(Axis(600_000, 100), -1e9), CLOCK, 1000, 40)
    assert axis.to_pts(1000) == pytest.approx(7_200_500)


def test_a_stretch_is_brought_to_the_middle() -> None:
    axis = spanning(1000, 2000, 1000, share=0.5)
    assert (axis.to_x(1000), axis.to_x(2000)) == (250, 750)


def test_the_view_turns_over_when_the_playhead_runs_out() -> None:
    axis = Axis(0, 10)
    assert following(axis, 5000, 1000) is axis
    assert following(axis, 10_500, 1000).to_x(10_500) == 50


@given(st.floats(1e-5, 1e3))
def test_ticks_have_room_for_their_names_and_are_round(seconds_per_pixel: float) -> None:
    step = tick_step(seconds_per_pixel)
    assert step / seconds_per_pixel >= 84 or step == pytest.approx(84 * seconds_per_pixel)
    assert round(step, decimals(step)) == pytest.approx(step)


def test_ticks_stand_at_their_times() -> None:
    named = [tick for tick in ticks(Axis(500, 10), CLOCK, 1000) if tick.seconds is not None]
    assert [(tick.x, tick.seconds) for tick in named[:3]] == [(0, 0), (100, 1), (200, 2)]
    assert len(ticks(Axis(500, 10), CLOCK, 1000)) == 5 * (len(named) - 1) + 1
