"""Figures of grounding, each with an interval: pure functions of answers and truth.

Acc@0.5, mean IoU and pointing game for boxes; R@1 at 0.3, 0.5, 0.7 and mean temporal IoU for segments; refusals.
Intervals are percentile bootstraps over media, as questions about one medium rise and fall together.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain.geometry import Box, Segment, box_iou, segment_iou
from engine.domain.query import Grounding
from engine.evaluation.cases import Case

_DRAWS = 1000
_COVER = 0.95
Values = dict[str, float]


class Outcome(Struct, frozen=True):
    """What a model said to a case. `seconds` is question to last token."""

    case: str
    answer: str
    groundings: tuple[Grounding, ...]
    seconds: float = 0.0


class Figure(Struct, frozen=True):
    """A mean over `count` questions with its 95 % interval."""

    value: float
    low: float
    high: float
    count: int


def values(case: Case, outcome: Outcome) -> Values:
    """Every metric that the case has a say in, as a number 0..1."""
    places = [one.geometry for one in outcome.groundings if one.geometry is not None]
    if case.kind == "absent":
        return {"refusal": float(not places)}
    said = {"answered": float(bool(places))}
    if case.kind == "box":
        return said | _boxes(case, [place for place in places if isinstance(place, Box)])
    return said | _segments(case, [place for place in places if isinstance(place, Segment)])


def figures(cases: Sequence[Case], outcomes: Mapping[str, Outcome], *, seed: int = 0) -> dict[str, Figure]:
    """Each metric over all cases that it applies to."""
    rows = [(case.unit, values(case, outcomes[case.id])) for case in cases]
    names = dict.fromkeys(name for _, row in rows for name in row)
    return {name: figure([(unit, row[name]) for unit, row in rows if name in row], seed=seed) for name in names}


def differences(
    cases: Sequence[Case], old: Mapping[str, Outcome], new: Mapping[str, Outcome], *, seed: int = 0
) -> dict[str, Figure]:
    """New minus old of each metric, paired by question."""
    rows = [(case.unit, values(case, old[case.id]), values(case, new[case.id])) for case in cases]
    names = dict.fromkeys(name for _, row, _ in rows for name in row)
    return {
        name: figure([(unit, after[name] - before[name]) for unit, before, after in rows if name in before], seed=seed)
        for name in names
    }


def figure(rows: Iterable[tuple[str, float]], *, seed: int = 0) -> Figure:
    """The mean of (unit, value) rows, drawn again by unit for the interval."""
    units: dict[str, list[float]] = {}
    for unit, value in rows:
        units.setdefault(unit, []).append(value)
    sums = np.array([sum(row) for row in units.values()])
    counts = np.array([len(row) for row in units.values()])
    total = int(counts.sum())
    if not total:
        return Figure(math.nan, math.nan, math.nan, 0)
    low, high = _interval(sums, counts, seed)
    return Figure(float(sums.sum() / total), low, high, total)


def _interval(sums: NDArray[np.float64], counts: NDArray[np.int64], seed: int) -> tuple[float, float]:
    random = np.random.default_rng(seed)
    drawn = random.integers(0, len(sums), (_DRAWS, len(sums)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, [(1 - _COVER) / 2, (1 + _COVER) / 2])
    return float(low), float(high)


def _boxes(case: Case, found: Sequence[Box]) -> Values:
    truths = [truth for truth in case.truths if isinstance(truth, Box)]
    if len(truths) > 1:
        return {"f1": _f1(truths, found)}
    overlap = box_iou(found[0], truths[0]) if found else 0.0
    return {"acc@0.5": float(overlap >= 0.5), "iou": overlap, "pointing": float(_points(found[:1], truths[0]))}


def _segments(case: Case, found: Sequence[Segment]) -> Values:
    truths = [truth for truth in case.truths if isinstance(truth, Segment)]
    overlap = max((segment_iou(found[0], truth) for truth in truths), default=0.0) if found else 0.0
    recalls = {f"r@1 iou {level}": float(overlap >= level) for level in (0.3, 0.5, 0.7)}
    return {**recalls, "tiou": overlap}


def _points(found: Sequence[Box], truth: Box) -> bool:
    """Whether the middle of the first box lies in the truth (SynGround's pointing game)."""
    if not found:
        return False
    x, y = (found[0].x0 + found[0].x1) / 2, (found[0].y0 + found[0].y1) / 2
    return truth.x0 <= x <= truth.x1 and truth.y0 <= y <= truth.y1


def _f1(truths: Sequence[Box], found: Sequence[Box]) -> float:
    """Harmonic mean of precision and recall at IoU 0.5, each truth met at most once, best overlaps first."""
    pairs = sorted(
        ((box_iou(truth, box), one, other) for one, truth in enumerate(truths) for other, box in enumerate(found)),
        reverse=True,
    )
    met: set[int] = set()
    used: set[int] = set()
    for overlap, one, other in pairs:
        if overlap >= 0.5 and one not in met and other not in used:
            met.add(one)
            used.add(other)
    return 2 * len(met) / (len(truths) + len(found))
