"""What lies under the pointer in a lane: boundary before the smallest body. Pure, in PTS."""

from msgspec import Struct

from widgets.timeline.lanes import Lanes
from widgets.timeline.tools import BODY, END, START


class Hit(Struct, frozen=True):
    """A row of the lanes and the grip on it."""

    row: int
    grip: int


def hits(lanes: Lanes, lane: int, pts: float, reach: float, first: int = -1) -> list[Hit]:
    """All segments of a lane at an instant, best first; row `first`, the selected one, wins among equals.

    Below the lanes, where `lane` is -1, there is nothing. Tracks are hit by their body only: their ends are keyframes.
    """
    if lane < 0:
        return []
    found = []
    for row in lanes.under(lane, pts, reach).tolist():
        start, end = lanes.spans[row].tolist()
        grip = BODY if lanes.tracks[row] else _grip(start, end, pts, reach)
        away = min(abs(pts - start), abs(pts - end)) if grip != BODY else end - start
        if grip != BODY or start <= pts <= end:
            found.append((grip == BODY, row != first, away, row, grip))
    return [Hit(row, grip) for *_, row, grip in sorted(found)]


def _grip(start: int, end: int, pts: float, reach: float) -> int:
    inner = min(reach, (end - start) / 4)
    if start - reach <= pts <= start + inner:
        return START
    return END if end - inner <= pts <= end + reach else BODY
