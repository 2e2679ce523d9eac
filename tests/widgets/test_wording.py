import pytest

from engine.domain.geometry import Absent, Box, Geometry, Key, Segment, Track, WholeItem
from engine.domain.media import Clock
from widgets.wording import where

CLOCK = Clock(1, 1000, 500, 10_000)


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (Box(1, 2, 30.4, 40), "1, 2  29 × 38"),
        (Segment(500, 2000), "0:00.000 – 0:01.500"),
        (Track((Key(1500, Box(0, 0, 1, 1)),)), "0:01.000 – 0:01.000 · 1 key"),
        (WholeItem(), "whole item"),
        (Absent(), "not there"),
    ],
)
def test_places(geometry: Geometry, words: str) -> None:
    assert where(geometry, CLOCK) == words
