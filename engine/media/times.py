"""Which PTS a decoded frame has: the one that the container stored, or, where it stores none, one told from its order.

AVI stores H.264 in the order of decoding, and what the demuxer makes of that as PTS is scrambled; the decoder gives the
frames in the order of showing, and with each the place of the packet that set it free. MPEG program streams store a PTS
for the first of several frames of H.264 or HEVC; the others follow it at the clip's rate.
"""

from collections.abc import Iterator

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

# Containers that store one time for each packet; elsewhere the parser guesses, and decoding decides.
_TIMED = {"mov", "matroska", "mpegts", "flv", "ogg", "ivf", "nut", "mxf", "asf"}
_SEVERAL = {"h264", "hevc"}


def stored(container: InputContainer) -> bool:
    """Whether the container stores a time for each packet."""
    return bool(_TIMED & set(container.format.name.split(",")))


class FrameTimes:
    """The PTS of the frames of an open file as they come out of its decoder.

    `exact` says that each frame tells its own; elsewhere none may be left out, as its time follows from its neighbours.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container, self._stream = container, stream
        name, context = container.format.name, stream.codec_context
        several = context.name in _SEVERAL
        self._by_place = several and name == "avi" and bool(context.has_b_frames)
        self._by_count = several and name == "mpeg"
        self.exact = not self._by_place and not self._by_count
        self._next: int | None = None

    def packets(self, *, sought: bool = False) -> Iterator["Packet[VideoStream]"]:
        """What to decode, from the start of the file or from a place `sought` in it.

        A PTS that the parser gives at the edge of a block may belong to a later packet.
        """
        self._next = None
        demuxed = self._container.demux(self._stream)
        if not self._by_count:
            yield from demuxed
            return
        held = next(demuxed)
        if sought:
            held.pts = None
        for packet in demuxed:
            if held.pts == packet.pts:
                held.pts = None
            yield held
            held = packet
        yield held

    def of(self, frame: av.VideoFrame) -> int | None:
        """The PTS of the frame that follows the one asked about before; None where it cannot be told."""
        if self.exact:
            return frame.pts if frame.pts is not None else frame.dts
        told = frame.dts if self._by_place else frame.pts
        pts = told if told is not None else self._next
        self._next = None if pts is None else pts + (frame.duration or 1)
        return pts
