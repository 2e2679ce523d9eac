"""The model's language of boxes and times, used alike to prompt, to read answers and to write training data.

Boxes are `[x0, y0, x1, y1]`, fractions of the padded square with 3 decimals, the boxes of one phrase back to back;
times are `{start,end}`, fractions of the duration with 2 decimals (GroundingGPT, section 3.2). The square has the
longer side of the picture, the picture centred with offset floor(difference / 2). Nothing here raises on what a model
wrote: malformed spans are values.
"""

import math
import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from engine.domain.geometry import Box, Segment, clipped
from engine.domain.media import Clock
from engine.domain.query import Grounding

_NUMBER = r"[-+]?[0-9.]{1,24}(?:[eE][-+]?[0-9]{1,3})?|[-+]?(?:nan|inf|NaN|Infinity)"
_LIST = rf"\s*(?:{_NUMBER})(?:\s*,\s*(?:{_NUMBER})){{0,15}}\s*"
_SPAN = re.compile(rf"\[({_LIST})\]|\{{({_LIST})\}}", re.ASCII)
_BREAK = re.compile(r"[.;!?\n]\s+|\s+(?:and|while|next to|with|but)\s+|,\s+|^\s*", re.IGNORECASE)
_LINK = re.compile(r"[\s:(]*(?:\b(?:is|are|at|in|from|located|appears?|sounds?|plays?)\b[\s:(]*)*$", re.IGNORECASE)
_LEAD = re.compile(r"^(?:(?:the|a|an|and|there is|there are|it is|is|at)\s+)+", re.IGNORECASE)
_LONGEST_PHRASE = 200

PLACE = "{place}"
"""Stands in a question for the region or moment that the user marked."""
ABSENT = "not there"
"""What the model says of a thing that is nowhere in the medium: an answer like any other."""


class Span(Struct, frozen=True):
    """Coordinates in the model's own numbers as they stand in its text.

    `numbers` are 4 fractions of the padded square or 2 of the duration when `well_formed`. `start` and `end` are the
    characters that phrase and coordinates take.
    """

    phrase: str
    box: bool
    numbers: tuple[float, ...]
    well_formed: bool
    start: int
    end: int


def read(text: str) -> list[Span]:
    """All complete coordinate spans of an answer, in order; coordinates back to back share their phrase."""
    spans: list[Span] = []
    last = 0
    for match in _SPAN.finditer(text):
        joined = bool(spans) and not text[last : match.start()].strip(" ,;&")
        phrase, start = (spans[-1].phrase, match.start()) if joined else _phrase(text, last, match.start())
        box = match.group(1) is not None
        numbers = _numbers(match.group(1) or match.group(2))
        spans.append(Span(phrase, box, numbers, _well_formed(numbers, box=box), start, match.end()))
        last = match.end()
    return spans


def groundings(spans: Iterable[Span], size: tuple[int, int], clock: Clock | None, *, score: float) -> list[Grounding]:
    """Spans as places in a medium of `size` (width, height) and `clock`; what does not fit has no geometry."""
    return [Grounding(span.phrase, _geometry(span, size, clock), score, span.start, span.end) for span in spans]


def question(
    text: str,
    region: Box | None = None,
    moment: Segment | None = None,
    *,
    size: tuple[int, int] = (0, 0),
    clock: Clock | None = None,
) -> str:
    """The question as the model is given it: the marked place stands where `PLACE` does, else behind the words."""
    marks = [write_box(region, size)] if region and min(size) > 0 else []
    marks += [write_segment(moment, clock)] if moment and clock and clock.duration > 0 else []
    place = " ".join(marks)
    if PLACE in text:
        return text.replace(PLACE, place)
    return f"{text} {place}" if place else text


def write_box(box: Box, size: tuple[int, int]) -> str:
    """A box in pixels as the model writes it."""
    return "[" + ", ".join(f"{value:.3f}" for value in to_square(box, size)) + "]"


def write_segment(segment: Segment, clock: Clock) -> str:
    """A segment as the model writes it."""
    start, end = (min(max((pts - clock.start) / clock.duration, 0.0), 1.0) for pts in (segment.start, segment.end))
    return f"{{{start:.2f},{end:.2f}}}"


def write(phrase: str, coordinates: Sequence[str]) -> str:
    """One grounded phrase: `phrase:[…][…]` or, for no phrase, the coordinates alone."""
    return f"{phrase}:{''.join(coordinates)}" if phrase else "".join(coordinates)


def to_square(box: Box, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Pixels of the picture to fractions 0..1 of the padded square."""
    side, left, top = _square(size)
    edges = ((box.x0 + left) / side, (box.y0 + top) / side, (box.x1 + left) / side, (box.y1 + top) / side)
    x0, y0, x1, y1 = (min(max(edge, 0.0), 1.0) for edge in edges)
    return x0, y0, x1, y1


def to_pixels(square: Sequence[float], size: tuple[int, int]) -> Box | None:
    """Fractions of the padded square to pixels, clipped to the picture; None when nothing of it lies inside."""
    side, left, top = _square(size)
    x0, y0, x1, y1 = square
    return clipped(Box(x0 * side - left, y0 * side - top, x1 * side - left, y1 * side - top), *size)


def to_segment(fractions: Sequence[float], clock: Clock) -> Segment | None:
    """Fractions of the duration to PTS; None for an empty segment."""
    start, end = (clock.start + round(fraction * clock.duration) for fraction in fractions)
    return Segment(start, end) if start < end else None


def _square(size: tuple[int, int]) -> tuple[int, int, int]:
    """Side of the padded square, and the picture's left and top offset inside it."""
    width, height = size
    side = max(width, height, 1)
    return side, (side - width) // 2, (side - height) // 2


def _geometry(span: Span, size: tuple[int, int], clock: Clock | None) -> Box | Segment | None:
    if not span.well_formed:
        return None
    if span.box:
        return to_pixels(span.numbers, size) if min(size) > 0 else None
    return to_segment(span.numbers, clock) if clock and clock.duration > 0 else None


def _numbers(text: str) -> tuple[float, ...]:
    numbers = []
    for part in text.split(","):
        try:
            numbers.append(float(part))
        except ValueError:
            numbers.append(math.nan)
    return tuple(numbers)


def _well_formed(numbers: tuple[float, ...], *, box: bool) -> bool:
    if len(numbers) != (4 if box else 2) or not all(0.0 <= number <= 1.0 for number in numbers):
        return False
    half = len(numbers) // 2
    return all(low < high for low, high in zip(numbers[:half], numbers[half:], strict=True))


def _phrase(text: str, after: int, before: int) -> tuple[str, int]:
    """The words just before the coordinates, and where they begin."""
    low = max(after, before - _LONGEST_PHRASE)
    words = text[low:before]
    link = _LINK.search(words)
    words = words[: link.start()] if link else words
    breaks = [match.end() for match in _BREAK.finditer(words) if match.end() < len(words)]
    start = breaks[-1] if breaks else 0
    phrase = words[start:].strip(" \t\n:,.;()")
    stripped = _LEAD.sub("", phrase)
    return stripped, low + start
