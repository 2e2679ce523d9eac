"""What following a thing through a clip is made of, and how many keyframes its boxes need. Pure."""

from collections.abc import Sequence

from msgspec import Struct

from engine.domain.geometry import Box, Key, Track, box_iou

FLOOR = 0.9


class Tracked(Struct, frozen=True):
    """Where a thing was seen on one frame; `sure` in 0..1 says how much it still looks as it did."""

    pts: int
    box: Box
    sure: float = 1.0


class Leg(Struct, frozen=True):
    """A stretch to follow: from `start`, where the thing is in `box`, to the frame at `end`, before or after it.

    `fresh` says that the box is known and not followed: from now on the thing looks as it does there.
    """

    start: int
    box: Box
    end: int
    fresh: bool = False


def thinned(boxes: Sequence[Tracked], floor: float = FLOOR) -> list[Key]:
    """Keyframes between which straight lines stay within IoU `floor` of every box; in order of time as given."""
    if len(boxes) < 3:
        return [Key(one.pts, one.box) for one in boxes]
    kept = {0, len(boxes) - 1}
    open_: list[tuple[int, int]] = [(0, len(boxes) - 1)]
    while open_:
        left, right = open_.pop()
        worst, at = _worst(boxes, left, right)
        if worst < floor:
            kept.add(at)
            open_ += [(left, at), (at, right)]
    return [Key(boxes[at].pts, boxes[at].box) for at in sorted(kept)]


def merged(under: Track, over: Track) -> Track:
    """`under` with the stretch that `over` covers taken from `over`."""
    first, last = over.keys[0].pts, over.keys[-1].pts
    before = [key for key in under.keys if key.pts < first]
    after = [key for key in under.keys if key.pts > last]
    return Track((*before, *over.keys, *after))


def _worst(boxes: Sequence[Tracked], left: int, right: int) -> tuple[float, int]:
    """The lowest overlap of a box between two others with the line between them, and which one it is."""
    line = Track((Key(boxes[left].pts, boxes[left].box), Key(boxes[right].pts, boxes[right].box)))
    worst, at = 1.0, left
    for place in range(left + 1, right):
        straight = line.box_at(boxes[place].pts)
        overlap = box_iou(straight, boxes[place].box) if straight else 0.0
        if overlap < worst:
            worst, at = overlap, place
    return worst, at
