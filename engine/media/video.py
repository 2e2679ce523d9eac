"""Exact seeking in clips: the frame asked for, or an error; never a neighbour.

Three rules make seeks exact in every container. A seek aims at one frame after the key, because files with edit lists
land one group short of a seek to the key itself. A first frame later than wanted (MPEG-TS) sends the reader back by one
key, in the end to a fresh start of the file. Frames that no other needs are skipped until shortly before the target.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from engine.domain.errors import Cancelled, MediaError
from engine.media.container import open_container, readable, video_of
from engine.media.index import FrameIndex
from engine.media.times import FrameTimes

# Decoding whole again this many frames before the target is exact for every depth of B-frames in use.
_LEAD = 16
_TRIES = 5
# Frames that a seek costs on top of those it decodes.
_CHEAPER = 3
# Seconds that are rather decoded than sought while there is no index.
_NEAR = 1
_NEVER = -(1 << 63)
_MARGINS = (0.0, 1.0, 4.0, 16.0)
Decoded = tuple[int, av.VideoFrame]
Stored = Callable[[int, av.VideoFrame], None]


class VideoReader:
    """Decoded frames of a clip by PTS. For one thread; `close` it.

    With an `index` every frame is found exactly. Without one, while it is still being built, the frame on screen at an
    instant is found by decoding past it.
    """

    def __init__(self, path: Path, index: FrameIndex | None = None, *, threads: int = 0) -> None:
        self.path = path
        self.index = index
        self._threads = threads
        self._container: InputContainer | None = None
        self._given: Decoded | None = None
        self._pending: Decoded | None = None
        self._frames: Iterator[Decoded] = iter(())
        self._skip_until = _NEVER
        self._skip_all = False
        self._open()

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    def at(
        self, pts: int, *, keep: int = 0, stored: Stored | None = None, stop: Callable[[], bool] | None = None
    ) -> Decoded:
        """(PTS, frame) on screen at `pts`.

        `stored` is given each frame on the way whose place is within `keep` before the target. Raises `MediaError` when
        the frame cannot be decoded, `Cancelled` once `stop()`.
        """
        self._skip_all = False
        with readable(self.path):
            if self.index is None:
                return self._seen_at(pts, stop)
            return self._exact(self.index, self.index.rank(pts), keep, stored, stop)

    def next(self) -> Decoded | None:
        """The frame after the one before, None at the end."""
        with readable(self.path):
            found = self._pending or next(self._frames, None)
        self._pending = None
        if found is not None:
            self._given = found
        return found

    def near(self, pts: int) -> Decoded | None:
        """A frame not after `pts` that needs no others, as near as the container leads; None if there is none."""
        with readable(self.path):
            self._seek(pts)
            found = next(self._frames, None)
        self._restart(sought=True)
        return found if found is not None and found[0] <= pts else None

    @property
    def place(self) -> int | None:
        """PTS of the frame given last, None when the next one is not its successor."""
        return None if self._given is None else self._given[0]

    def skip_unneeded(self, skip: bool) -> None:
        """Let `next` leave out frames that no other needs, to catch up when playing is behind; up to the next `at`."""
        self._skip_all = skip

    def _open(self) -> None:
        self.close()
        with readable(self.path):
            container = open_container(self.path)
            stream = video_of(container)
            if stream is None:
                container.close()
                raise MediaError(f"{self.path.name} holds no video.")
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = self._threads
        self._container = container
        self._stream: VideoStream = stream
        self._times = FrameTimes(container, stream)
        self._restart(sought=False)

    def _restart(self, *, sought: bool) -> None:
        self._given = None
        self._pending = None
        self._frames = self._decoding(sought)

    def _decoding(self, sought: bool) -> Iterator[Decoded]:
        container = self._container
        if container is None:
            return
        context, times = self._stream.codec_context, self._times
        for packet in times.packets(sought=sought):
            unneeded = self._skip_all or (packet.pts is not None and packet.pts < self._skip_until)
            context.skip_frame = "NONREF" if unneeded and times.exact else "DEFAULT"
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                continue
            for frame in frames:
                pts = times.of(frame)
                if pts is not None:
                    yield pts, frame

    def _seek(self, pts: int) -> None:
        if self._container is None:
            return
        try:
            self._container.seek(pts, stream=self._stream, backward=True, any_frame=False)
        except av.error.FFmpegError:
            # Bare streams cannot be sought before their first picture, or not at all.
            self._open()
        else:
            self._restart(sought=True)

    def _exact(
        self, index: FrameIndex, rank: int, keep: int, stored: Stored | None, stop: Callable[[], bool] | None
    ) -> Decoded:
        target = int(index.pts[rank])
        first_kept = int(index.pts[max(rank - keep, 0)])
        self._skip_until = int(index.pts[max(rank - keep - _LEAD, 0)])
        key = int(np.searchsorted(index.keys, target, side="right")) - 1
        ahead = self._reaches(index, rank, key)
        for attempt in range(_TRIES):
            if not ahead:
                self._seek_key(index, key - attempt if attempt < _TRIES - 1 else -1, target)
            ahead = False
            found = self._run_to(target, first_kept, stored, stop)
            if found is not None:
                return found
        self._given = None
        raise MediaError(f"A frame of {self.path.name} cannot be decoded; the file is damaged there.")

    def _reaches(self, index: FrameIndex, rank: int, key: int) -> bool:
        """Whether decoding on is no dearer than starting again from the key."""
        place = self.place
        if place is None or place >= index.pts[rank]:
            return False
        return key < 0 or rank - index.rank(place) <= rank - index.rank(int(index.keys[key])) + _CHEAPER

    def _seek_key(self, index: FrameIndex, key: int, target: int) -> None:
        if key < 0:
            self._open()
            return
        after = int(np.searchsorted(index.pts, index.keys[key], side="right"))
        one_on = int(index.pts[after]) if after < len(index) else target
        self._seek(min(one_on, max(target, int(index.keys[key]))))

    def _run_to(
        self,
        target: int,
        first_kept: int,
        stored: Stored | None,
        stop: Callable[[], bool] | None,
    ) -> Decoded | None:
        """Decode up to the target; None when the reader is past it or at the end."""
        while True:
            if stop is not None and stop():
                raise Cancelled("A newer frame is wanted.")
            found = self._pending or next(self._frames, None)
            self._pending = None
            if found is None or found[0] > target:
                self._given = None
                return None
            self._given = found
            if found[0] == target:
                return found
            if stored is not None and found[0] >= first_kept:
                stored(*found)

    def _seen_at(self, pts: int, stop: Callable[[], bool] | None) -> Decoded:
        base = self._stream.time_base
        self._skip_until = _NEVER
        if not self._leads_to(pts):
            self._seek(pts)
        for margin in (*_MARGINS, None):
            found = self._run_past(pts, stop)
            if found is not None:
                return found
            if margin is None or base is None:
                self._open()
            else:
                self._seek(pts - round(margin / base))
        found = self._run_past(pts, stop) or self.next()
        if found is None:
            raise MediaError(f"{self.path.name} holds no frame that can be decoded.")
        return found

    def _leads_to(self, pts: int) -> bool:
        """Whether reading on is no dearer than seeking."""
        place, base = self.place, self._stream.time_base
        if place is None or place > pts:
            return False
        reached = place if self._pending is None else self._pending[0]
        return base is None or (pts - reached) * base <= _NEAR

    def _run_past(self, pts: int, stop: Callable[[], bool] | None) -> Decoded | None:
        """The last frame not after `pts`, perhaps the one given before; the one after it waits in `_pending`."""
        while True:
            if stop is not None and stop():
                raise Cancelled("A newer frame is wanted.")
            found = self._pending or next(self._frames, None)
            self._pending = None
            if found is None or found[0] > pts:
                self._pending = found
                return self._given
            self._given = found
