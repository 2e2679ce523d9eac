"""Where and when: boxes, segments and tracks, and how much they overlap.

Boxes are pixel edges of the picture as displayed (after EXIF orientation and display rotation), float64, never rounded.
Instants are integer PTS of the item's clock (`engine.domain.media.Clock`); a segment is half-open.
"""

from bisect import bisect_right

from msgspec import Struct


class Box(Struct, frozen=True, tag="box"):
    """Left, top, right, bottom edge in pixels: 0 <= x0 < x1 <= width, 0 <= y0 < y1 <= height."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def edges(self) -> tuple[float, float, float, float]:
        return self.x0, self.y0, self.x1, self.y1


class Segment(Struct, frozen=True, tag="segment"):
    """[start, end) in PTS of the item's clock."""

    start: int
    end: int


class Key(Struct, frozen=True):
    """One keyframe of a track: the box at `pts`; `outside` says that the object is gone from here on."""

    pts: int
    box: Box
    outside: bool = False


class Track(Struct, frozen=True, tag="track"):
    """One object through a clip: keyframes in order of time, linear between them."""

    keys: tuple[Key, ...]

    def box_at(self, pts: int) -> Box | None:
        """The box at `pts`, or None before the first key and while outside."""
        at = bisect_right(self.keys, pts, key=lambda key: key.pts) - 1
        if at < 0 or self.keys[at].outside:
            return None
        left = self.keys[at]
        if at + 1 == len(self.keys) or left.pts == pts:
            return left.box
        right = self.keys[at + 1]
        share = (pts - left.pts) / (right.pts - left.pts)
        return left.box if right.outside else _between(left.box, right.box, share)


class WholeItem(Struct, frozen=True, tag="item"):
    """The statement is about the whole medium: a caption, a tag."""


class Absent(Struct, frozen=True, tag="absent"):
    """The statement is that the phrase is nowhere in the medium."""


Geometry = Box | Segment | Track | WholeItem | Absent


def normalised(a: tuple[float, float], b: tuple[float, float]) -> Box:
    """The box between two corners given in any order."""
    return Box(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))


def clipped(box: Box, width: float, height: float) -> Box | None:
    """`box` kept inside a picture of `width` x `height`; None when nothing of it is inside."""
    x0, x1 = max(box.x0, 0.0), min(box.x1, width)
    y0, y1 = max(box.y0, 0.0), min(box.y1, height)
    return Box(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def box_iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a.area + b.area - shared)


def segment_iou(a: Segment, b: Segment) -> float:
    """Temporal intersection over union of two segments of one clock, 0..1."""
    shared = min(a.end, b.end) - max(a.start, b.start)
    union = max(a.end, b.end) - min(a.start, b.start)
    return shared / union if shared > 0 else 0.0


def overlap(a: Geometry | None, b: Geometry | None) -> float:
    """Intersection over union in space or time, 0..1; a box and a track meet where they meet best."""
    match a, b:
        case Box(), Box():
            return box_iou(a, b)
        case Segment(), Segment():
            return segment_iou(a, b)
        case Track(keys), Box():
            return max((box_iou(key.box, b) for key in keys if not key.outside), default=0.0)
        case Box(), Track():
            return overlap(b, a)
        case Track(keys), Track():
            return max((overlap(b.box_at(key.pts), key.box) for key in keys if not key.outside), default=0.0)
        case _:
            return 0.0


def _between(a: Box, b: Box, share: float) -> Box:
    edges = (p + (q - p) * share for p, q in zip(a.edges, b.edges, strict=True))
    return Box(*edges)
