"""Time as people write it: hours, minutes, seconds, milliseconds, and frame numbers. Pure."""

import re

from msgspec import Struct

_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d*)?)\s*s?")
_FRAME = re.compile(r"f\s*(\d+)", re.IGNORECASE)


class Place(Struct, frozen=True):
    """Where somebody wants to go: seconds after the start, or a frame's number from 0."""

    seconds: float = 0.0
    frame: int | None = None


def timecode(seconds: float, decimals: int = 3) -> str:
    """`1:02:03.450`; hours only where there are any."""
    units = 10**decimals
    total = round(abs(seconds) * units)
    whole, part = divmod(total, units)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    sign = "-" if seconds < 0 and total else ""
    head = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    tail = f".{part:0{decimals}}" if decimals else ""
    return f"{sign}{head}:{left:02}{tail}"


def read_place(text: str) -> Place | None:
    """`1:02:03.5`, `2:10`, `75.2 s` or `f 120`; None if it is neither."""
    frame = _FRAME.fullmatch(text.strip())
    if frame:
        return Place(frame=int(frame[1]))
    clock = _CLOCK.fullmatch(text.strip())
    if not clock:
        return None
    hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in clock.groups())
    return Place(hours * 3600 + minutes * 60 + seconds)
