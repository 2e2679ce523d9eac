"""Reading just what the model is shown: a picture, chosen frames of a clip, the sound of a file at the model's rate."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from engine.domain.errors import MediaError
from engine.media.convert import frame_orientation
from engine.media.index import frame_index
from engine.media.orientation import upright
from engine.media.picture import load as shown
from engine.media.resampling import resampled
from engine.media.sampling import (
    Hearing,
    Seeing,
    Watching,
    frame_indices,
    frame_values,
    picture_values,
    sound_values,
)
from engine.media.video import VideoReader

Pixels = NDArray[np.uint8]
Array = NDArray[np.float32]
Check = Callable[[], None]

# Rates without a common factor would need a kernel of hundreds of megabytes.
_LARGEST_KERNEL = 4_000_000
# PIL and FFmpeg raise these for damaged files, besides OSError.
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, av.FFmpegError)


def picture(path: Path, seeing: Seeing) -> Array:
    """A picture file, upright, as (3, crop, crop)."""
    return picture_values(read_picture(path), seeing)


def clip(path: Path, watching: Watching, check: Check = lambda: None) -> Array:
    """A clip as (3, T, side, side). `check` is called between frames and may raise to stop."""
    return frame_values(read_frames(path, watching, check), watching)


def sound(path: Path, hearing: Hearing, check: Check = lambda: None) -> Array:
    """The sound of a file as (windows, 1, bins, frames). `check` is called between blocks and may raise to stop."""
    return sound_values(read_sound(path, hearing.rate, check), hearing)


def read_picture(path: Path) -> Pixels:
    """RGB (H, W, 3), upright: the very pixels that the window shows."""
    return shown(path).rgb


def read_frames(path: Path, watching: Watching, check: Check = lambda: None) -> Pixels:
    """The frames the model is shown, squashed and upright, RGB (T, side, side, 3)."""
    index = frame_index(path)
    wanted = [int(index.pts[place]) for place in frame_indices(len(index.pts), watching.limit)]
    if not wanted:
        raise MediaError(f"{path.name} has no frames that can be decoded; convert it to MP4 and try again.")
    squash = _Squash(watching.side)
    reader = VideoReader(path, index)
    try:
        frames = []
        for pts in wanted:
            check()
            frames.append(squash(reader.at(pts)[1]))
        return np.stack(frames)
    except av.FFmpegError as error:
        raise MediaError(f"{path.name} cannot be read as a clip; convert it to MP4 and try again.") from error
    finally:
        reader.close()


def read_sound(path: Path, rate: int, check: Check = lambda: None) -> Array:
    """The first channel of a file's first sound stream at `rate`, mono (N,) in -1..1."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise MediaError(f"{path.name} has no sound.")
            stream = container.streams.audio[0]
            own = stream.rate
            shared = math.gcd(own, rate)
            if own // shared * (rate // shared) > _LARGEST_KERNEL:
                own = rate
            blocks = list(resampled(_blocks(container, own, check), own, rate))
    except _BROKEN as error:
        raise MediaError(f"{path.name} cannot be read as a sound; convert it to WAV and try again.") from error
    if not blocks or not sum(len(block) for block in blocks):
        raise MediaError(f"{path.name} has no sound that can be decoded.")
    return np.concatenate(blocks)


def _blocks(container: av.container.InputContainer, rate: int, check: Check) -> Iterator[Array]:
    planar = av.AudioResampler(format="fltp", rate=rate)
    for frame in container.decode(audio=0):
        check()
        yield from (part.to_ndarray()[0] for part in planar.resample(frame))
    yield from (part.to_ndarray()[0] for part in planar.resample(None))


class _Squash:
    """Frames scaled to a square without keeping their aspect, as the published decoder does it."""

    def __init__(self, side: int) -> None:
        self._side = side
        self._graphs: dict[tuple[int, int, str], Graph] = {}

    def __call__(self, frame: av.VideoFrame) -> Pixels:
        shape = (frame.width, frame.height, frame.format.name)
        graph = self._graphs.get(shape) or self._graphs.setdefault(shape, self._graph(frame))
        graph.push(frame)
        squashed = np.asarray(graph.pull().to_ndarray(), np.uint8)
        return upright(squashed, frame_orientation(frame))

    def _graph(self, frame: av.VideoFrame) -> Graph:
        graph = Graph()
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
        )
        scale = graph.add("scale", f"{self._side}:{self._side}:flags=bilinear")
        rgb = graph.add("format", "rgb24")
        sink = graph.add("buffersink")
        for left, right in ((source, scale), (scale, rgb), (rgb, sink)):
            left.link_to(right)
        graph.configure()
        return graph
