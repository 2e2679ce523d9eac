import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.geometry import Segment
from widgets.timeline.tools import (
    BODY,
    END,
    START,
    Limits,
    Reshaping,
    boundary_to,
    dragged,
    followers,
    nearest_boundary,
    settled,
    stepped,
)

FRAMES = (0, 40, 80, 130, 170, 200)
CLIP = Limits(0, 240, FRAMES)
SOUND = Limits(0, 1000)


def test_instants_fall_on_frames_of_a_clip() -> None:
    assert [settled(pts, CLIP) for pts in (-9, 55, 64, 110, 235, 999)] == [0, 40, 80, 130, 240, 240]


def test_instants_of_a_sound_are_whole_and_inside() -> None:
    assert [settled(pts, SOUND) for pts in (-3, 10.4, 5000)] == [0, 10, 1000]


def test_lines_in_reach_attract() -> None:
    limits = Limits(0, 1000, lines=(100, 300), reach=8)
    assert [settled(pts, limits) for pts in (107, 109, 293)] == [100, 109, 300]


@given(st.integers(0, 5), st.integers(0, 5), st.floats(-500, 500), st.sampled_from([START, END, BODY]))
def test_no_drag_makes_an_improper_segment(a: int, b: int, shift: float, grip: int) -> None:
    if a == b:
        return
    segment = dragged(Segment(FRAMES[min(a, b)], FRAMES[max(a, b)]), grip, shift, CLIP)
    if segment is not None:
        assert 0 <= segment.start < segment.end <= 240
        assert {segment.start, segment.end} <= {*FRAMES, 240}


@given(st.floats(-2000, 2000))
def test_a_moved_segment_of_a_sound_keeps_its_length(shift: float) -> None:
    segment = dragged(Segment(300, 500), BODY, shift, SOUND)
    assert segment is not None
    assert segment.end - segment.start == 200


def test_a_boundary_dragged_over_the_other_swaps() -> None:
    assert dragged(Segment(40, 80), START, 95, CLIP) == Segment(80, 130)
    assert dragged(Segment(40, 80), START, 40, CLIP) is None


def test_a_boundary_goes_to_an_instant_but_not_past_the_other() -> None:
    assert boundary_to(Segment(40, 130), END, 199, CLIP) == Segment(40, 200)
    assert boundary_to(Segment(40, 130), START, 199, CLIP) is None


def test_the_nearest_boundary_is_the_one_meant() -> None:
    assert nearest_boundary(Segment(40, 130), 60) == START
    assert nearest_boundary(Segment(40, 130), 400) == END


@pytest.mark.parametrize(
    ("pts", "steps", "after"), [(40, 1, 80), (40, -1, 0), (55, 1, 80), (55, -1, 40), (200, 1, 240), (0, -3, 0)]
)
def test_steps_go_from_frame_to_frame(pts: int, steps: int, after: int) -> None:
    assert stepped(pts, steps, CLIP, 40) == after


def test_steps_of_a_sound_have_a_unit() -> None:
    assert stepped(100, -3, SOUND, 10) == 70


def test_a_shared_boundary_moves_on_both_sides() -> None:
    state = Reshaping("a", Segment(0, 40), END, 40, Segment(0, 80), partners=(("b", Segment(40, 130)),))
    assert followers(state) == [("b", Segment(80, 130))]
