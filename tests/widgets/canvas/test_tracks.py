import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.geometry import Box, Key, Track
from widgets.canvas.tracks import TrackTable, neighbours

numbers = st.integers(0, 50)
keys = st.lists(
    st.tuples(numbers, numbers, numbers, st.booleans()), min_size=1, max_size=6, unique_by=lambda key: key[0]
)


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    rows = sorted(draw(keys))
    return Track(tuple(Key(pts, Box(x, y, x + 7, y + 9), outside=out) for pts, x, y, out in rows))


@given(st.lists(tracks(), max_size=5), st.integers(-5, 60))
def test_the_table_agrees_with_the_domain(some: list[Track], pts: int) -> None:
    edges, there = TrackTable(some).at(pts)
    for track, row, is_there in zip(some, edges, there, strict=True):
        box = track.box_at(pts)
        assert bool(is_there) == (box is not None)
        if box is not None:
            np.testing.assert_allclose(row, box.edges)


def test_ghosts_are_the_keyframes_before_and_after() -> None:
    a, b, c = (Key(pts, Box(0, 0, 1, 1)) for pts in (0, 10, 20))
    track = Track((a, b, c))
    assert neighbours(track, 10) == (a, c)
    assert neighbours(track, 5) == (a, b)
    assert neighbours(track, 25) == (c, None)
