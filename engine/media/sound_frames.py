"""Sound as it comes out of a file: frames that can be decoded, each with its time, laid out without gaps."""

import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from numpy.typing import NDArray

from engine.media.container import audio_of, open_container

# Time stamps may be off by this much (rounded time bases, encoder delay) before samples are moved.
SLACK = 0.02
_BLOCK = 2048
# Of these containers and codecs FFmpeg guesses the time after a seek: from a byte rate that was rounded, and for the
# first Ogg page of FLAC from the place that was asked for.
_GUESSED = (("wav", "adpcm"), ("w64", "adpcm"), ("ogg", "flac"))

Array = NDArray[np.float32]
Packets = Iterator["Packet[AudioStream]"]


def decoded(packets: Packets) -> Iterator[av.AudioFrame]:
    """All frames that can be decoded; one that has no time of its own follows the one before it."""
    last: av.AudioFrame | None = None
    for packet in _found(packets):
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            continue
        for frame in frames:
            if frame.pts is None and last is not None and last.pts is not None and frame.time_base:
                frame.pts = last.pts + round(last.samples / last.sample_rate / frame.time_base)
            last = frame
            yield frame


def _found(packets: Packets) -> Packets:
    """Up to where the file is so damaged that no next packet is found: the time of the medium ends there, too."""
    with suppress(av.error.InvalidDataError):
        yield from packets


def joined(placed: Iterable[tuple[int, Array]], slack: int, total: int = sys.maxsize) -> Iterator[Array]:
    """(place, samples) as blocks without gaps, up to `total` samples: what is missing is silence, overlaps are cut.

    A place that is off by no more than `slack` samples does not count, except for the first.
    """
    written = 0
    for at, samples in placed:
        off = at - written
        if written and abs(off) <= slack:
            off = 0
        gap = min(max(off, 0), total - written)
        yield from silent(gap, *samples.shape[1:])
        written += gap
        part = samples[max(-off, 0) :][: total - written]
        if len(part):
            yield part
            written += len(part)
        if written >= total:
            return


def silent(count: int, *channels: int) -> Iterator[Array]:
    """`count` samples of silence in blocks."""
    while count > 0:
        yield np.zeros((min(count, _BLOCK), *channels), np.float32)
        count -= _BLOCK


def seeks_by_guess(container: InputContainer, stream: AudioStream) -> bool:
    """Whether packets may have wrong times after a seek."""
    name, coded = container.format.name, stream.codec_context.name
    return any(name == form and coded.startswith(codec) for form, codec in _GUESSED)


class PacketPlaces:
    """Where the packets of a file lie and when they sound, out of one reading of it: seeking without guesses."""

    def __init__(self, path: Path) -> None:
        # The first PTS at each byte place; the packets of an Ogg page share its place.
        self._known: dict[int, int] = {}
        with open_container(path) as container:
            stream = audio_of(container)
            for packet in _found(container.demux(stream)) if stream else ():
                if packet.pos is not None and packet.pts is not None:
                    self._known.setdefault(packet.pos, packet.pts)
        self._rows = sorted((pts, place) for place, pts in self._known.items())

    def read_from(self, pts: int, container: InputContainer, stream: AudioStream) -> Packets:
        """The packets from the last place not after `pts` on, each with its true time."""
        row = max(bisect_right(self._rows, (pts, sys.maxsize)) - 1, 0)
        container.seek(self._rows[row][1], stream=stream, unsupported_byte_offset=True)
        place, time = -1, self._rows[row][0]
        for packet in container.demux(stream):
            if packet.size and packet.pos is not None:
                if packet.pos != place:
                    place, time = packet.pos, self._known.get(packet.pos, time)
                packet.pts = packet.dts = time
                time += packet.duration or 0
            yield packet
