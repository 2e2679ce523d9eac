"""A medium of the project: what it is and how its time runs."""

from enum import StrEnum
from fractions import Fraction

from msgspec import Struct


class MediaKind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


class Clock(Struct, frozen=True):
    """Time of a medium: integer PTS of one stream in units of `num`/`den` seconds.

    `start` is the PTS shown as 0 s and `duration` the length in the same units. A clip runs on its video stream,
    a sound on its audio stream.
    """

    num: int
    den: int
    start: int
    duration: int

    def seconds_at(self, pts: int) -> float:
        """Seconds after the start of the medium."""
        return (pts - self.start) * self.num / self.den

    def pts_at(self, seconds: float) -> int:
        """The PTS nearest to `seconds` after the start of the medium."""
        return self.start + round(Fraction(seconds) * self.den / self.num)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.duration * self.num / self.den


class MediaItem(Struct, frozen=True, tag="media"):
    """One picture, clip or sound of a project.

    `path` is POSIX and relative to the project's root where the file lies under it, else absolute.
    `width` and `height` are pixels as displayed, 0 for a sound. `digest` is the SHA-256 of the file's content in hex,
    "" while it has not been read. `frames` is the exact count of frames shown, 1 for a picture, 0 for a sound or while
    unknown. `done` is set when the annotator finished the item.
    """

    id: str
    path: str
    kind: MediaKind
    width: int = 0
    height: int = 0
    clock: Clock | None = None
    frames: int = 0
    digest: str = ""
    size: int = 0
    sound: bool = False
    done: bool = False
