"""What is seen of a clip at given frames, damaged ones included: nothing that can be played is refused as a whole."""

from collections.abc import Callable
from pathlib import Path

import av

from engine.domain.errors import MediaError
from engine.media.index import FrameIndex
from engine.media.video import Decoded, VideoReader


class ShownFrames:
    """Frames on screen in rising order of time (PTS). For one thread; `close` it.

    In place of a frame that cannot be decoded the one before it is seen.
    """

    def __init__(self, path: Path, index: FrameIndex, *, threads: int = 0) -> None:
        self._index = index
        self._reader = VideoReader(path, index, threads=threads)
        self._seen: Decoded | None = None

    def close(self) -> None:
        self._reader.close()

    def at(self, pts: int, stop: Callable[[], bool] | None = None) -> av.VideoFrame:
        """Raises `MediaError` when no frame at all can be decoded, `Cancelled` once `stop()`."""
        shown = int(self._index.pts[self._index.rank(pts)])
        if self._seen is None or self._seen[0] < shown:
            self._seen = self._found(shown, stop)
        return self._seen[1]

    def _found(self, pts: int, stop: Callable[[], bool] | None) -> Decoded:
        try:
            return self._reader.at(pts, stop=stop)
        except MediaError:
            if self._reader.index is None:
                raise
            # Without its index the reader looks for what is on screen, not for the frame itself: much less work where
            # more are damaged.
            self._reader.index = None
            return self._reader.at(pts, stop=stop)
