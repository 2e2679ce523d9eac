"""What retraining learns, summed up over draws: a table and a drawn curve."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from engine.evaluation.learning import Learned

_WIDE, _HIGH, _LEFT, _FOOT = 640, 400, 60, 50
_INKS = {"new": "#1d6fd1", "old": "#c2571a"}
_WORDS = {"new": "new kinds, Acc@0.5 on unseen pictures", "old": "old kinds, answered right"}


class Spread(Struct, frozen=True):
    """Mean, lowest and highest over the draws."""

    mean: float
    low: float
    high: float


class Point(Struct, frozen=True):
    """All draws with one number of corrected pictures. `fall` is what old kinds lost, `inputs` are per question."""

    corrected: int
    draws: int
    new: Spread
    iou: Spread
    old: Spread
    fall: Spread
    inputs: Spread
    seconds: Spread


def summed(rows: Sequence[Learned]) -> list[Point]:
    """One point for each number of corrected pictures."""
    return [
        _point([row for row in rows if row.corrected == count]) for count in sorted({row.corrected for row in rows})
    ]


def told_of(row: Learned) -> str:
    return (
        f"draw {row.draw} ({', '.join(row.kinds)}), {row.corrected} corrected: Acc@0.5 {row.new['acc@0.5'].value:.3f}, "
        f"old kinds {row.score.value:.3f}, {row.inputs:.2f} inputs a question, {row.seconds:.0f} s"
    )


def table_of(points: Sequence[Point]) -> str:
    """For reading: mean and [lowest, highest] over the draws."""
    lines = ["corrected  draws  Acc@0.5 new           mean IoU              old kinds fell by       inputs  seconds"]
    lines += [
        f"{one.corrected:9}  {one.draws:5}  {_told(one.new)}  {_told(one.iou)}  {_told(one.fall)}  "
        f"{one.inputs.mean:6.2f}  {one.seconds.mean:7.0f}"
        for one in points
    ]
    return "\n".join(lines)


def drawn(points: Sequence[Point]) -> str:
    """The learning curve as SVG: means joined by lines, bars from the lowest to the highest draw."""
    last = max((one.corrected for one in points), default=0) or 1
    parts = [_grid(points, last)]
    for place, (name, ink) in enumerate(_INKS.items()):
        spreads = [(one.corrected, getattr(one, name)) for one in points]
        line = " ".join(f"{_x(count, last):.1f},{_y(spread.mean):.1f}" for count, spread in spreads)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{ink}" stroke-width="2"/>')
        parts += [
            f'<line x1="{_x(count, last):.1f}" x2="{_x(count, last):.1f}" y1="{_y(spread.low):.1f}" '
            f'y2="{_y(spread.high):.1f}" stroke="{ink}" stroke-width="2"/>'
            for count, spread in spreads
        ]
        parts.append(f'<text x="{_LEFT + 12}" y="{26 + 18 * place}" fill="{ink}">{_WORDS[name]}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDE}" height="{_HIGH}" font-family="sans-serif" '
        f'font-size="13"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n'
    )


def _point(rows: Sequence[Learned]) -> Point:
    return Point(
        rows[0].corrected,
        len(rows),
        _spread([row.new["acc@0.5"].value for row in rows]),
        _spread([row.new["iou"].value for row in rows]),
        _spread([row.score.value for row in rows]),
        _spread([row.fall.value for row in rows]),
        _spread([row.inputs for row in rows]),
        _spread([row.seconds for row in rows]),
    )


def _spread(values: Sequence[float]) -> Spread:
    return Spread(float(np.mean(values)), min(values), max(values))


def _told(one: Spread) -> str:
    return f"{one.mean:.3f} [{one.low:.3f}, {one.high:.3f}]"


def _grid(points: Sequence[Point], last: int) -> str:
    levels = "".join(
        f'<line x1="{_LEFT}" x2="{_WIDE - 20}" y1="{_y(level):.1f}" y2="{_y(level):.1f}" stroke="#ddd"/>'
        f'<text x="{_LEFT - 8}" y="{_y(level) + 4:.1f}" text-anchor="end">{level:.1f}</text>'
        for level in np.arange(6) / 5
    )
    counts = "".join(
        f'<text x="{_x(one.corrected, last):.1f}" y="{_HIGH - _FOOT + 20}" text-anchor="middle">{one.corrected}</text>'
        for one in points
    )
    middle = (_LEFT + _WIDE - 20) / 2
    return f'{levels}{counts}<text x="{middle}" y="{_HIGH - 8}" text-anchor="middle">corrected pictures</text>'


def _x(count: int, last: int) -> float:
    return _LEFT + count / last * (_WIDE - 20 - _LEFT)


def _y(level: float) -> float:
    return _HIGH - _FOOT - level * (_HIGH - _FOOT - 60)
