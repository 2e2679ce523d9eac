"""Which frames a clip shows: the exact list of their PTS, out of the container's packets.

Frame n is the n-th by time among the packets that the demuxer does not mark to be discarded (edit lists).
"""

import threading
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain.errors import Cancelled, MediaError
from engine.media import cache
from engine.media.container import DAMAGE, open_container, readable, video_of

# Containers that store one time for each packet; elsewhere the parser guesses, and decoding decides.
_TIMED = {"mov", "matroska", "mpegts", "flv", "ogg", "ivf", "nut", "mxf", "asf"}
_BATCH = 4096


class FrameIndex(Struct, frozen=True, eq=False):
    """All frames of a clip in order of time.

    `pts` (N,) int64, strictly rising; `keys` (K,) int64, PTS of the packets from which decoding can start, hidden ones
    included; `end` the PTS at which the last frame ends.
    """

    pts: NDArray[np.int64]
    keys: NDArray[np.int64]
    end: int

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


def frame_index(path: Path, stop: threading.Event | None = None) -> FrameIndex:
    """The exact index, out of the cache or by reading the whole file once.

    Raises `MediaError` when there is no frame, `Cancelled` once `stop` is set.
    """
    with readable(path):
        file = cache.entry(path, "index.npz")
        found = _cached(file)
        if found is not None:
            return found
        with open_container(path) as container:
            stream = video_of(container)
            index = None if stream is None else _read(container, stream, stop)
    if index is None:
        raise MediaError(f"{path.name} holds no frame that can be shown.")
    made = index
    cache.keep(file, lambda out: np.savez(out, pts=made.pts, keys=made.keys, end=made.end))
    return index


def _cached(file: Path) -> FrameIndex | None:
    try:
        with np.load(file) as data:
            return FrameIndex(data["pts"], data["keys"], int(data["end"]))
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _read(container: InputContainer, stream: VideoStream, stop: threading.Event | None) -> FrameIndex | None:
    packets, sure = _packets(container, stream, stop)
    if sure and not _by_decoding(container, stream):
        return _ordered(packets)
    container.seek(0)
    shown = _decoded(container, stream, stop)
    return _ordered(shown) or _ordered(packets)


def _by_decoding(container: InputContainer, stream: VideoStream) -> bool:
    """Whether packet times cannot be trusted: guessed order of B-frames, or two fields to a frame."""
    timed = bool(_TIMED & set(container.format.name.split(",")))
    context = stream.codec_context
    return (not timed and bool(context.has_b_frames)) or (context.name == "h264" and context.field_order > 1)


_Rows = list[tuple[int, int, bool, bool]]


def _packets(container: InputContainer, stream: VideoStream, stop: threading.Event | None) -> tuple[_Rows, bool]:
    """(pts, duration, key, shown) of each packet, and whether every packet told its time."""
    rows: _Rows = []
    sure = True
    hides = stream.codec_context.name == "vp8"
    try:
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            pts = packet.pts if packet.pts is not None else packet.dts
            if pts is None:
                sure = False
                continue
            hidden = packet.is_discard or (hides and _vp8_hidden(packet))
            rows.append((pts, packet.duration or 0, packet.is_keyframe, not hidden))
            _check(rows, stop)
    except DAMAGE:
        sure = sure and bool(rows)
    return rows, sure


def _decoded(container: InputContainer, stream: VideoStream, stop: threading.Event | None) -> _Rows:
    rows: _Rows = []
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            continue
        for frame in frames:
            pts = frame.pts if frame.pts is not None else frame.dts
            if pts is not None:
                rows.append((pts, frame.duration or 0, frame.key_frame, True))
                _check(rows, stop)
    return rows


def _ordered(rows: _Rows) -> FrameIndex | None:
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


def _check(rows: _Rows, stop: threading.Event | None) -> None:
    if stop is not None and len(rows) % _BATCH == 0 and stop.is_set():
        raise Cancelled("Reading the clip was stopped.")
