"""How times, places and states read in lists and captions."""

from engine.domain.annotation import Review
from engine.domain.geometry import Absent, Box, Geometry, Segment, Track, WholeItem
from engine.domain.media import Clock, MediaItem, MediaKind
from widgets.timecode import timecode

REVIEWS = {
    Review.PREDICTED: "to review",
    Review.ACCEPTED: "accepted",
    Review.ADJUSTED: "adjusted",
    Review.REJECTED: "rejected",
    Review.MISSED: "drawn by hand",
}
KINDS = {MediaKind.IMAGE: "picture", MediaKind.VIDEO: "clip", MediaKind.AUDIO: "sound"}


def where(geometry: Geometry, clock: Clock | None) -> str:
    """A geometry in a few words: pixels for boxes, times for segments."""
    match geometry:
        case Box():
            return f"{geometry.x0:.0f}, {geometry.y0:.0f}  {geometry.width:.0f} × {geometry.height:.0f}"
        case Segment(start, end):
            return _stretch(start, end, clock) if clock else f"{start} – {end}"
        case Track(keys):
            keyed = f"{len(keys)} key{'s' if len(keys) != 1 else ''}"
            return f"{_stretch(keys[0].pts, keys[-1].pts, clock)} · {keyed}" if clock else keyed
        case WholeItem():
            return "whole item"
        case Absent():
            return "not there"


def _stretch(start: int, end: int, clock: Clock) -> str:
    return f"{timecode(clock.seconds_at(start))} – {timecode(clock.seconds_at(end))}"


def facts(item: MediaItem) -> str:
    """What a medium is, in one line."""
    parts = [KINDS[item.kind]]
    if item.width:
        parts.append(f"{item.width} × {item.height}")
    if item.clock:
        parts.append(timecode(item.clock.seconds))
    if item.kind is MediaKind.VIDEO and item.frames:
        parts.append(f"{item.frames:,} frames")
    return " · ".join(parts)


def count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(number: float) -> str:
    """Bytes in the unit that reads best."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= scale:
            value = number / scale
            return f"{value:.1f} {unit}" if value < 100 else f"{value:,.0f} {unit}"
    return f"{number:.0f} bytes"


def span(seconds: float) -> str:
    """How long something takes, roughly."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
