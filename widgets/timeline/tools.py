"""What presses, moves and releases mean on the timeline: a small state machine over values in PTS. Pure."""

from bisect import bisect_left

from msgspec import Struct
from msgspec.structs import replace

from engine.domain.geometry import Segment

START, END = 1, 2
BODY = START | END


class Limits(Struct, frozen=True):
    """The item's [start, end], frames to fall on (sorted PTS, none for a sound) and lines that attract in `reach`."""

    start: int
    end: int
    frames: tuple[int, ...] = ()
    lines: tuple[int, ...] = ()
    reach: float = 0.0


class Idle(Struct, frozen=True):
    """Nothing is under way."""


class Scrubbing(Struct, frozen=True):
    """The playhead follows the pointer."""


class Stretching(Struct, frozen=True):
    """A new segment in a lane; a moment for the next question if `marks`."""

    anchor: int
    at: int
    lane: int
    marks: bool = False


class Reshaping(Struct, frozen=True):
    """A segment follows the pointer by its `grip`; `partners` share the boundary and follow too."""

    id: str
    origin: Segment
    grip: int
    grabbed: float
    segment: Segment
    moved: bool = False
    partners: tuple[tuple[str, Segment], ...] = ()


State = Idle | Scrubbing | Stretching | Reshaping


def settled(pts: float, limits: Limits) -> int:
    """An instant on a line in reach, else on the nearest frame, within the item."""
    line = _nearest(limits.lines, pts) if limits.reach > 0 else None
    if line is not None and abs(line - pts) <= limits.reach:
        return min(max(line, limits.start), limits.end)
    inside = min(max(pts, limits.start), limits.end)
    frame = _nearest(limits.frames, inside)
    if frame is None:
        return round(inside)
    return limits.end if abs(limits.end - inside) < abs(frame - inside) else frame


def stretched(state: Stretching, pts: float, limits: Limits) -> Stretching:
    return replace(state, at=settled(pts, limits))


def span(state: Stretching) -> Segment | None:
    """The segment drawn so far, whichever way; None without length."""
    low, high = min(state.anchor, state.at), max(state.anchor, state.at)
    return Segment(low, high) if low < high else None


def reshaped(state: Reshaping, pts: float, limits: Limits, slack: float) -> Reshaping:
    """The segment after the pointer went to `pts`; it follows after `slack` (PTS) only and never loses its length."""
    if not state.moved and abs(pts - state.grabbed) <= slack:
        return state
    segment = dragged(state.origin, state.grip, pts - state.grabbed, limits)
    return replace(state, segment=segment or state.segment, moved=True)


def dragged(segment: Segment, grip: int, shift: float, limits: Limits) -> Segment | None:
    """A segment with one boundary or both moved by `shift` PTS; crossing boundaries swap; None without length."""
    if grip == BODY:
        return _moved(segment, shift, limits)
    moved = settled((segment.start if grip == START else segment.end) + shift, limits)
    still = segment.end if grip == START else segment.start
    return Segment(min(moved, still), max(moved, still)) if moved != still else None


def nearest_boundary(segment: Segment, pts: float) -> int:
    return START if abs(pts - segment.start) <= abs(pts - segment.end) else END


def boundary_to(segment: Segment, grip: int, pts: float, limits: Limits) -> Segment | None:
    """One boundary goes to an instant; None if no length is left or the other boundary would be passed."""
    at = settled(pts, limits)
    moved = Segment(at, segment.end) if grip == START else Segment(segment.start, at)
    return moved if moved.start < moved.end else None


def stepped(pts: int, steps: int, limits: Limits, unit: int) -> int:
    """`pts` some frames, or units of a sound, further."""
    if not limits.frames:
        return min(max(pts + steps * unit, limits.start), limits.end)
    grid = limits.frames if limits.end <= limits.frames[-1] else (*limits.frames, limits.end)
    at = bisect_left(grid, pts)
    # Between two frames a step goes to the next one in its direction.
    at += steps - (1 if steps > 0 and (at == len(grid) or grid[at] != pts) else 0)
    return grid[min(max(at, 0), len(grid) - 1)]


def followers(state: Reshaping) -> list[tuple[str, Segment]]:
    """The partners with the shared boundary where the pointer took it; those that would lose their length stay."""
    old = state.origin.start if state.grip == START else state.origin.end
    new = state.segment.start if state.grip == START else state.segment.end
    moved = [
        (id_, Segment(new if one.start == old else one.start, new if one.end == old else one.end))
        for id_, one in state.partners
    ]
    return [(id_, one) for id_, one in moved if one.start < one.end]


def _moved(segment: Segment, shift: float, limits: Limits) -> Segment | None:
    length = segment.end - segment.start
    low, high = limits.start, max(limits.end - length, limits.start)
    wanted = min(max(segment.start + shift, low), high)
    by_start, by_end = settled(wanted, limits), settled(wanted + length, limits)
    # Whichever boundary meets a line or frame with less pull decides; the other lands on its own frame.
    start = by_start if abs(by_start - wanted) <= abs(by_end - length - wanted) else by_end - length
    start = settled(start, replace(limits, reach=0.0))
    end = settled(start + length, replace(limits, reach=0.0))
    return Segment(start, end) if start < end else None


def _nearest(grid: tuple[int, ...], pts: float) -> int | None:
    if not grid:
        return None
    at = bisect_left(grid, pts)
    return min(grid[max(at - 1, 0) : at + 1], key=lambda one: abs(one - pts))
