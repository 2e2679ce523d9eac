"""Decoded frames near the one on screen, within a budget of bytes: stepping costs nothing where it reaches."""

import threading

import av

from engine.media.convert import Size

BUDGET = 320 << 20
_MOST = 512


class FrameStore:
    """PTS -> decoded frame, none made for less than the `view` they are shown in, None for every pixel.

    Shared between threads; what lies farthest from the `cursor` goes first.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self._lock = threading.Lock()
        self._frames: dict[int, av.VideoFrame] = {}
        self._budget = budget
        self._bytes = 0
        self._view: Size | None = None
        self.cursor = 0

    @property
    def view(self) -> Size | None:
        return self._view

    def resize(self, view: Size | None) -> None:
        """Frames kept for a smaller view are forgotten."""
        with self._lock:
            if _exceeds(view, self._view):
                self._clear()
            self._view = view

    def get(self, pts: int) -> av.VideoFrame | None:
        with self._lock:
            return self._frames.get(pts)

    def put(self, pts: int, frame: av.VideoFrame, view: Size | None) -> None:
        """`view` is the one that the frame was made for: the frame is left out if a larger one has come since."""
        with self._lock:
            if pts in self._frames or _exceeds(self._view, view):
                return
            self._frames[pts] = frame
            self._bytes += weight(frame)
            while len(self._frames) > 1 and (self._bytes > self._budget or len(self._frames) > _MOST):
                farthest = max(self._frames, key=lambda one: abs(one - self.cursor))
                self._bytes -= weight(self._frames.pop(farthest))

    def has(self, pts: int) -> bool:
        with self._lock:
            return pts in self._frames

    def clear(self) -> None:
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        self._frames.clear()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        return self._bytes

    @property
    def room(self) -> int:
        """How many frames of the kind it holds fit into the budget."""
        with self._lock:
            return min(self._budget * len(self._frames) // max(self._bytes, 1), _MOST) if self._frames else _MOST


def _exceeds(view: Size | None, other: Size | None) -> bool:
    """Whether `view` shows more than a frame made for `other` holds."""
    return other is not None and (view is None or view[0] > other[0] or view[1] > other[1])


def weight(frame: av.VideoFrame) -> int:
    """Bytes that a decoded frame holds."""
    return sum(plane.buffer_size for plane in frame.planes)
