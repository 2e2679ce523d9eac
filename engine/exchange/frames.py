"""Which frame of a clip an instant belongs to. Frames are counted from 0."""

from bisect import bisect_left

from msgspec import Struct

from engine.domain.media import Clock, MediaItem


class Frames(Struct, frozen=True):
    """PTS of the frames of one clip: from its table where that is known (`exact`), else evenly over its length."""

    clock: Clock
    count: int
    table: tuple[int, ...] = ()

    @property
    def exact(self) -> bool:
        return bool(self.table)

    def index_at(self, pts: int) -> int:
        """The frame nearest to `pts`."""
        if self.table:
            at = bisect_left(self.table, pts)
            near = [index for index in (at - 1, at) if 0 <= index < len(self.table)]
            return min(near, key=lambda index: abs(self.table[index] - pts))
        at = round((pts - self.clock.start) * self.count / max(self.clock.duration, 1))
        return min(max(at, 0), max(self.count - 1, 0))

    def pts_at(self, index: int) -> int | None:
        """The instant of a frame; None outside the clip."""
        if not 0 <= index < (len(self.table) or self.count):
            return None
        return self.table[index] if self.table else self.clock.start + round(index * self.clock.duration / self.count)

    @property
    def rate(self) -> float:
        """Frames a second on average."""
        return self.count / self.clock.seconds if self.clock.duration > 0 else 0.0


def frames_of(item: MediaItem, table: tuple[int, ...] = ()) -> Frames | None:
    """None where the clip's clock or number of frames is unknown."""
    if item.clock is None or not (table or item.frames):
        return None
    return Frames(item.clock, len(table) or item.frames, table)
