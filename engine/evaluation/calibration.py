"""How far scores are to be believed: their error, and the curves that put it right."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from engine.evaluation.metrics import Figure
from engine.grounding.calibration import Curve

_BINS = 10
_FEWEST = 20
_STEP = 1e-3
"""Least rise of a curve: what was surer stays surer."""


class Sureness(Struct, frozen=True):
    """The score of a place, whether it was right (IoU of at least 0.5, as 0 or 1), and whether it is a segment."""

    score: float
    right: float
    segment: bool = False


def calibration_error(rows: Sequence[Sureness]) -> Figure:
    """Mean distance of scores and hits over equally wide bins."""
    error, total = 0.0, max(1, len(rows))
    for low in np.arange(_BINS) / _BINS:
        inside = [(row.score, row.right) for row in rows if low <= min(row.score, 1 - 1e-9) < low + 1 / _BINS]
        if inside:
            error += abs(float(np.mean(inside, axis=0) @ (1, -1))) * len(inside) / total
    return Figure(error, error, error, len(rows))


def fitted(rows: Sequence[Sureness]) -> Curve:
    """The rising curve nearest to what was right, through bins of equally many places; none for too few places."""
    if len(rows) < 2 * _FEWEST:
        return ()
    ordered = sorted((row.score, row.right) for row in rows)
    parts = np.array_split(np.array(ordered), min(_BINS, len(rows) // _FEWEST))
    blocks: list[list[float]] = []
    for part in parts:
        blocks.append([float(part[:, 0].mean()), float(part[:, 1].mean()), float(len(part))])
        # Neighbours that fall instead of rising become one (pool adjacent violators).
        while len(blocks) > 1 and (blocks[-1][1] <= blocks[-2][1] or blocks[-1][0] <= blocks[-2][0]):
            *_, (x, y, n), (u, v, m) = blocks
            blocks[-2:] = [[(x * n + u * m) / (n + m), (y * n + v * m) / (n + m), n + m]]
    points = [(round(score, 4), round(right, 4)) for score, right, _ in blocks]
    first, last = points[0], points[-1]
    low = [(0.0, max(0.0, round(first[1] - _STEP, 4)))] if first[0] > 0 else []
    high = [(1.0, min(1.0, round(last[1] + _STEP, 4)))] if last[0] < 1 else []
    return (*low, *points, *high)
