from msgspec.structs import replace

from app import review
from engine.domain.annotation import Annotation, Origin, Provenance, Review
from engine.domain.geometry import Absent, Box, Segment
from engine.domain.query import Grounding, ModelRef, Prediction, Query

MODEL = Provenance(Origin.MODEL, "m", "2026-01-01T00:00:00Z", "P")
HUMAN = Provenance(Origin.HUMAN, "ann", "2026-01-01T00:00:00Z")


def one(id_: str, score: float | None, state: Review = Review.PREDICTED, x: float = 0.0, **more: object) -> Annotation:
    return replace(Annotation(id_, "I", id_, Box(x, 0, x + 10, 10), state, MODEL, score=score), **more)


SURE, UNSURE = one("sure", 0.9), one("unsure", 0.2, x=100)
DONE = one("done", 0.1, Review.ACCEPTED)


def ids(rows: list[Annotation]) -> list[str]:
    return [row.id for row in rows]


def test_what_the_model_doubts_comes_first_and_what_is_decided_last() -> None:
    assert ids(review.ordered([DONE, SURE, UNSURE], "doubt")) == ["unsure", "sure", "done"]


def test_by_time_what_begins_first_comes_first() -> None:
    late = one("late", 0.1, geometry=Segment(900, 990))
    early = one("early", 0.9, geometry=Segment(100, 990))
    assert ids(review.ordered([late, early], "time")) == ["early", "late"]


def test_walking_goes_round_over_what_waits() -> None:
    rows = [UNSURE, SURE, DONE]
    first = review.next_pending(rows, None)
    assert first == UNSURE
    assert review.next_pending(rows, "unsure") == SURE
    assert review.next_pending(rows, "sure") == UNSURE
    assert review.next_pending(rows, "unsure", -1) == SURE
    assert review.next_pending(rows, "done") == UNSURE
    assert review.next_pending([DONE], "done") is None


def test_a_locked_prediction_is_left_alone() -> None:
    assert review.next_pending([replace(SURE, locked=True)], None) is None
    assert review.accept_above([replace(SURE, locked=True)], 0.5) is None


def test_accepting_all_above_a_threshold_is_one_step() -> None:
    edit = review.accept_above([SURE, UNSURE, DONE], 0.9)
    assert edit is not None
    assert [change.id for change in edit.changes] == ["sure"]
    assert review.accept_above([UNSURE], 0.9) is None


def test_a_verdict_that_changes_nothing_makes_no_step() -> None:
    assert review.verdict(DONE, accepted=True) is None
    assert review.verdict(one("x", 0.5, Review.ADJUSTED), accepted=True) is None
    assert review.verdict(one("x", 0.5, Review.REJECTED), accepted=False) is None


def test_rejecting_what_was_drawn_by_hand_removes_it() -> None:
    edit = review.verdict(one("x", None, Review.MISSED), accepted=False)
    assert edit is not None
    assert edit.changes[0].after is None


def test_not_there_rejects_what_waits_for_the_question_in_the_same_step() -> None:
    asked = Query("Q", "I", "Where is it?", "2026-01-01T00:00:00Z")
    waits = replace(SURE, query="Q")
    edit = review.not_there("I", "kite", asked, [waits, UNSURE], HUMAN)
    after = [change.after for change in edit.changes]
    assert [getattr(entity, "review", None) for entity in after] == [Review.REJECTED, Review.MISSED]
    assert isinstance(getattr(after[1], "geometry", None), Absent)
    assert getattr(after[1], "query", None) == "Q"


def test_model_and_human_differ_in_three_ways() -> None:
    groundings = (Grounding("kite", Box(0, 0, 10, 10), 0.9), Grounding("dog", Box(50, 0, 60, 10), 0.9))
    said = Prediction("P", "Q", "I", "…", groundings, ModelRef("m"), "2026-01-01T00:00:00Z")
    right = one("right", 0.9, Review.ACCEPTED)
    moved = one("moved", 0.9, Review.ADJUSTED, x=57)
    missing = one("missing", None, Review.MISSED, x=300, provenance=HUMAN)
    extra = one("extra", 0.9, Review.REJECTED, x=50)
    found = review.disagreements([right, moved, missing, extra], [said], 0.5)
    assert {(row.gap, row.annotation) for row in found} == {
        (review.Gap.OVERLAP, "moved"),
        (review.Gap.MISSING, "missing"),
        (review.Gap.EXTRA, "extra"),
    }


def test_where_the_model_was_not_asked_it_missed_nothing() -> None:
    drawn, denied = one("mine", None, Review.MISSED, provenance=HUMAN), one("no", 0.9, Review.REJECTED)
    assert [row.annotation for row in review.disagreements([drawn, denied], [], 0.5)] == ["no"]


def test_several_get_a_label_and_keep_their_phrases() -> None:
    edit = review.renamed([SURE, UNSURE], phrase=None, label="L")
    assert [
        (change.after.phrase, change.after.label) for change in edit.changes if isinstance(change.after, Annotation)
    ] == [
        ("sure", "L"),
        ("unsure", "L"),
    ]
