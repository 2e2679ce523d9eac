from random import Random

from hypothesis import given
from hypothesis import strategies as st

from engine.domain.geometry import Box, Key, Track, box_iou
from engine.domain.tracks import Tracked, merged, thinned


def path(seed: int) -> list[Tracked]:
    """Up to forty frames of a thing that goes and grows as it likes."""
    chance = Random(seed)
    spots = [(chance.uniform(0, 99), chance.uniform(0, 99)) for _ in range(chance.randint(1, 40))]
    sizes = [(chance.uniform(30, 90), chance.uniform(30, 90)) for _ in spots]
    return [
        Tracked(10 * at, Box(x, y, x + width, y + height))
        for at, ((x, y), (width, height)) in enumerate(zip(spots, sizes, strict=True))
    ]


PATHS = st.integers(0, 1 << 32).map(path)


@given(PATHS, st.floats(0.5, 0.99))
def test_between_the_keyframes_left_every_box_is_nearly_where_it_was(boxes: list[Tracked], floor: float) -> None:
    keys = thinned(boxes, floor)
    track = Track(tuple(keys))
    assert (keys[0].pts, keys[-1].pts) == (boxes[0].pts, boxes[-1].pts)
    for one in boxes:
        there = track.box_at(one.pts)
        assert there is not None
        assert box_iou(there, one.box) >= floor - 1e-9


def test_a_straight_way_needs_two_keyframes_and_a_bend_one_more() -> None:
    straight = [Tracked(at, Box(5 * at, 0, 5 * at + 40, 40)) for at in range(20)]
    bent = [Tracked(at, Box(5 * min(at, 10), 0, 5 * min(at, 10) + 40, 40)) for at in range(20)]
    assert [key.pts for key in thinned(straight)] == [0, 19]
    assert len(thinned(bent)) == 3


@given(PATHS, PATHS, st.integers(-400, 400))
def test_a_merged_track_is_the_upper_one_where_that_is_known(
    under: list[Tracked], over: list[Tracked], shift: int
) -> None:
    lower = Track(tuple(Key(one.pts + shift, one.box) for one in under))
    upper = Track(tuple(Key(one.pts, one.box) for one in over))
    both = merged(lower, upper)
    assert [key.pts for key in both.keys] == sorted({key.pts for key in both.keys})
    assert all(both.box_at(one.pts) == one.box for one in over)
    beyond = [key for key in lower.keys if not over[0].pts <= key.pts <= over[-1].pts]
    assert all(key in both.keys for key in beyond)
