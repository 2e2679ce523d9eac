"""Decoded frames near the one on screen, within a budget of bytes: stepping costs nothing where it reaches."""

import threading

import av

BUDGET = 320 << 20
_MOST = 512


class FrameStore:
    """PTS -> decoded frame. Shared between threads; what lies farthest from the `cursor` goes first."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._lock = threading.Lock()
        self._frames: dict[int, av.VideoFrame] = {}
        self._budget = budget
        self._bytes = 0
        self.cursor = 0

    def get(self, pts: int) -> av.VideoFrame | None:
        with self._lock:
            return self._frames.get(pts)

    def put(self, pts: int, frame: av.VideoFrame) -> None:
        with self._lock:
            if pts in self._frames:
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


def weight(frame: av.VideoFrame) -> int:
    """Bytes that a decoded frame holds."""
    return sum(plane.buffer_size for plane in frame.planes)
