"""Opening a medium for the first time, in a process that may die of it: it is decoded as the window would do later."""

import time
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream
from msgspec import structs

from engine.domain.media import MediaKind
from engine.media import picture
from engine.media.container import audio_of, open_container, readable, video_of
from engine.media.index import Beat
from engine.media.probe import Probed, probe
from engine.media.waveform import sound_pairs

_PREVIEW = 512
# Seconds of decoding from the start, and at each later place.
_FROM_START, _LATER = 0.6, 0.1
_PLACES = (0.25, 0.5, 0.75, 0.95)


def tried(path: Path, beat: Beat = lambda: None) -> Probed:
    """What `path` is, with a notice if parts of it cannot be decoded; `beat` as in `probe`. Raises `MediaError`."""
    known = probe(path, beat)
    if known.kind is MediaKind.IMAGE:
        picture.load(path, fit=_PREVIEW)
        return known
    with readable(path), open_container(path) as container:
        streams = [stream for stream in (video_of(container), audio_of(container)) if stream is not None]
        bad = sum(_decode(container, stream, known.seconds) for stream in streams)
        _listen(container)
    if bad and not known.notice:
        return structs.replace(known, notice=f"Parts of {path.name} are damaged and cannot be shown or heard.")
    return known


def _decode(container: InputContainer, stream: VideoStream | AudioStream, seconds: float) -> int:
    """Decode the start and some places further on; how many packets failed."""
    container.seek(0)
    bad = _run(container, stream, _FROM_START)
    start, base = stream.start_time or 0, stream.time_base
    for place in _PLACES:
        try:
            container.seek(start + int(place * seconds / base) if base else start, stream=stream)
        except av.error.FFmpegError:
            continue
        bad += _run(container, stream, _LATER)
    return bad


def _listen(container: InputContainer) -> None:
    """The start of the sound as the waveform reads it."""
    stream = audio_of(container)
    if stream is None:
        return
    container.seek(0)
    until = time.perf_counter() + _FROM_START
    for _ in sound_pairs(container, stream, 0.0):
        if time.perf_counter() > until:
            return


def _run(container: InputContainer, stream: VideoStream | AudioStream, budget: float) -> int:
    until = time.perf_counter() + budget
    bad = 0
    try:
        for packet in container.demux(stream):
            bad += _fails(packet)
            if time.perf_counter() > until:
                break
    except av.error.FFmpegError:
        # No next packet is found: what was read before is shown all the same.
        bad += 1
    return bad


def _fails(packet: "Packet[Stream]") -> bool:
    try:
        packet.decode()
    except av.error.FFmpegError:
        return packet.size > 0
    return False
