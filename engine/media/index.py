"""Which frames a clip shows: the exact list of their PTS, out of the container's packets.

Frame n is the n-th by time among the packets that the demuxer does not mark to be discarded (edit lists).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from msgspec import Struct, structs
from numpy.typing import NDArray

from engine.domain.errors import Cancelled, MediaError
from engine.media import cache
from engine.media.container import DAMAGE, open_container, readable, video_of
from engine.media.times import FrameTimes, stored

_NEVER = -(1 << 63)
Beat = Callable[[], None]
# Frames decoded to see whether an interlaced clip has one in each packet.
_SAMPLE = 32


class FrameIndex(Struct, frozen=True, eq=False):
    """All frames of a clip in order of time.

    `pts` (N,) int64, strictly rising; `keys` (K,) int64, PTS of the packets from which decoding can start, hidden ones
    included; `end` the PTS at which the last frame ends; `lost` how much time before the first frame, in units of PTS,
    needs pictures that are not in the file; `restarted` that the clock jumps back inside, so that frames share times.
    """

    pts: NDArray[np.int64]
    keys: NDArray[np.int64]
    end: int
    lost: int = 0
    restarted: bool = False

    def __len__(self) -> int:
        return self.pts.size

    def rank(self, pts: int) -> int:
        """The number of the frame on screen at `pts`, within the clip."""
        return max(int(np.searchsorted(self.pts, pts, side="right")) - 1, 0)

    @property
    def regular(self) -> bool:
        """Whether all frames last equally long, to the rounding of the time base."""
        steps = np.diff(self.pts)
        return bool(steps.size == 0 or steps.max() - steps.min() <= 1)


def frame_index(path: Path, stop: threading.Event | None = None, beat: Beat = lambda: None) -> FrameIndex:
    """The exact index, out of the cache or by reading the whole file once; where it has to be decoded, `beat` is called
    at each frame.

    Raises `MediaError` when there is no frame, `Cancelled` once `stop` is set.
    """
    with readable(path):
        file = cache.entry(path, "index.npz")
        found = _cached(file)
        if found is not None:
            return found
        index = _read(path, stop, beat)
    if index is None:
        raise MediaError(f"{path.name} holds no frame that can be shown.")
    made = index
    cache.keep(file, lambda out: np.savez(out, **structs.asdict(made)))
    return index


def _cached(file: Path) -> FrameIndex | None:
    try:
        with np.load(file) as data:
            whole = {name: int(data[name]) for name in ("end", "lost")}
            return FrameIndex(data["pts"], data["keys"], **whole, restarted=bool(data["restarted"]))
    except (OSError, ValueError, KeyError, EOFError):
        return None


_Row = tuple[int, int, bool, bool]


class _Packets(Struct):
    """(pts, duration, key, shown) of each packet in the order of the file; `sure` once every packet told its time.

    `guessed` says that a parser makes up times, `fields` that a packet may be half a frame, `restarted` that the clock
    jumps back.
    """

    guessed: bool
    fields: bool
    rows: list[_Row] = []
    sure: bool = True
    restarted: bool = False


def _read(path: Path, stop: threading.Event | None, beat: Beat) -> FrameIndex | None:
    with open_container(path) as container:
        stream = video_of(container)
        if stream is None:
            return None
        packets = _packets(container, stream, stop)
    if not packets.rows and not packets.sure:
        raise MediaError(f"{path.name} tells no times of its frames; convert it to MP4.")
    index = _whole(path, packets, stop, beat)
    return index and structs.replace(index, restarted=packets.restarted)


def _whole(path: Path, packets: _Packets, stop: threading.Event | None, beat: Beat) -> FrameIndex | None:
    """The index out of the packets alone where they can be trusted; decoding decides the rest."""
    listed = _ordered(packets.rows)
    if listed is not None and not packets.guessed and (packets.sure or packets.fields):
        if not packets.fields and (packets.restarted or _from_a_key(packets.rows, listed)):
            return listed
        seen = list(islice(_decoded(path, stop, beat), _SAMPLE if packets.fields else 1))
        index = _beheaded(packets.rows, listed, seen)
        if not packets.fields or _one_each(packets, index, seen):
            return index
    return _ordered(list(_decoded(path, stop, beat))) or listed


def _from_a_key(packets: list[_Row], index: FrameIndex) -> bool:
    """Whether the file begins with a key before which nothing is shown; a recording may be cut inside a group."""
    first, _, key, _ = packets[0]
    return key and int(index.pts[0]) >= first


def _beheaded(packets: list[_Row], index: FrameIndex, seen: list[_Row]) -> FrameIndex:
    """The index without the frames before the first one `seen` in decoding from the start."""
    if not seen:
        return index
    first = seen[0][0]
    kept = _ordered([(pts, duration, key, shown and pts >= first) for pts, duration, key, shown in packets])
    return structs.replace(kept, lost=int(kept.pts[0] - index.pts[0])) if kept else index


def _one_each(packets: _Packets, index: FrameIndex, seen: list[_Row]) -> bool:
    """Whether each packet with a time is a frame; the two fields of one may have a packet each, now and then or always.

    A second field without a time is no gap; a frame without one, where not all are sure, is.
    """
    begins, steps = index.pts[0], np.diff(index.pts)
    alone = sum(shown and pts >= begins for pts, _, _, shown in packets.rows) == len(index)
    usual = np.median(steps) if steps.size else 0
    even = bool((4 * steps > 3 * usual).all() and (packets.sure or (4 * steps < 5 * usual).all()))
    return alone and even and [pts for pts, *_ in seen] == index.pts[: len(seen)].tolist()


def _packets(container: InputContainer, stream: VideoStream, stop: threading.Event | None) -> _Packets:
    context = stream.codec_context
    # H.264 and its like are stored in another order than shown: a parser that has to guess that one is often wrong.
    guessed = not stored(container) and bool(context.has_b_frames)
    found = _Packets(guessed, context.name == "h264" and context.field_order > 1)
    rows, hides = found.rows, context.name == "vp8"
    last, second = _NEVER, int(1 / stream.time_base) if stream.time_base else 1
    with suppress(*DAMAGE):
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            dts = packet.dts
            pts = packet.pts if packet.pts is not None else dts
            if pts is None:
                found.sure = False
                continue
            if dts is not None:
                found.restarted = found.restarted or dts < last - second
                last = dts
            hidden = packet.is_discard or (hides and _vp8_hidden(packet))
            rows.append((pts, packet.duration or 0, packet.is_keyframe, not hidden))
            _check(stop)
    return found


def _decoded(path: Path, stop: threading.Event | None, beat: Beat) -> Iterator[_Row]:
    """The same of each frame that decoding from the start gives, in order."""
    with open_container(path) as container:
        stream = video_of(container)
        if stream is None:
            return
        stream.thread_type = "AUTO"
        times = FrameTimes(container, stream)
        for frame in _frames(times):
            _check(stop)
            beat()
            pts = times.of(frame)
            if pts is not None:
                yield pts, frame.duration or 0, frame.key_frame, True


def _frames(times: FrameTimes) -> Iterator[av.VideoFrame]:
    for packet in times.packets():
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue


def _ordered(rows: list[_Row]) -> FrameIndex | None:
    shown = {pts: duration for pts, duration, _, visible in rows if visible}
    if not shown:
        return None
    pts = np.array(sorted(shown), np.int64)
    keys = np.array(sorted({pts for pts, _, key, _ in rows if key}), np.int64)
    usual = int(np.median(np.diff(pts))) if pts.size > 1 else 1
    last = int(pts[-1])
    return FrameIndex(pts, keys, last + (shown[last] or usual))


def _vp8_hidden(packet: "Packet[VideoStream]") -> bool:
    """RFC 6386, 9.1: bit 4 of the first byte is show_frame."""
    return not bytes(packet)[0] >> 4 & 1


def _check(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise Cancelled("Reading the clip was stopped.")
