"""Scores: certainty is 1, a guess is near 0, and doubt about a leading digit weighs more than about the last."""

import numpy as np
import pytest

from engine import grammar
from engine.domain.geometry import Box, Segment
from engine.domain.query import Grounding
from engine.grounding.answer import Written
from engine.grounding.scoring import Judgement, agreement, judge


def _written(text: str, doubts: dict[int, tuple[float, int]], begun: float = 1.0) -> list[Written]:
    """One token a character; at the places in `doubts` so much of the probability is another digit's."""
    rows = []
    for place, character in enumerate(text):
        digits = None
        if character.isdigit():
            digits = np.eye(10)[int(character)]
            if place in doubts:
                share, other = doubts[place]
                digits = digits * (1 - share) + np.eye(10)[other] * share
        rows.append(Written(place, place + 1, begun if character in "[{" else 1.0, digits))
    return rows


def _judged(text: str, doubts: dict[int, tuple[float, int]] | None = None, begun: float = 1.0) -> Judgement:
    (span,) = grammar.read(text)
    return judge(text, span, _written(text, doubts or {}, begun))


BOX = "dog:[0.100, 0.200, 0.300, 0.600]"


def test_a_certain_model_scores_one_without_spread() -> None:
    judged = _judged(BOX)
    assert judged.score == pytest.approx(1.0)
    assert judged.spread == pytest.approx((0, 0, 0, 0), abs=1e-9)


def test_a_place_that_might_not_have_been_begun_is_doubted() -> None:
    assert _judged(BOX, begun=0.4).score == pytest.approx(0.4)


def test_doubt_weighs_by_the_place_of_its_digit() -> None:
    first, second, third = (_judged(BOX, {place: (0.5, 7)}) for place in (7, 8, 9))
    assert first.score < second.score < third.score < 1
    assert first.spread[0] > second.spread[0] > third.spread[0] > 0
    assert first.spread[1:] == pytest.approx((0, 0, 0), abs=1e-9)


def test_the_spread_of_an_edge_is_the_deviation_of_its_values() -> None:
    judged = _judged("{0.20,0.80}", {3: (0.5, 6)})
    assert judged.spread[0] == pytest.approx((0.65 - 0.2) / 2, abs=1e-6)


def test_a_flat_model_scores_near_nothing() -> None:
    (span,) = grammar.read(BOX)
    rows = [Written(place, place + 1, 0.01, np.full(10, 0.1)) for place in range(len(BOX))]
    assert judge(BOX, span, rows).score < 0.05


@pytest.mark.parametrize("text", ["[0.5, 0.5, 0.1, 0.9]", "[0.1, 0.2]", "[nan, 0, 1, 1]", "{0.9,0.1}"])
def test_malformed_places_score_nothing(text: str) -> None:
    (span,) = grammar.read(text)
    assert judge(text, span, _written(text, {})) == Judgement(0.0, ())


@pytest.mark.parametrize(
    "text", ["[0, 0, 1, 1]", "[0.12345678, 0.1, 1.0, 1.000]", "[.5, 0.1, 0.6, 0.9]", "[1e-1, 0.1, 0.6, 0.9]"]
)
def test_unusual_spellings_never_raise(text: str) -> None:
    (span,) = grammar.read(text)
    assert 0 <= judge(text, span, _written(text, {})).score <= 1
    assert 0 <= judge(text, span, []).score <= 1


def test_agreement_is_the_mean_overlap_with_the_samples() -> None:
    box = Grounding("dog", Box(0, 0, 10, 10), 0.5)
    half = Grounding("dog", Box(0, 0, 10, 5), 0.5)
    time = Grounding("bark", Segment(0, 10), 0.5)
    assert agreement(box, [[box], [half, time], []]) == pytest.approx((1 + 0.5 + 0) / 3)
    assert agreement(time, [[Grounding("bark", Segment(5, 10), 0.1)]]) == pytest.approx(0.5)
    assert agreement(box, []) == 0
