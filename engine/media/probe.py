"""What a file is: kind by content, size as displayed, exact time and frames."""

import hashlib
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from msgspec import Struct
from PIL import UnidentifiedImageError

from engine.domain.errors import MediaError
from engine.domain.ids import new_id
from engine.domain.media import Clock, MediaItem, MediaKind
from engine.media import orientation, picture
from engine.media.container import audio_of, open_container, readable, video_of
from engine.media.convert import frame_orientation
from engine.media.index import Beat, FrameIndex, frame_index

_TRIES = 1000
# Bare streams of sound state no length: FFmpeg guesses one from the rate of their first bits.
_BARE = {"aac", "ac3", "eac3", "amr"}
# Samples that a coder of MP3 adds at most; a longer rest says that there the length is guessed too.
_PADDING = 4096


class StreamFacts(Struct, frozen=True):
    """One stream: `kind` "video", "audio", "subtitle" …; `start` and `seconds` as the container tells them."""

    index: int
    kind: str
    codec: str
    detail: str = ""
    start: float | None = None
    seconds: float | None = None


class Probed(Struct, frozen=True):
    """What a medium is. Sizes are pixels as displayed; `clock` counts the PTS of the video, for a sound of the audio.

    `frames` is exact for a clip and 1 for a picture. `orientation` is an EXIF number, `rotation` its degrees clockwise.
    `fps` is the mean rate; `variable` says that frames last unequally. `offset` is the container's start in seconds.
    `aspect` is the width of a stored pixel over its height; pixels are shown square whatever it says. `notice` tells in
    a sentence what of a damaged file cannot be shown.
    """

    kind: MediaKind
    format: str
    size: int
    width: int = 0
    height: int = 0
    orientation: int = 1
    rotation: int = 0
    pages: int = 1
    deep: bool = False
    clock: Clock | None = None
    frames: int = 0
    fps: float = 0.0
    variable: bool = False
    sound: bool = False
    rate: int = 0
    channels: int = 0
    offset: float = 0.0
    aspect: float = 1.0
    streams: tuple[StreamFacts, ...] = ()
    notice: str = ""

    @property
    def seconds(self) -> float:
        return self.clock.seconds if self.clock else 0.0


def probe(path: Path, beat: Beat = lambda: None) -> Probed:
    """Reads the whole file once for a clip or a sound (cached for clips), and calls `beat` while that takes long.

    Raises `MediaError`.
    """
    try:
        return _picture(path)
    except MediaError as error:
        if not isinstance(error.__cause__, UnidentifiedImageError):
            raise
    with readable(path), open_container(path) as container:
        video, audio = video_of(container), audio_of(container)
        if video is not None:
            return _clip(path, container, video, audio, beat)
        if audio is not None:
            return _sound(path, container, audio)
    raise MediaError(f"{path.name} holds neither picture nor sound.")


def media_item(path: Path, root: Path, probed: Probed | None = None) -> MediaItem:
    """A fresh item for the project whose folder is `root`, with the digest of the file's content."""
    known = probed or probe(path)
    with readable(path):
        size, sha = path.stat().st_size, digest(path)
    return MediaItem(
        id=new_id(),
        path=relative(path, root),
        kind=known.kind,
        width=known.width,
        height=known.height,
        clock=known.clock,
        frames=known.frames,
        digest=sha,
        size=size,
        sound=known.sound,
    )


def digest(path: Path) -> str:
    """SHA-256 of the content in hex; raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def relative(path: Path, root: Path) -> str:
    """POSIX path relative to `root` where the file lies under it, else absolute."""
    whole, base = path.resolve(), root.resolve()
    return whole.relative_to(base).as_posix() if whole.is_relative_to(base) else whole.as_posix()


def _picture(path: Path) -> Probed:
    known = picture.facts(path)
    return Probed(
        kind=MediaKind.IMAGE,
        format=known.format.lower(),
        size=path.stat().st_size,
        width=known.width,
        height=known.height,
        orientation=known.orientation,
        rotation=orientation.clockwise(known.orientation),
        pages=known.pages,
        deep=known.deep,
        frames=1,
    )


def _clip(path: Path, container: InputContainer, video: VideoStream, audio: AudioStream | None, beat: Beat) -> Probed:
    index = frame_index(path, beat=beat)
    base = _base(video.time_base)
    first = _first_frame(container, video)
    if first is None:
        raise MediaError(f"{path.name} has video that cannot be decoded ({video.codec_context.name}).")
    turn = frame_orientation(first)
    width, height = first.width, first.height
    if orientation.turned(turn):
        width, height = height, width
    clock = Clock(base.numerator, base.denominator, int(index.pts[0]), index.end - int(index.pts[0]))
    return Probed(
        kind=MediaKind.VIDEO,
        format=container.format.name,
        size=path.stat().st_size,
        width=width,
        height=height,
        orientation=turn,
        rotation=orientation.clockwise(turn),
        clock=clock,
        frames=len(index),
        fps=len(index) / clock.seconds if clock.duration > 0 else 0.0,
        variable=not index.regular,
        sound=audio is not None,
        rate=audio.codec_context.sample_rate if audio else 0,
        channels=audio.codec_context.channels if audio else 0,
        offset=_offset(container),
        aspect=float(video.sample_aspect_ratio or 1),
        streams=_streams(container),
        notice=_missing(path, index, clock, video),
    )


def _sound(path: Path, container: InputContainer, audio: AudioStream) -> Probed:
    streams = _streams(container)
    extent = _extent(container, audio)
    if extent is None:
        raise MediaError(f"{path.name} is empty: it holds no sound; copy or record it again.")
    start, end = extent
    base = _base(audio.time_base)
    if end <= start:
        raise MediaError(f"{path.name} has sound that cannot be decoded ({audio.codec_context.name}).")
    return Probed(
        kind=MediaKind.AUDIO,
        format=container.format.name,
        size=path.stat().st_size,
        clock=Clock(base.numerator, base.denominator, start, end - start),
        sound=True,
        rate=audio.codec_context.sample_rate,
        channels=audio.codec_context.channels,
        offset=_offset(container),
        streams=streams,
    )


def _first_frame(container: InputContainer, video: VideoStream) -> av.VideoFrame | None:
    """The first frame that decodes; a damaged start does not hide the rest."""
    tries = 0
    for packet in container.demux(video):
        try:
            for frame in packet.decode():
                return frame
        except av.error.FFmpegError:
            tries += 1
            if tries > _TRIES:
                return None
    return None


def _extent(container: InputContainer, audio: AudioStream) -> tuple[int, int] | None:
    """PTS of the first sample heard and of the end, out of all packets; what a coder adds at the ends is left out.

    (0, 0) where nothing can be decoded, None where nothing is.
    """
    start: int | None = None
    end, empty = 0, True
    try:
        for packet in container.demux(audio):
            empty = empty and not packet.size
            if start is None:
                start = _first_heard(packet)
            pts = packet.pts if packet.pts is not None else packet.dts
            if packet.size and pts is not None and not packet.is_discard:
                end = max(end, pts + (packet.duration or 0))
    except av.error.FFmpegError:
        empty = False
    if start is None:
        return None if empty else (0, 0)
    told = start + audio.duration if audio.duration else end
    return start, end if _guessed(container, audio, end - told) else min(end, told)


def _guessed(container: InputContainer, audio: AudioStream, rest: int) -> bool:
    """Whether the stated length is none, `rest` being what is in the file beyond it."""
    name = container.format.name
    return name in _BARE or (name == "mp3" and rest * _base(audio.time_base) * audio.rate > _PADDING)


def _first_heard(packet: "Packet[AudioStream]") -> int | None:
    try:
        return next((frame.pts for frame in packet.decode() if frame.pts is not None), None)
    except av.error.FFmpegError:
        return None


def _missing(path: Path, index: FrameIndex, clock: Clock, video: VideoStream) -> str:
    """What of recordings joined or cut at their start, or of an unfinished download or copy, is not there."""
    if index.restarted:
        return f"The clock of {path.name} starts again inside it: frames share times and some are missing; convert it."
    if index.lost:
        lost = index.lost * clock.num / clock.den
        return f"{path.name} is cut at its start: the {lost:.2f} s before its first whole picture cannot be shown."
    if not video.duration or not video.time_base or clock.duration >= 0.95 * video.duration:
        return ""
    told = float(video.duration * video.time_base)
    return f"Only {clock.seconds:.1f} of {told:.1f} s are in the file; the rest is missing."


def _streams(container: InputContainer) -> tuple[StreamFacts, ...]:
    rows = []
    for stream in container.streams:
        base = stream.time_base
        known = base is not None
        context = getattr(stream, "codec_context", None)
        rows.append(
            StreamFacts(
                index=stream.index,
                kind=stream.type,
                codec=context.name if context is not None else "",
                detail=_detail(stream),
                start=float(stream.start_time * base) if known and stream.start_time is not None and base else None,
                seconds=float(stream.duration * base) if known and stream.duration is not None and base else None,
            )
        )
    return tuple(rows)


def _detail(stream: object) -> str:
    if getattr(stream, "codec_context", None) is None:
        return ""
    if isinstance(stream, VideoStream):
        context = stream.codec_context
        return f"{context.width}x{context.height} {context.pix_fmt or ''}".strip()
    if isinstance(stream, AudioStream):
        return f"{stream.codec_context.sample_rate} Hz {stream.codec_context.layout.name}"
    return ""


def _offset(container: InputContainer) -> float:
    return container.start_time / av.time_base if container.start_time else 0.0


def _base(base: Fraction | None) -> Fraction:
    return base or Fraction(1, av.time_base)
