"""Overlap in space and time, and tracks between their keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.geometry import (
    Box,
    Key,
    Segment,
    Track,
    box_iou,
    clipped,
    normalised,
    segment_iou,
)
from engine.domain.media import Clock

COORDINATES = st.floats(0, 4000, width=32)
BOXES = st.builds(lambda a, b, c, d: normalised((a, b), (c, d)), *[COORDINATES] * 4)
SEGMENTS = st.builds(lambda a, b: Segment(min(a, b), max(a, b) + 1), st.integers(0, 10**6), st.integers(0, 10**6))


@given(BOXES, BOXES)
def test_box_overlap_is_symmetric_and_bounded(a: Box, b: Box) -> None:
    assert 0 <= box_iou(a, b) <= 1 + 1e-9
    assert box_iou(a, b) == pytest.approx(box_iou(b, a))


@pytest.mark.parametrize(
    ("a", "b", "iou"),
    [
        (Box(0, 0, 10, 10), Box(0, 0, 10, 10), 1.0),
        (Box(0, 0, 10, 10), Box(5, 0, 15, 10), 1 / 3),
        (Box(0, 0, 10, 10), Box(10, 0, 20, 10), 0.0),
        (Box(0, 0, 10, 10), Box(2, 2, 4, 4), 0.04),
    ],
)
def test_box_overlap(a: Box, b: Box, iou: float) -> None:
    assert box_iou(a, b) == pytest.approx(iou)


@given(SEGMENTS, SEGMENTS)
def test_segment_overlap_is_that_of_sets_of_instants(a: Segment, b: Segment) -> None:
    shared = max(0, min(a.end, b.end) - max(a.start, b.start))
    both = (a.end - a.start) + (b.end - b.start) - shared
    assert segment_iou(a, b) == pytest.approx(shared / both)


@given(BOXES)
def test_a_clipped_box_lies_inside(box: Box) -> None:
    inside = clipped(box, 640, 480)
    if inside is None:
        assert box.x0 >= 640 or box.y0 >= 480 or min(box.width, box.height) == 0
    else:
        assert 0 <= inside.x0 < inside.x1 <= 640
        assert 0 <= inside.y0 < inside.y1 <= 480


def test_a_track_is_linear_between_keys_and_ends_outside() -> None:
    track = Track((Key(10, Box(0, 0, 10, 10)), Key(20, Box(10, 20, 30, 40)), Key(30, Box(0, 0, 1, 1), outside=True)))
    assert track.box_at(9) is None
    assert track.box_at(10) == Box(0, 0, 10, 10)
    assert track.box_at(15) == Box(5, 10, 20, 25)
    assert track.box_at(29) == Box(10, 20, 30, 40)
    assert track.box_at(30) is None


def test_a_clock_turns_seconds_into_stamps_and_back() -> None:
    clock = Clock(1001, 30000, 500, 300)
    for frame in range(300):
        assert clock.pts_at(clock.seconds_at(500 + frame)) == 500 + frame
    assert clock.seconds == pytest.approx(10.01)
