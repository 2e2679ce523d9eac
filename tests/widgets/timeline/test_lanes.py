import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.geometry import Box, Key, Segment, Track
from widgets.timeline import timed
from widgets.timeline.lanes import Lanes, covered
from widgets.timeline.stacking import DEPTH

SOURCE = Provenance(Origin.HUMAN, "me", "2026-01-01T00:00:00Z")
spans = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 80)), max_size=30)


def said(id_: str, start: int, end: int, label: str | None = None, phrase: str = "dog") -> Annotation:
    return Annotation(id_, "item", phrase, Segment(start, end), Review.MISSED, SOURCE, label=label)


@given(spans, st.integers(0, 200), st.integers(0, 100))
def test_culling_finds_exactly_what_touches(some: list[tuple[int, int]], left: int, length: int) -> None:
    lanes = Lanes([said(str(n), start, start + size) for n, (start, size) in enumerate(some)])
    rows = [row for lane in range(len(lanes.lanes)) for row in lanes.visible(lane, left, left + length)]
    found = {lanes.annotations[row].id for row in rows}
    assert len(found) == len(rows)
    assert found == {str(n) for n, (start, size) in enumerate(some) if start <= left + length and start + size >= left}


@given(spans, st.integers(0, 60))
def test_a_crowd_covers_the_pixels_of_all_its_segments(some: list[tuple[int, int]], left: int) -> None:
    x0 = np.array([start for start, _ in some], np.int32)
    x1 = x0 + np.array([size for _, size in some], np.int32)
    wanted = {x for a, b in zip(x0.tolist(), x1.tolist(), strict=True) for x in range(a, b) if left <= x < 150}
    assert set((np.flatnonzero(covered(x0, x1, left, 150)) + left).tolist()) == wanted


def test_labels_have_lanes_in_their_order_and_phrases_follow() -> None:
    labels = {"b": Label("b", "barks"), "a": Label("a", "sings")}
    some = [said("1", 0, 9, "a"), said("2", 5, 9, phrase="zebra"), said("3", 1, 4, "b"), said("4", 1, 4, phrase="Ant")]
    lanes = Lanes(some, labels)
    assert [lane.name for lane in lanes.lanes] == ["barks", "sings", "Ant", "zebra"]
    assert [lane.label for lane in lanes.lanes] == ["b", "a", "", ""]


def test_too_many_phrases_share_the_last_lane() -> None:
    lanes = Lanes([said(str(n), n, n + 1, phrase=f"phrase {n:03}") for n in range(100)])
    assert len(lanes.lanes) == 24
    assert len(lanes.visible(23, 0, 200)) == 77


def test_the_next_of_a_lane_is_of_the_same_kind() -> None:
    track = Annotation("t", "item", "dog", Track((Key(4, Box(0, 0, 1, 1)),)), Review.MISSED, SOURCE)
    lanes = Lanes([said("a", 0, 3), track, said("b", 7, 9)])
    assert lanes.annotations[lanes.after(lanes.row_of("a"))].id == "b"
    assert lanes.after(lanes.row_of("b")) == -1


def test_neighbours_that_share_a_boundary_are_found() -> None:
    lanes = Lanes([said("a", 0, 5), said("b", 5, 9), said("c", 6, 9)])
    assert [lanes.annotations[row].id for row in lanes.touching(lanes.row_of("a"), 5)] == ["b"]


def test_what_overlaps_lies_in_lanes_of_its_own_and_what_only_touches_does_not() -> None:
    some = [said("a", 0, 9), said("b", 5, 12), said("c", 9, 14), said("d", 13, 15), said("e", 40, 50)]
    lanes = Lanes(some)
    assert [(lane.name, lane.sub, lane.depth) for lane in lanes.lanes] == [("dog", 0, 2), ("dog", 1, 2)]
    assert {one.id: int(lanes.lane_of[row]) for row, one in enumerate(lanes.annotations)} == {
        "a": 0, "b": 1, "c": 0, "d": 1, "e": 0,
    }  # fmt: skip


def test_a_label_has_no_more_lanes_than_can_be_read() -> None:
    lanes = Lanes([said(str(n), n, 100) for n in range(30)])
    assert len(lanes.lanes) == DEPTH


def test_neighbours_are_found_across_the_lanes_of_a_label() -> None:
    lanes = Lanes([said("a", 0, 9), said("b", 5, 12), said("c", 12, 14), said("x", 12, 14, phrase="cat")])
    assert lanes.annotations[lanes.after(lanes.row_of("a"))].id == "b"
    assert lanes.annotations[lanes.after(lanes.row_of("b"))].id == "c"
    assert [lanes.annotations[row].id for row in lanes.touching(lanes.row_of("b"), 12)] == ["c"]


labelled = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20), st.sampled_from("abc")), max_size=20)


@given(labelled, st.lists(st.tuples(st.sampled_from(["add", "take", "change"]), st.integers(0, 30), labelled)))
def test_lanes_changed_step_by_step_are_those_made_anew(some: list, steps: list) -> None:
    held = [said(f"{n}", start, start + size, phrase=phrase) for n, (start, size, phrase) in enumerate(some)]
    lanes = Lanes(held)
    for number, (deed, at, more) in enumerate(steps):
        fresh = [said(f"{number}.{n}", s, s + size, phrase=phrase) for n, (s, size, phrase) in enumerate(more)]
        taken = 0 if deed == "add" else 2 if deed == "take" else len(fresh)
        held = [*held[:at], *([] if deed == "take" else fresh), *held[at + taken :]]
        lanes = lanes.changed(held, {})
        anew = Lanes(held)
        assert lanes.lanes == anew.lanes
        assert lanes.annotations.tolist() == anew.annotations.tolist()
        for name in ("lane_of", "spans", "colours", "dashed", "notched", "rejected", "tracks", "first"):
            assert np.array_equal(getattr(lanes, name), getattr(anew, name)), name
        assert [lanes.row_of(one.id) for one in lanes.annotations] == list(range(len(held)))
        assert lanes.row_of("gone") == -1


def test_only_what_changed_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [said(str(n), 10 * n, 10 * n + 12) for n in range(500)]
    lanes = Lanes(held)
    looked = []
    monkeypatch.setattr(timed, "index_of", lambda one, _: looked.append(one.id) or 3)
    held[250] = said("250", 2501, 2509)
    lanes = lanes.changed(held, {})
    assert looked == ["250"]
    assert lanes.segment(lanes.row_of("250")) == Segment(2501, 2509)
