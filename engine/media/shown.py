"""What is seen of a clip at given frames, damaged ones included: nothing that can be played is refused as a whole."""

from pathlib import Path

import av

from engine.domain.errors import MediaError
from engine.media.index import FrameIndex
from engine.media.video import Decoded, VideoReader


class ShownFrames:
    """Frames in rising order of PTS. For one thread; `close` it.

    In place of a frame that cannot be decoded the one before it is seen.
    """

    def __init__(self, path: Path, index: FrameIndex) -> None:
        self._reader = VideoReader(path, index)
        self._seen: Decoded | None = None

    def close(self) -> None:
        self._reader.close()

    def at(self, pts: int) -> av.VideoFrame:
        """Raises `MediaError` when no frame at all can be decoded."""
        if self._seen is None or self._seen[0] < pts:
            self._seen = self._found(pts)
        return self._seen[1]

    def _found(self, pts: int) -> Decoded:
        try:
            return self._reader.at(pts)
        except MediaError:
            if self._reader.index is None:
                raise
            # Without its index the reader looks for what is on screen, not for the frame itself: much less work where
            # more are damaged.
            self._reader.index = None
            return self._reader.at(pts)
