"""Small pictures of media for lists and time lines, kept on disk."""

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from PIL import Image

from engine.domain.errors import GroundworkError
from engine.domain.media import Clock, MediaKind
from engine.media import cache, picture
from engine.media.container import open_container, readable, video_of
from engine.media.convert import Converter, Size, fitted, frame_orientation
from engine.media.index import frame_index
from engine.media.orientation import Pixels
from engine.media.probe import probe
from engine.media.shown import ShownFrames
from engine.media.waveform import Waveform

# A clip's first frames are often black.
_INTO = 0.1
_QUALITY = 88
_WAVE = 130
_LOOK, _LOOKS = 0.1, 300
# Seconds further back from which a key frame is looked for.
_BACK = (0, 2, 8, 32)


def thumbnail(path: Path, kind: MediaKind, size: Size) -> Pixels:
    """(h, w, 4) uint8 BGRA within `size` (width, height): the picture, an early frame, or the waveform of a sound.

    Around the waveform it is transparent. Raises `MediaError`.
    """
    with readable(path):
        file = cache.entry(path, f"{size[0]}x{size[1]}.webp")
        found = _cached(file)
    if found is not None:
        return found
    pixels = _MAKERS[kind](path, size)
    coded = io.BytesIO()
    shades = Image.fromarray(pixels[..., [2, 1, 0, 3]])
    shades.save(coded, "WEBP", quality=_QUALITY, method=2)
    cache.keep(file, lambda out: out.write(coded.getvalue()))
    return pixels


def key_frames(path: Path, clock: Clock, times: Iterable[int], size: Size) -> Iterator[tuple[int, Pixels]]:
    """(PTS, pixels) of the key frame at or before each of `times` (PTS): the strip under a time line."""
    with readable(path), open_container(path) as container:
        stream = video_of(container)
        if stream is None:
            return
        stream.codec_context.skip_frame = "NONKEY"
        converter: Converter | None = None
        for wanted in times:
            found = _key_before(container, stream, max(wanted, clock.start))
            if found is None:
                continue
            pts, frame = found
            converter = converter or Converter(frame_orientation(frame), size)
            yield pts, converter.frame(frame, pts).pixels


def frames_at(path: Path, times: Iterable[int], size: Size, stop: Callable[[], bool]) -> Iterator[tuple[int, Pixels]]:
    """(time, pixels) of the frame on screen at each of the rising `times` (PTS).

    Slower than `key_frames`, by one core. Raises `Cancelled` once `stop()`, `MediaError` when nothing can be decoded.
    """
    shown = ShownFrames(path, frame_index(path), threads=1)
    converter: Converter | None = None
    try:
        for wanted in times:
            frame = shown.at(wanted, stop)
            converter = converter or Converter(frame_orientation(frame), size)
            yield wanted, converter.frame(frame, wanted).pixels
    finally:
        shown.close()


def _key_before(container: InputContainer, stream: VideoStream, wanted: int) -> tuple[int, av.VideoFrame] | None:
    """The last frame not after `wanted` of a decoder of key frames alone.

    A transport or program stream may be entered one group late: there it is entered further back, and read on.
    """
    for seconds in _BACK:
        try:
            container.seek(wanted - int(seconds / (stream.time_base or 1)), stream=stream)
        except av.error.FFmpegError:
            continue
        found = None
        for frame in container.decode(stream):
            if frame.pts is None:
                continue
            if frame.pts > wanted:
                break
            found = frame.pts, frame
            if not seconds:
                break
        if found is not None:
            return found
    return None


def _cached(file: Path) -> Pixels | None:
    try:
        with Image.open(file, formats=("WEBP",)) as image:
            shown = np.asarray(image.convert("RGBA"))
    except (OSError, ValueError, SyntaxError):
        return None
    return np.ascontiguousarray(shown[..., [2, 1, 0, 3]])


def _of_picture(path: Path, size: Size) -> Pixels:
    shown = picture.load(path, fit=max(size))
    width, height = fitted((shown.pixels.shape[1], shown.pixels.shape[0]), size)
    rgba = Image.fromarray(shown.rgb).resize((width, height), Image.Resampling.BOX, reducing_gap=2.0).convert("RGBA")
    return np.ascontiguousarray(np.asarray(rgba)[..., [2, 1, 0, 3]])


def _of_clip(path: Path, size: Size) -> Pixels:
    with readable(path), open_container(path) as container:
        stream = video_of(container)
        if stream is None:
            raise ValueError("it holds no video")
        stream.thread_type = "AUTO"
        if stream.duration:
            container.seek((stream.start_time or 0) + int(stream.duration * _INTO), stream=stream)
        frame = next(container.decode(stream), None)
        if frame is None:
            container.seek(0)
            frame = next(container.decode(stream), None)
        if frame is None:
            raise ValueError("no frame of it can be decoded")
        return Converter(frame_orientation(frame), size).frame(frame, frame.pts or 0).pixels


def _of_sound(path: Path, size: Size) -> Pixels:
    known = probe(path)
    if known.clock is None:
        raise GroundworkError(f"{path.name} has no time.")
    wave = Waveform(path, known.clock)
    try:
        # Hours are known roughly long before they are known exactly.
        for _ in range(_LOOKS):
            finished = wave.wait(_LOOK)
            columns = wave.columns(known.clock.start, known.clock.start + known.clock.duration, size[0])
            if finished or (columns[:, 0] <= columns[:, 1]).all():
                break
    finally:
        wave.close()
    rows = np.arange(size[1])[:, None]
    low, high = (((1 - columns[:, side] / 32768.0) / 2 * (size[1] - 1)).round() for side in (0, 1))
    inside = (rows >= high[None, :]) & (rows <= low[None, :])
    pixels = np.full((size[1], size[0], 4), _WAVE, np.uint8)
    pixels[..., 3] = np.where(inside, 255, 0)
    return pixels


_MAKERS = {MediaKind.IMAGE: _of_picture, MediaKind.VIDEO: _of_clip, MediaKind.AUDIO: _of_sound}
