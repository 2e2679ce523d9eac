"""Figures are those that a hand would compute."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.geometry import Box, Segment
from engine.domain.media import Clock
from engine.domain.query import Grounding
from engine.evaluation.cases import Case
from engine.evaluation.comparison import compared
from engine.evaluation.metrics import Outcome, figure, figures, values

SQUARE = Box(0.0, 0.0, 100.0, 100.0)
CLOCK = Clock(1, 100, 0, 1000)


def test_a_box_is_right_from_an_overlap_of_one_half() -> None:
    half, less = Box(0.0, 0.0, 50.0, 100.0), Box(0.0, 0.0, 49.0, 100.0)
    assert values(_case(SQUARE), _said(half)) == {"answered": 1.0, "acc@0.5": 1.0, "iou": 0.5, "pointing": 1.0}
    assert values(_case(SQUARE), _said(less))["acc@0.5"] == 0.0


def test_only_the_first_box_counts() -> None:
    assert values(_case(SQUARE), _said(Box(200.0, 0.0, 300.0, 100.0), SQUARE))["acc@0.5"] == 0.0


def test_pointing_asks_for_the_middle_of_the_box() -> None:
    assert values(_case(SQUARE), _said(Box(90.0, 90.0, 130.0, 130.0)))["pointing"] == 0.0
    assert values(_case(SQUARE), _said(Box(90.0, 90.0, 109.0, 109.0)))["pointing"] == 1.0


def test_several_boxes_are_scored_by_f1() -> None:
    other = Box(200.0, 0.0, 300.0, 100.0)
    case = _case(SQUARE, other)
    assert values(case, _said(other, SQUARE))["f1"] == 1.0
    assert values(case, _said(SQUARE))["f1"] == pytest.approx(2 / 3)
    assert values(case, _said(SQUARE, SQUARE, other))["f1"] == pytest.approx(4 / 5)
    assert values(case, _said())["f1"] == 0.0


def test_recalls_of_a_segment() -> None:
    found = values(_case(Segment(0, 100), clock=CLOCK), _said(Segment(40, 100)))
    assert found == {"answered": 1.0, "r@1 iou 0.3": 1.0, "r@1 iou 0.5": 1.0, "r@1 iou 0.7": 0.0, "tiou": 0.6}


def test_a_refusal_is_an_answer_without_a_place() -> None:
    assert values(_case(), _said()) == {"refusal": 1.0}
    assert values(_case(), _said(SQUARE)) == {"refusal": 0.0}
    assert values(_case(SQUARE), _said())["answered"] == 0.0


def test_malformed_places_are_no_places() -> None:
    outcome = Outcome("c", "[0.9, 0.1", (Grounding("x", None, 0.5),))
    assert values(_case(SQUARE), outcome)["iou"] == 0.0


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    chance = random.Random(0)
    covered = 0
    for draw in range(200):
        rows = [(str(unit), float(chance.random() < 0.7)) for unit in range(80)]
        found = figure(rows, seed=draw)
        covered += found.low <= 0.7 <= found.high
    assert 178 <= covered <= 200


def test_questions_on_one_medium_widen_the_interval() -> None:
    rows = [(str(unit), float(unit % 2)) for unit in range(20) for _ in range(10)]
    apart = [(str(place), value) for place, (_, value) in enumerate(rows)]
    together, single = figure(rows), figure(apart)
    assert together.value == single.value
    assert together.high - together.low > 2 * (single.high - single.low)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1)), min_size=1, max_size=30))
def test_the_mean_lies_between_the_extremes(rows: list[tuple[str, float]]) -> None:
    found = figure(rows)
    low, high = min(value for _, value in rows), max(value for _, value in rows)
    assert low - 1e-9 <= found.low <= found.high <= high + 1e-9
    assert found.count == len(rows)


def test_a_model_that_is_not_worse_passes() -> None:
    cases, good, bad = _judged(lost=12)
    assert compared({"held out": cases}, bad, good).passes
    assert compared({"held out": cases}, good, good).passes
    found = compared({"held out": cases}, good, bad)
    assert found.passes is False
    assert "acc@0.5 (held out)" in found.worse
    assert {change.case for change in found.changes} == {str(place) for place in range(12)}


def test_few_questions_judge_nothing() -> None:
    cases, good, _ = _judged()
    found = compared({"held out": cases[:19], "regression": cases}, good, good)
    assert found.passes is None
    assert "19 questions on held-out media are too few to judge" in found.sentence
    assert compared({"held out": cases[:20]}, good, good).passes is True


def test_a_fall_that_may_be_chance_is_neither_worse_nor_passed() -> None:
    cases, good, bad = _judged(lost=2)
    found = compared({"held out": cases}, good, bad)
    assert found.passes is None
    assert found.worse == ()
    assert found.sentence.startswith("Too few questions to judge")


def test_a_fall_within_the_margin_passes() -> None:
    cases = [_case(SQUARE, name=str(place)) for place in range(200)]
    good = {case.id: _said(SQUARE) for case in cases}
    assert compared({"held out": cases}, good, {**good, "0": _said(), "1": _said()}).passes is True


def test_a_regression_alone_keeps_it_a_candidate() -> None:
    new, good, bad = _judged(lost=40)
    old = [_case(SQUARE, name=f"old {place}") for place in range(20)]
    before = {**bad, **{case.id: _said(SQUARE) for case in old}}
    after = {**good, **{case.id: _said() for case in old}}
    found = compared({"held out": new, "regression": old}, before, after)
    assert found.passes is False
    assert all("regression" in name for name in found.worse)


def test_nothing_to_compare_promotes_nothing() -> None:
    assert not compared({"held out": []}, {}, {}).passes


def test_figures_name_what_was_asked() -> None:
    cases = [_case(SQUARE, name="a"), _case(name="b"), _case(Segment(0, 10), name="c", clock=CLOCK)]
    found = figures(cases, {"a": _said(SQUARE), "b": _said(), "c": _said(Segment(0, 10))})
    assert {name: row.count for name, row in found.items()} == {
        "answered": 2,
        "acc@0.5": 1,
        "iou": 1,
        "pointing": 1,
        "refusal": 1,
        "r@1 iou 0.3": 1,
        "r@1 iou 0.5": 1,
        "r@1 iou 0.7": 1,
        "tiou": 1,
    }


def _judged(lost: int = 0) -> tuple[list[Case], dict[str, Outcome], dict[str, Outcome]]:
    """Forty questions, all answered well, and the same with the first `lost` of them unanswered."""
    cases = [_case(SQUARE, name=str(place)) for place in range(40)]
    good = {case.id: _said(SQUARE) for case in cases}
    return cases, good, {**good, **{str(place): _said() for place in range(lost)}}


def _case(*truths: Box | Segment, name: str = "c", clock: Clock | None = None) -> Case:
    return Case(name, name, ("a.png",), "Where is it?", "it", truths, (400, 400), clock)


def _said(*places: Box | Segment) -> Outcome:
    return Outcome("c", "", tuple(Grounding("it", place, 1.0) for place in places))
