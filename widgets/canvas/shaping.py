"""What a gesture makes of a box: move, resize, edge jump, nudge, scale, snap. Pure, in picture pixels.

A grip is a mask of the edges that follow the pointer: one for an edge, two for a vertex, all four for the body.
"""

from bisect import bisect_left

from msgspec import Struct

from engine.domain.geometry import Box, clipped, normalised

LEFT, TOP, RIGHT, BOTTOM = 1, 2, 4, 8
BODY = LEFT | TOP | RIGHT | BOTTOM

Point = tuple[float, float]


class Frame(Struct, frozen=True):
    """What bounds a gesture: the picture's size, whether boxes stay inside it, and lines to snap to.

    `xs` and `ys` are sorted; `reach` is how far a line attracts, 0 for no snapping.
    """

    width: float
    height: float
    inside: bool = True
    xs: tuple[float, ...] = ()
    ys: tuple[float, ...] = ()
    reach: float = 0.0


def point_in(frame: Frame, at: Point) -> Point:
    """A point snapped to the lines in reach and kept inside the picture."""
    x = at[0] + _pull(frame.xs, frame.reach, (at[0],))
    y = at[1] + _pull(frame.ys, frame.reach, (at[1],))
    if frame.inside:
        return min(max(x, 0.0), frame.width), min(max(y, 0.0), frame.height)
    return x, y


def between(a: Point, b: Point, frame: Frame) -> Box | None:
    """The box between two corners, however they were dragged; None if it has no area."""
    return _solid(normalised(a, b), frame)


def around(points: tuple[Point, ...], frame: Frame) -> Box | None:
    """The box through extreme points, given in any order; None if it has no area."""
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    return _solid(Box(min(xs), min(ys), max(xs), max(ys)), frame)


def dragged(box: Box, grip: int, dx: float, dy: float, frame: Frame) -> Box | None:
    """`box` after its edges in `grip` went `dx`, `dy`; crossing edges swap; None if no area is left."""
    if grip == BODY:
        return _moved(box, dx, dy, frame)
    x0 = _shifted(box.x0, dx, frame.xs, frame.reach) if grip & LEFT else box.x0
    x1 = _shifted(box.x1, dx, frame.xs, frame.reach) if grip & RIGHT else box.x1
    y0 = _shifted(box.y0, dy, frame.ys, frame.reach) if grip & TOP else box.y0
    y1 = _shifted(box.y1, dy, frame.ys, frame.reach) if grip & BOTTOM else box.y1
    return _solid(normalised((x0, y0), (x1, y1)), frame)


def nearest_edge(box: Box, at: Point) -> int:
    """The edge closest to a point; beyond a corner, the one that the point is further outside of."""
    x, y = at
    aside = max(box.x0 - x, x - box.x1, 0.0), max(box.y0 - y, y - box.y1, 0.0)
    horizontal = LEFT if abs(x - box.x0) <= abs(x - box.x1) else RIGHT
    vertical = TOP if abs(y - box.y0) <= abs(y - box.y1) else BOTTOM
    if aside != (0.0, 0.0):
        return horizontal if aside[0] >= aside[1] else vertical
    to_side = min(abs(x - box.x0), abs(x - box.x1))
    to_level = min(abs(y - box.y0), abs(y - box.y1))
    return horizontal if to_side <= to_level else vertical


def jumped(box: Box, at: Point, frame: Frame) -> Box | None:
    """The nearest edge goes to the point."""
    return edge_to(box, nearest_edge(box, at), point_in(frame, at), frame)


def edge_to(box: Box, edge: int, at: Point, frame: Frame) -> Box | None:
    """One edge goes to the point; None if no area is left."""
    x, y = at
    edges = {LEFT: (x, box.y0, box.x1, box.y1), TOP: (box.x0, y, box.x1, box.y1)}
    edges |= {RIGHT: (box.x0, box.y0, x, box.y1), BOTTOM: (box.x0, box.y0, box.x1, y)}
    x0, y0, x1, y1 = edges[edge]
    return _solid(normalised((x0, y0), (x1, y1)), frame)


def scaled(box: Box, factor: float, frame: Frame) -> Box | None:
    """`box` made larger or smaller around its middle."""
    dx, dy = box.width * (factor - 1) / 2, box.height * (factor - 1) / 2
    return _solid(Box(box.x0 - dx, box.y0 - dy, box.x1 + dx, box.y1 + dy), frame)


def grown(box: Box, edge: int, step: float, larger: bool, frame: Frame) -> Box | None:
    """`box` with one edge moved outwards, or inwards, by `step` pixels."""
    shift = step if (edge in {RIGHT, BOTTOM}) is larger else -step
    return dragged(box, edge, shift, shift, frame)


def _moved(box: Box, dx: float, dy: float, frame: Frame) -> Box:
    dx += _pull(frame.xs, frame.reach, (box.x0 + dx, box.x1 + dx))
    dy += _pull(frame.ys, frame.reach, (box.y0 + dy, box.y1 + dy))
    if frame.inside:
        dx = _slid(box.x0, box.x1, dx, frame.width)
        dy = _slid(box.y0, box.y1, dy, frame.height)
    return Box(box.x0 + dx, box.y0 + dy, box.x1 + dx, box.y1 + dy)


def _slid(low: float, high: float, shift: float, size: float) -> float:
    """The shift that keeps [low, high] within 0..size; what was outside already may stay as far out, no further."""
    return min(max(shift, min(-low, 0.0)), max(size - high, 0.0))


def _shifted(edge: float, shift: float, lines: tuple[float, ...], reach: float) -> float:
    return edge + shift + _pull(lines, reach, (edge + shift,))


def _solid(box: Box, frame: Frame) -> Box | None:
    if frame.inside:
        return clipped(box, frame.width, frame.height)
    return box if box.area > 0 else None


def _pull(lines: tuple[float, ...], reach: float, values: tuple[float, ...]) -> float:
    """The smallest shift that puts one of `values` on one of `lines`, if it is within reach, else 0."""
    if reach <= 0 or not lines:
        return 0.0
    pulls = []
    for value in values:
        at = bisect_left(lines, value)
        pulls += [line - value for line in lines[max(at - 1, 0) : at + 1]]
    best = min(pulls, key=abs)
    return best if abs(best) <= reach else 0.0
