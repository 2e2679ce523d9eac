"""How sure the model is of a place, out of the probabilities of the digits that it wrote.

Each coordinate is a chain of digits. At every digit the model may leave the written number for another; what follows
would then lie in that other digit's interval. That gives a distribution per edge, its deviation as the edge's spread,
and, over all edges, the expected overlap of the written place with what else the model may have meant. The score is
that overlap times the probability that a place was begun at all: 1 for certainty, near 0 for a guess.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain.geometry import Box, Segment, box_iou, segment_iou
from engine.domain.query import Grounding
from engine.grammar import Span
from engine.grounding.answer import Written

_NUMBER = re.compile(r"([01])(?:\.(\d{1,4})\d*)?")
_DRAWS = 256
# Always the same draws: equal answers get equal scores.
_UNIFORM = np.random.default_rng(0).random((_DRAWS, 4))

Values = NDArray[np.float64]


class Judgement(Struct, frozen=True):
    """`score` 0..1; `spread` is one deviation per number of the span, in fractions like the numbers themselves."""

    score: float
    spread: tuple[float, ...]


def judge(text: str, span: Span, written: Sequence[Written]) -> Judgement:
    """The score of a well-formed span of `text`; 0 for any other."""
    opening = max(text.rfind("[", span.start, span.end), text.rfind("{", span.start, span.end))
    if not span.well_formed or opening < 0:
        return Judgement(0.0, ())
    starts = [token.start for token in written]
    begun = _token_at(opening, starts, written).probability
    edges = [_alternatives(match, starts, written) for match in _NUMBER.finditer(text, opening + 1, span.end)]
    if len(edges) != len(span.numbers):
        return Judgement(0.0, ())
    overlap = _expected_overlap(np.asarray(span.numbers), edges)
    return Judgement(float(begun * overlap), tuple(_deviation(*edge) for edge in edges))


def agreement(found: Grounding, samples: Sequence[Sequence[Grounding]]) -> float:
    """Mean over samples of the best overlap that the sample has with `found`, 0..1."""
    best = [max((_overlap(found, other) for other in sample), default=0.0) for sample in samples]
    return sum(best) / len(best) if best else 0.0


def _overlap(a: Grounding, b: Grounding) -> float:
    match a.geometry, b.geometry:
        case Box() as one, Box() as other:
            return box_iou(one, other)
        case Segment() as one, Segment() as other:
            return segment_iou(one, other)
    return 0.0


def _token_at(place: int, starts: Sequence[int], written: Sequence[Written]) -> Written:
    """The token that wrote the character at `place`; a certain one where none did."""
    at = bisect_right(starts, place) - 1
    while at >= 0 and written[at].end <= place:
        at -= 1
    return written[at] if at >= 0 else Written(0, 0)


def _alternatives(match: re.Match[str], starts: Sequence[int], written: Sequence[Written]) -> tuple[Values, Values]:
    """Values that a coordinate may have taken and their probabilities, the written value last."""
    places = [match.start(1), *range(match.start(2), match.end(2))] if match.group(2) else [match.start(1)]
    value = float(f"{match.group(1)}.{match.group(2) or 0}")
    values, shares, left = [], [], 1.0
    for level, place in enumerate(places):
        digit, width = int(match.string[place]), 10.0**-level
        chances = _digit_chances(digit, _token_at(place, starts, written))
        if not level:
            chances = _only_fractions(chances)
        floor = int(round(value / width, 6)) * width - digit * width
        for other in range(10):
            if other != digit:
                values.append(_nearby(value, floor + other * width, width, abs(other - digit)))
                shares.append(left * chances[other])
        left *= chances[digit]
    return np.clip(np.array([*values, value]), 0.0, 1.0), np.array([*shares, left])


def _digit_chances(digit: int, token: Written) -> Values:
    if token.digits is not None:
        return token.digits
    chances = np.full(10, (1 - token.probability) / 9)
    chances[digit] = token.probability
    return chances


def _only_fractions(chances: Values) -> Values:
    """Before the point only 0 and 1 make a coordinate."""
    kept = np.zeros(10)
    kept[:2] = chances[:2]
    return kept / max(kept.sum(), 1e-12)


def _nearby(value: float, low: float, width: float, steps: int) -> float:
    """Where in another digit's interval the number would lie: its middle, or near the border to a neighbour."""
    if steps > 1:
        return low + width / 2
    return low + width / 4 if low > value else low + width * 3 / 4


def _deviation(values: Values, shares: Values) -> float:
    mean = float(values @ shares)
    return math.sqrt(max(float(shares @ (values - mean) ** 2), 0.0))


def _expected_overlap(numbers: Values, edges: Sequence[tuple[Values, Values]]) -> float:
    """Mean intersection over union of the written place with draws from its edges."""
    half = len(numbers) // 2
    drawn = np.empty((_DRAWS, len(numbers)))
    for column, (values, shares) in enumerate(edges):
        at = np.searchsorted(np.cumsum(shares), _UNIFORM[:, column] * shares.sum())
        drawn[:, column] = values[np.minimum(at, len(values) - 1)]
    low = np.maximum(drawn[:, :half], numbers[:half])
    high = np.minimum(drawn[:, half:], numbers[half:])
    shared = np.clip(high - low, 0, None).prod(1)
    union = (
        (numbers[half:] - numbers[:half]).prod() + np.clip(drawn[:, half:] - drawn[:, :half], 0, None).prod(1) - shared
    )
    return float(np.mean(shared / np.maximum(union, 1e-12)))
