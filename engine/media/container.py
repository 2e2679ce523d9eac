"""Opening containers: local files of known formats only, and every failure of a decoder as one sentence."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from engine.domain.errors import MediaError

# Play lists and scripts (hls, concat, dash, image2 …) may name other files or hosts and stay out.
_FORMATS = (
    "aac,ac3,aiff,amr,apng,asf,au,avi,caf,dv,eac3,flac,flv,gif,h264,hevc,ivf,m4v,matroska,webm,mjpeg,mov,mp4,mp3,mpeg,"
    "mpegts,mpegvideo,mxf,nut,obu,ogg,rm,tta,voc,w64,wav,wv,yuv4mpegpipe"
)
# What PyAV and Pillow raise on damaged input: each was seen.
DAMAGE = (
    av.error.FFmpegError,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    OverflowError,
    IndexError,
    MemoryError,
    RuntimeError,
)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Anything a decoder raises inside becomes a `MediaError` that names the file."""
    try:
        yield
    except FileNotFoundError as error:
        raise MediaError(f"{path.name} is not there any more; relocate it or remove it from the project.") from error
    except PermissionError as error:
        raise MediaError(f"{path.name} may not be read; change its permissions.") from error
    except DAMAGE as error:
        raise MediaError(
            f"{path.name} cannot be read ({_reason(error)}); the file is damaged or of a kind not known."
        ) from error


def open_container(path: Path, options: Mapping[str, str] | None = None) -> InputContainer:
    """The file as a container; nothing but this file is opened. Call inside `readable`.

    `options` are for the demuxer; those it does not know are of no effect.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    return av.open(
        str(path),
        options={"protocol_whitelist": "file,pipe"},
        container_options={"protocol_whitelist": "file,pipe", "format_whitelist": _FORMATS, **(options or {})},
        metadata_errors="replace",
    )


def video_of(container: InputContainer) -> VideoStream | None:
    """The first video stream that a decoder exists for and that is no cover picture."""
    return next(
        (
            one
            for one in container.streams.video
            if one.codec_context is not None and not one.disposition & Disposition.attached_pic
        ),
        None,
    )


def audio_of(container: InputContainer) -> AudioStream | None:
    """The audio stream to hear: the first that a decoder exists for."""
    return next((one for one in container.streams.audio if one.codec_context is not None), None)


def _reason(error: BaseException) -> str:
    text = str(getattr(error, "strerror", None) or error).splitlines()
    return text[0].strip().rstrip(".")[:120] if text and text[0].strip() else type(error).__name__
