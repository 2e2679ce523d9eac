"""Reading just what the model is shown: a picture, chosen frames of a clip, the sound of a file at the model's rate."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.filter import Graph
from numpy.typing import NDArray

from engine.domain.errors import MediaError
from engine.media.container import audio_of, open_container, readable
from engine.media.convert import frame_orientation
from engine.media.index import frame_index
from engine.media.orientation import upright
from engine.media.picture import load
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
from engine.media.shown import ShownFrames
from engine.media.sound_frames import SLACK, decoded, joined

Pixels = NDArray[np.uint8]
Array = NDArray[np.float32]
Check = Callable[[], None]

# Rates without a common factor would need a kernel of hundreds of megabytes.
_LARGEST_KERNEL = 4_000_000
# Seconds without sound beyond which time stamps jumped rather than that nothing was to be heard.
_LONGEST_GAP = 4 * 3600


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
    return load(path).rgb


def read_frames(path: Path, watching: Watching, check: Check = lambda: None) -> Pixels:
    """The frames the model is shown, squashed and upright, RGB (T, side, side, 3)."""
    index = frame_index(path)
    wanted = [int(index.pts[place]) for place in frame_indices(len(index.pts), watching.limit)]
    if not wanted:
        raise MediaError(f"{path.name} has no frames that can be decoded; convert it to MP4 and try again.")
    squash = _Squash(watching.side)
    shown = ShownFrames(path, index)
    try:
        frames = []
        for pts in wanted:
            check()
            frames.append(squash(shown.at(pts)))
        return np.stack(frames)
    except av.FFmpegError as error:
        raise MediaError(f"{path.name} cannot be read as a clip; convert it to MP4 and try again.") from error
    finally:
        shown.close()


def read_sound(path: Path, rate: int, check: Check = lambda: None) -> Array:
    """The first channel of a file's sound at `rate`, mono (N,) in -1..1, in its own time: gaps are silence."""
    with readable(path), open_container(path) as container:
        stream = audio_of(container)
        if stream is None:
            raise MediaError(f"{path.name} has no sound.")
        own = stream.codec_context.sample_rate
        shared = math.gcd(own, rate)
        if own // shared * (rate // shared) > _LARGEST_KERNEL:
            own = rate
        parts = _planar(decoded(container.demux(stream)), own, check)
        blocks = list(resampled(joined(_placed(path, parts, own), round(SLACK * own)), own, rate))
    if not sum(len(block) for block in blocks):
        raise MediaError(f"{path.name} has no sound that can be decoded.")
    return np.concatenate(blocks)


def _planar(frames: Iterator[av.AudioFrame], rate: int, check: Check) -> Iterator[av.AudioFrame]:
    """The frames in float and at `rate`; their form may change in the middle of a stream."""
    known: dict[tuple[str, str, int], AudioResampler] = {}
    for frame in frames:
        check()
        form = frame.format.name, frame.layout.name, frame.sample_rate
        planar = known.get(form) or known.setdefault(form, AudioResampler(format="fltp", rate=rate))
        yield from planar.resample(frame)
    for planar in known.values():
        yield from planar.resample(None)


def _placed(path: Path, parts: Iterator[av.AudioFrame], rate: int) -> Iterator[tuple[int, Array]]:
    """(place in samples after the first, first channel) of each part."""
    zero: float | None = None
    end = 0
    for part in parts:
        at, seconds = end, part.time
        if seconds is not None:
            zero = seconds if zero is None else zero
            at = round((seconds - zero) * rate)
        if at - end > _LONGEST_GAP * rate:
            raise MediaError(f"The times of {path.name} leap by hours; convert it to WAV and try again.")
        samples = part.to_ndarray()[0]
        end = at + len(samples)
        yield at, samples


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
