"""What a question marks, and what its answer is limited to, must have something in its media to lie in.

Each check gives the sentence that refuses the question, or nothing.
"""

from collections.abc import Sequence

from engine.domain.errors import UsageError
from engine.domain.geometry import Box, Segment, clipped
from engine.domain.media import Clock, MediaKind
from engine.grounding.scene import scene_of
from engine.grounding.viewing import Viewed
from engine.messages import Ask, Encode


def check_marks(ask: Ask | Encode, media: Sequence[Viewed]) -> None:
    """Raises UsageError for a region, moment, frame or limit that the question's `media` have no place for."""
    scene = scene_of(media)
    clip = next((one.clock for one in media if one.kind is MediaKind.VIDEO or one.frame is not None), None)
    refused = _region(ask.region, scene.size) or _moment(ask.moment, scene.clock) or _frame(ask.frame, clip)
    if refused := refused or _limit(ask.constrain if isinstance(ask, Ask) else "", scene.size, media):
        raise UsageError(refused)


def _region(region: Box | None, size: tuple[int, int]) -> str:
    if region is None:
        return ""
    if min(size) <= 0:
        return "A region lies in a picture or a clip: leave it out, or ask about one."
    if clipped(region, *size) is None:
        return f"The region lies outside the picture, which has {size[0]} × {size[1]} pixels: mark one inside it."
    return ""


def _moment(moment: Segment | None, clock: Clock | None) -> str:
    if moment is None:
        return ""
    if clock is None:
        return "A moment lies in a clip or a sound: leave it out, or ask about one."
    if min(moment.end, clock.start + clock.duration) <= max(moment.start, clock.start):
        return f"The moment lies outside the medium, which lasts {clock.seconds:.2f} s: mark one inside it."
    return ""


def _frame(frame: int | None, clock: Clock | None) -> str:
    if frame is None:
        return ""
    if clock is None:
        return "Only a clip has frames: leave the time out, or ask about a clip."
    if not clock.start <= frame <= clock.start + clock.duration:
        return f"There is no frame outside the clip, which lasts {clock.seconds:.2f} s: choose one inside it."
    return ""


def _limit(constrain: str, size: tuple[int, int], media: Sequence[Viewed]) -> str:
    if constrain == "boxes" and min(size) <= 0:
        return "Boxes lie in a picture or a clip: limit the answer to times, or not at all."
    # A single frame of a clip is a picture.
    if constrain == "times" and all(one.clock is None or one.frame is not None for one in media):
        return "Times lie in a clip or a sound: limit the answer to boxes, or not at all."
    return ""
