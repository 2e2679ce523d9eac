"""The thread that decodes pictures of a clip: ahead of the clock while playing, the newest wish while not."""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import msgspec
from msgspec import Struct

from engine.domain.errors import Cancelled, GroundworkError
from engine.domain.geometry import Segment
from engine.media.convert import Converter, Frame
from engine.media.frame_store import FrameStore
from engine.media.index import FrameIndex, frame_index
from engine.media.proxy import Proxy, proxy_file
from engine.media.sound_queue import Instant
from engine.media.video import Decoded, VideoReader

_AHEAD = 6
# Frames kept behind a sought one, and fetched at a time while stepping back.
_KEPT_BEHIND = 32
_CHUNK, _LARGEST_CHUNK = 48, 128
# A key frame this far before the wanted one is worth showing while scrubbing.
_PREVIEW = 8
# The same in seconds, while the frames are still being counted.
_GLIMPSE = 0.25
_LATE, _LOST = 0.1, 1.0


class Show(Struct, frozen=True):
    """Show the frame `steps` after the one at `pts`.

    `scrub` allows a nearby key frame first; `back` prepares for more steps back.
    """

    pts: int
    steps: int = 0
    scrub: bool = False
    back: bool = False


class Run(Struct, frozen=True):
    """Play from `pts` on, around `loop` if there is one."""

    pts: int
    loop: Segment | None = None


class Due(Struct, frozen=True, eq=False):
    """A frame ready to be shown, and when."""

    when: Instant
    frame: Frame


class FrameSource:
    """Two decoders and a store of frames, whose `view` bounds the size of what is handed out."""

    def __init__(self, path: Path, turn: int, full: int, base: Fraction, now: Callable[[], Instant | None]) -> None:
        """`turn` is the EXIF number, `full` the width as stored; `now` tells the instant that is heard."""
        self._path, self._base, self._now = path, base, now
        self._state = threading.Condition()
        self._wish: Show | Run | None = None
        self._generation = 0
        self._closed = threading.Event()
        self._queue: deque[Due] = deque()
        self._shown: Frame | None = None
        self._back_to: int | None = None
        self._turn, self._full = turn, full
        self._near = Converter(turn, full=full)
        self._indexed = False
        self.store = FrameStore()
        self._copy = proxy_file(path)
        self._proxy: Proxy | None = None
        self.index: FrameIndex | None = None
        self.dropped = 0
        self.notice = ""
        jobs = (self._build_index, self._decode, self._decode_back)
        self._threads = [threading.Thread(target=job, name=f"media {job.__name__}", daemon=True) for job in jobs]
        for thread in self._threads:
            thread.start()

    def wish(self, wish: Show | Run | None) -> None:
        """Replace whatever was being done; None only stops. A frame that is kept comes at once."""
        frame = self._at_hand(wish) if isinstance(wish, Show) else None
        with self._state:
            self._wish = wish if frame is None else None
            self._generation += 1
            self._queue.clear()
            self._shown = frame
            if frame is not None and isinstance(wish, Show) and wish.back:
                self._back_to = frame.pts
            self._state.notify_all()

    def _at_hand(self, wish: Show) -> Frame | None:
        if self.index is None or wish.steps:
            return None
        pts = int(self.index.pts[self.index.rank(wish.pts)])
        held = self.store.get(pts)
        if held is None:
            return None
        self.store.cursor = pts
        self._near.view = self.store.view
        return self._near.frame(held, pts)

    def take(self, now: Instant | None) -> Frame | None:
        """The newest frame to show: the one due at `now` while playing, the one wished for while not."""
        with self._state:
            if now is None:
                frame, self._shown = self._shown, None
                return frame
            due: Frame | None = None
            while self._queue and self._queue[0].when <= now:
                self.dropped += due is not None
                due = self._queue.popleft().frame
            if due is not None:
                self.store.cursor = due.pts
                self._state.notify_all()
            return due

    def close(self) -> None:
        self._closed.set()
        self.wish(None)
        for thread in self._threads:
            thread.join()
        self.store.clear()

    # --- the decoding thread

    def _decode(self) -> None:
        try:
            reader = VideoReader(self._path)
        except GroundworkError as error:
            self.notice = str(error)
            return
        converter = Converter(self._turn, full=self._full)
        try:
            while True:
                with self._state:
                    self._state.wait_for(lambda: self._closed.is_set() or self._wish is not None)
                    wish, self._wish, generation = self._wish, None, self._generation
                if self._closed.is_set():
                    return
                self._serve(_Task(self, reader, converter, generation), wish)
        finally:
            reader.close()
            if self._proxy is not None:
                self._proxy.close()

    def _serve(self, task: "_Task", wish: Show | Run | None) -> None:
        try:
            if isinstance(wish, Show):
                task.show(wish)
            elif isinstance(wish, Run):
                task.play(wish)
        except Cancelled:
            return
        except GroundworkError as error:
            self.notice = str(error)

    # --- the index, and the second decoder for steps back

    def _build_index(self) -> None:
        try:
            self.index = frame_index(self._path, self._closed)
        except GroundworkError as error:
            self.notice = "" if isinstance(error, Cancelled) else str(error)
        with self._state:
            self._indexed = True
            self._state.notify_all()

    def _decode_back(self) -> None:
        reader: VideoReader | None = None
        try:
            while True:
                with self._state:
                    self._state.wait_for(lambda: self._closed.is_set() or self._back_to is not None)
                    wanted, self._back_to = self._back_to, None
                if self._closed.is_set():
                    return
                if self.index is not None and wanted is not None:
                    # What cannot be got ready is told of when it is wished for.
                    with suppress(GroundworkError):
                        reader = reader or VideoReader(self._path, self.index, threads=1)
                        self._fetch_chunk(reader, self.index, wanted)
        finally:
            if reader is not None:
                reader.close()

    def _fetch_chunk(self, reader: VideoReader, index: FrameIndex, cursor: int) -> None:
        """Keep the chunk before `cursor` decoded: find where the store ends and fill up before it."""
        rank = index.rank(cursor)
        chunk = min(max(self.store.room // 3, _CHUNK), _LARGEST_CHUNK)
        low = rank
        # The next chunk begins while a whole one is left, so that a slow machine has the time of one to make it.
        while low > 0 and rank - low < chunk and self.store.has(int(index.pts[low - 1])):
            low -= 1
        if low == 0 or rank - low >= chunk:
            return
        converter = Converter(self._turn)

        def keep(pts: int, frame: av.VideoFrame) -> None:
            self.keep(converter, pts, frame, light=True)

        last = reader.at(
            int(index.pts[low - 1]),
            keep=chunk - 1,
            stored=keep,
            stop=lambda: self._closed.is_set() or index.rank(self.store.cursor) > rank + chunk,
        )
        keep(*last)

    def ask_back(self, pts: int) -> None:
        with self._state:
            self._back_to = pts
            self._state.notify_all()

    # --- what a task may do

    def keep(self, converter: Converter, pts: int, frame: av.VideoFrame, *, light: bool = False) -> av.VideoFrame:
        """The frame as it is kept for stepping. The view may change at any time, so it is asked for each frame."""
        view = converter.view = self.store.view
        kept = converter.shrunk(frame, light=light)
        self.store.put(pts, kept, view)
        return kept

    def closing(self) -> bool:
        return self._closed.is_set()

    def small(self, rank: int, frames: int) -> av.VideoFrame | None:
        """Frame `rank` of the small copy of the clip, if there is one of all its `frames`. For the decoding thread."""
        with suppress(GroundworkError):
            if self._proxy is None and self._copy.is_file():
                self._proxy = Proxy(self._copy)
            if self._proxy is not None and len(self._proxy) == frames:
                return self._proxy.frame(rank)
        return None

    def current(self, generation: int) -> bool:
        return generation == self._generation

    def offer(self, generation: int, frame: Frame) -> None:
        with self._state:
            if generation == self._generation:
                self._shown = frame

    def wait_for_index(self, generation: int) -> FrameIndex | None:
        """Raises `Cancelled` once another wish came."""
        with self._state:
            self._state.wait_for(lambda: self._indexed or generation != self._generation)
            if generation != self._generation:
                raise Cancelled("Another frame is wanted.")
        return self.index

    def enqueue(self, generation: int, due: Due) -> None:
        """Waits while enough is ready; raises `Cancelled` once another wish came."""
        with self._state:
            self._state.wait_for(lambda: generation != self._generation or len(self._queue) < _AHEAD)
            if generation != self._generation:
                raise Cancelled("Playing was changed.")
            self._queue.append(due)

    def heard(self, when: Instant) -> Instant:
        """The instant that is heard if it is after `when`, else `when`."""
        return max(self._now() or when, when)

    def seconds(self, pts: int) -> float:
        return float(pts * self._base)

    def pts(self, seconds: float) -> int:
        return round(seconds / self._base)


class _Task:
    """One wish being served by the decoding thread."""

    def __init__(self, source: FrameSource, reader: VideoReader, converter: Converter, generation: int) -> None:
        self._source, self._reader, self._converter, self._generation = source, reader, converter, generation
        self._reader.index = source.index

    def show(self, wish: Show) -> None:
        source = self._source
        index = source.wait_for_index(self._generation) if wish.steps else source.index
        if index is not None:
            self._reader.index = index
            rank = min(max(index.rank(wish.pts) + wish.steps, 0), len(index) - 1)
            wish = msgspec.structs.replace(wish, pts=int(index.pts[rank]), steps=0)
        source.store.cursor = wish.pts
        previewed = False
        if wish.scrub and not source.store.has(wish.pts):
            previewed = self._glimpse(wish.pts) if index is None else self._preview(index, wish.pts)
        pts, frame = self._fetch(wish.pts, given_up=previewed)
        source.offer(self._generation, self._as_shown(frame, pts))
        if wish.back:
            source.ask_back(pts)

    def play(self, wish: Run) -> None:
        source, loop = self._source, wish.loop
        lap, at = 0, wish.pts
        found: Decoded | None = self._fetch(at)
        while found is not None:
            if not source.current(self._generation):
                raise Cancelled("Playing was changed.")
            pts, frame = found
            # What is on screen already where playing begins is due there.
            when = Instant(lap, source.seconds(max(pts, at)))
            now = source.heard(when)
            over = self._over(pts, when, now)
            self._reader.skip_unneeded(over)
            if over:
                source.dropped += 1
            else:
                source.enqueue(self._generation, Due(when, self._as_shown(frame, pts)))
            if over and (now.lap > lap or now.seconds - when.seconds > _LOST):
                lap, at = now.lap, source.pts(now.seconds)
                found = self._fetch(at)
            else:
                found = self._after(pts)
            if loop is not None and (found is None or found[0] >= loop.end):
                lap, at = lap + 1, loop.start
                found = self._fetch(at)

    def _over(self, pts: int, when: Instant, now: Instant) -> bool:
        """Whether another frame has been due for long, which is likely while the frames are not known."""
        if now.lap == when.lap and now.seconds - when.seconds <= _LATE:
            return False
        index = self._source.index
        return now.lap > when.lap or index is None or index.rank(self._source.pts(now.seconds)) > index.rank(pts)

    def _glimpse(self, pts: int) -> bool:
        """Before the frames are known: what can be decoded at once near `pts`."""
        found = self._reader.near(pts)
        if found is None or self._source.seconds(pts - found[0]) < _GLIMPSE:
            return False
        self._source.offer(self._generation, self._as_shown(found[1], found[0], exact=False))
        return True

    def _preview(self, index: FrameIndex, pts: int) -> bool:
        rank = index.rank(pts)
        small = self._source.small(rank, len(index))
        if small is not None:
            self._source.offer(self._generation, self._as_shown(small, int(index.pts[rank]), exact=False))
            return True
        before = index.keys[index.keys <= index.pts[rank]]
        if before.size == 0 or rank - index.rank(int(before[-1])) < _PREVIEW or before[-1] < index.pts[0]:
            return False
        at, frame = self._fetch(int(before[-1]))
        self._source.offer(self._generation, self._as_shown(frame, at, exact=False))
        return True

    def _fetch(self, pts: int, *, given_up: bool = False) -> Decoded:
        """The frame on screen at `pts`, out of the store or decoded into it."""
        source, index = self._source, self._source.index
        if index is not None:
            pts = int(index.pts[index.rank(pts)])
            held = source.store.get(pts)
            if held is not None:
                return pts, held
        found = self._reader.at(
            pts,
            keep=_KEPT_BEHIND,
            stored=self._keep,
            stop=(lambda: not source.current(self._generation)) if given_up else source.closing,
        )
        return found[0], self._put(*found)

    def _after(self, pts: int) -> Decoded | None:
        source, index = self._source, self._source.index
        if index is not None:
            rank = index.rank(pts) + 1
            if rank >= len(index):
                return None
            held = source.store.get(int(index.pts[rank]))
            if held is not None:
                return int(index.pts[rank]), held
        if self._reader.place != pts:
            self._reader.at(pts)
        found = self._reader.next()
        return None if found is None else (found[0], self._put(*found))

    def _keep(self, pts: int, frame: av.VideoFrame) -> None:
        self._put(pts, frame)

    def _put(self, pts: int, frame: av.VideoFrame) -> av.VideoFrame:
        return self._source.keep(self._converter, pts, frame)

    def _as_shown(self, frame: av.VideoFrame, pts: int, *, exact: bool = True) -> Frame:
        self._converter.view = self._source.store.view
        return self._converter.frame(frame, pts, exact=exact)
