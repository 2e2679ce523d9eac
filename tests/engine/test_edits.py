"""What each verb means, and that an edit and its inverse are the identity."""

import pytest

from engine import edits
from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.errors import UsageError
from engine.domain.geometry import Box, Geometry, Key, Segment, Track
from engine.domain.media import MediaItem, MediaKind

BY = Provenance(Origin.MODEL, "groundling", "2026-01-01T00:00:00Z", prediction="P")


def predicted(geometry: Geometry = Box(0, 0, 10, 10), review: Review = Review.PREDICTED) -> Annotation:  # noqa: B008
    return Annotation("A", "I", "kite", geometry, review, BY, score=0.7)


def after(edit: edits.Edit) -> Annotation:
    (change,) = edit.changes
    assert isinstance(change.after, Annotation)
    return change.after


def test_accepting_and_rejecting_set_the_review() -> None:
    assert after(edits.accept(predicted())).review is Review.ACCEPTED
    assert after(edits.reject(predicted())).review is Review.REJECTED


@pytest.mark.parametrize("review", [Review.PREDICTED, Review.ACCEPTED, Review.REJECTED, Review.ADJUSTED])
def test_any_correction_of_the_model_is_an_adjustment(review: Review) -> None:
    assert after(edits.reshape(predicted(review=review), Box(1, 1, 9, 9))).review is Review.ADJUSTED
    assert after(edits.relabel(predicted(review=review), label="L", phrase="dragon")).review is Review.ADJUSTED


def test_human_work_stays_human() -> None:
    drawn = edits.missed("I", "kite", Box(0, 0, 5, 5), BY)
    assert after(edits.reshape(drawn, Box(1, 1, 9, 9))).review is Review.MISSED


def test_a_pure_move_is_called_so() -> None:
    assert edits.reshape(predicted(), Box(5, 5, 15, 15)).label == "Move"
    assert edits.reshape(predicted(), Box(5, 5, 16, 15)).label == "Reshape"


def test_the_inverse_swaps_and_reverses() -> None:
    edit = edits.together("Both", [edits.accept(predicted()), edits.created("Add", [Label("L", "kite")])])
    assert edit.inverse.inverse == edit
    assert [change.id for change in edit.inverse.changes] == ["L", "A"]


def test_a_segment_is_split_and_joined_again() -> None:
    edit = edits.split(predicted(Segment(0, 100)), 30)
    left, right = (change.after for change in edit.changes)
    assert isinstance(left, Annotation)
    assert isinstance(right, Annotation)
    assert (left.geometry, right.geometry) == (Segment(0, 30), Segment(30, 100))
    assert right.provenance.revises == "A"
    joined = edits.join(left, right).changes
    assert isinstance(joined[0].after, Annotation)
    assert joined[0].after.geometry == Segment(0, 100)
    assert joined[1].after is None


def test_a_track_is_split_where_it_stands() -> None:
    track = Track((Key(0, Box(0, 0, 10, 10)), Key(100, Box(100, 0, 110, 10))))
    left, right = (change.after for change in edits.split(predicted(track), 50).changes)
    assert isinstance(left, Annotation)
    assert isinstance(left.geometry, Track)
    assert isinstance(right, Annotation)
    assert isinstance(right.geometry, Track)
    assert left.geometry.box_at(25) == track.box_at(25)
    assert left.geometry.box_at(60) is None
    assert right.geometry.box_at(49) is None
    assert right.geometry.box_at(75) == track.box_at(75)
    again = after(edits.Edit("", edits.join(left, right).changes[:1])).geometry
    assert isinstance(again, Track)
    assert again.box_at(75) == track.box_at(75)


@pytest.mark.parametrize("geometry", [Box(0, 0, 1, 1), Segment(0, 10), Segment(50, 60)])
def test_what_cannot_be_split_is_told(geometry: Geometry) -> None:
    with pytest.raises(UsageError):
        edits.split(predicted(geometry), 10)


def test_keyframes_replace_their_like_and_stay_in_order() -> None:
    track = predicted(Track((Key(0, Box(0, 0, 10, 10)), Key(100, Box(100, 0, 110, 10)))))
    keyed = after(edits.set_key(track, Key(50, Box(0, 50, 10, 60))))
    assert isinstance(keyed.geometry, Track)
    assert [key.pts for key in keyed.geometry.keys] == [0, 50, 100]
    replaced = after(edits.set_key(keyed, Key(50, Box(0, 0, 1, 1))))
    assert isinstance(replaced.geometry, Track)
    assert replaced.geometry.box_at(50) == Box(0, 0, 1, 1)
    removed = after(edits.remove_key(keyed, 50))
    assert removed.geometry == track.geometry
    with pytest.raises(UsageError):
        edits.remove_key(predicted(Track((Key(0, Box(0, 0, 1, 1)),))), 0)
    with pytest.raises(UsageError):
        edits.set_key(predicted(), Key(0, Box(0, 0, 1, 1)))


def test_locking_and_finishing_are_edits() -> None:
    assert after(edits.lock(predicted(), locked=True)).locked
    item = MediaItem("I", "a.png", MediaKind.IMAGE)
    (change,) = edits.finish(item, done=True).changes
    assert isinstance(change.after, MediaItem)
    assert change.after.done
