from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine import propagation
from engine.domain.annotation import Annotation, Origin, Provenance, Review
from engine.domain.geometry import Box, Key, Segment, Track
from engine.domain.tracks import Leg, Tracked
from engine.propagation import Course, Ended, Seen

HUMAN = Provenance(Origin.HUMAN, "ann", "2026-01-01T00:00:00Z")
MODEL = Provenance(Origin.MODEL, "m+tracker", "2026-01-02T00:00:00Z")
FRAMES = list(range(0, 1000, 10))
START = Key(200, Box(0, 0, 20, 20))
SEED = Annotation("S", "I", "kite", Track((START,)), Review.MISSED, HUMAN)
Look = Callable[[Leg, list[int]], Seen]


def driven(look: Look, *, forwards: bool = True, step: int = 100) -> tuple[Course, list[Leg]]:
    """Follow with an eye that sees what `look` says."""
    found, legs = Course(), []
    ahead = propagation.outwards(FRAMES, START.pts, Segment(0, 1000), forwards=forwards)
    way = propagation.course(START, ahead, step, found)

    def seen(leg: Leg) -> Seen:
        legs.append(leg)
        low, high = sorted((leg.start, leg.end))
        return look(leg, [pts for pts in ahead if low <= pts <= high and pts != leg.start])

    propagation.driven(way, seen)
    return found, legs


def surely(frames: Sequence[int], sure: float = 0.9) -> list[Tracked]:
    return [Tracked(pts, Box(pts / 10, 0, pts / 10 + 20, 20), sure) for pts in frames]


@pytest.mark.parametrize("forwards", [True, False])
def test_every_frame_is_followed_once_in_legs_of_a_step(forwards: bool) -> None:
    found, legs = driven(lambda _leg, frames: Seen(surely(frames)), forwards=forwards)
    expected = [pts for pts in FRAMES if (pts > 200 if forwards else pts < 200)]
    assert [one.pts for one in found.boxes] == (expected if forwards else expected[::-1])
    assert found.ended is Ended.REACHED
    assert [leg.fresh for leg in legs] == [True, *(False for _ in legs[1:])]
    assert all(abs(leg.end - leg.start) <= 100 for leg in legs)


def test_a_thing_that_neither_sees_any_more_is_gone_and_nothing_is_made_up() -> None:
    def look(_leg: Leg, frames: list[int]) -> Seen:
        return Seen([replace(one, sure=0.9 if one.pts <= 450 else 0.1) for one in surely(frames)], [])

    found, _ = driven(look)
    assert found.boxes[-1].pts == 450
    assert found.ended is Ended.GONE


def test_without_the_model_it_is_lost_not_gone() -> None:
    found, _ = driven(lambda _leg, frames: Seen(surely(frames, 0.1)))
    assert (found.boxes, found.ended) == ([], Ended.LOST)


def test_the_score_is_what_the_model_gave_the_thing_where_it_was_followed() -> None:
    scores = {300: 0.8, 400: 0.6}

    def look(leg: Leg, frames: list[int]) -> Seen:
        there = Box(leg.end / 10, 0, leg.end / 10 + 20, 20)
        gone = leg.end > 500
        return Seen(surely(frames, 0.1 if gone else 0.9), [(there, scores[leg.end])] if leg.end in scores else [])

    found, _ = driven(look)
    assert found.scores == [0.8, 0.6, 0.0]
    assert propagation.score_of([found, Course()]) == pytest.approx(1.4 / 3)
    assert propagation.score_of([Course()]) is None


def test_what_the_tracker_lost_is_taken_up_where_the_model_sees_it() -> None:
    there = Box(100, 100, 122, 118)

    def look(leg: Leg, frames: list[int]) -> Seen:
        lost = leg.end == 400
        return Seen(surely(frames, 0.1 if lost else 0.9), [(there, 0.8), (Box(0, 0, 900, 900), 0.9)] if lost else [])

    found, legs = driven(look)
    by_pts = {one.pts: one for one in found.boxes}
    assert by_pts[400].box == there
    assert by_pts[350].box.x0 == pytest.approx((30 + 100) / 2)
    assert [leg.start for leg in legs if leg.fresh] == [200, 400]
    assert found.ended is Ended.REACHED


def test_a_moment_or_a_segment_of_the_same_thing_bounds_the_way() -> None:
    whole, moment, shown = Segment(0, 1000), Segment(150, 400), Segment(100, 600)
    other = replace(SEED, id="O", geometry=shown, phrase="Kite")
    far = replace(SEED, id="F", geometry=Segment(700, 900))
    assert propagation.span_of(SEED, 200, [other], moment, whole) == moment
    assert propagation.span_of(SEED, 200, [far, other], Segment(0, 100), whole) == shown
    assert propagation.span_of(SEED, 200, [replace(other, phrase="dog"), far], None, whole) == whole


def test_the_track_ends_where_the_thing_was_last_seen() -> None:
    on = Course(surely([210, 220, 230]), ended=Ended.GONE)
    found = propagation.track(START, None, on, FRAMES, (640, 480))
    assert found.box_at(230) is not None
    assert found.box_at(240) is None
    to_the_end = Course(surely([pts for pts in FRAMES if pts > 200]), ended=Ended.REACHED)
    assert not propagation.track(START, None, to_the_end, FRAMES, (640, 480)).keys[-1].outside


FOUND = Track((Key(200, Box(0, 0, 20, 20)), Key(300, Box(30, 0, 50, 20)), Key(310, Box(30, 0, 50, 20), outside=True)))


@given(st.sampled_from([Review.ACCEPTED, Review.ADJUSTED, Review.MISSED, Review.REJECTED]))
def test_what_a_human_touched_is_never_changed(review: Review) -> None:
    seed = replace(SEED, review=review)
    edit = propagation.edit(seed, FOUND, 0.7, MODEL, [seed])
    (change,) = edit.changes
    assert change.before is None
    assert isinstance(change.after, Annotation)
    assert (change.after.review, change.after.geometry, change.after.score) == (Review.PREDICTED, FOUND, 0.7)


def test_a_prediction_of_one_frame_grows_into_a_track() -> None:
    seed = replace(SEED, review=Review.PREDICTED, score=0.4, geometry=Track((START, Key(210, START.box, outside=True))))
    (change,) = propagation.edit(seed, FOUND, None, MODEL, [seed]).changes
    assert change.before == seed
    assert change.after == replace(seed, geometry=FOUND)


def test_following_once_more_takes_the_place_of_what_still_waits() -> None:
    first = propagation.edit(SEED, FOUND, 0.5, MODEL, [SEED]).changes[0].after
    assert isinstance(first, Annotation)
    again = propagation.edit(SEED, FOUND, 0.9, MODEL, [SEED, first])
    assert [change.before for change in again.changes] == [first, None]
    decided = replace(first, review=Review.REJECTED)
    assert len(propagation.edit(SEED, FOUND, 0.9, MODEL, [SEED, decided]).changes) == 1


def test_accepting_the_way_on_makes_one_track_of_both() -> None:
    seed = replace(SEED, geometry=Track((Key(0, Box(5, 5, 9, 9)), START)))
    proposal = propagation.edit(seed, FOUND, 0.5, MODEL, [seed]).changes[0].after
    assert isinstance(proposal, Annotation)
    grown, gone = propagation.adopt(proposal, seed).changes
    assert isinstance(grown.after, Annotation)
    assert grown.after.geometry == Track((Key(0, Box(5, 5, 9, 9)), *FOUND.keys))
    assert (grown.after.id, grown.after.review) == ("S", Review.MISSED)
    assert gone.after is None
