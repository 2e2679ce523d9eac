"""A small copy of a heavy clip in which every frame is a key frame: scrubbing at the speed of the hand.

Frame n of the copy is frame n of the clip; what rests on screen always comes from the clip itself.
"""

from collections.abc import Callable
from pathlib import Path

import av
from av.video.reformatter import Colorspace, VideoReformatter

from engine.media import cache
from engine.media.container import open_container, readable, video_of
from engine.media.convert import colours_of, fitted
from engine.media.index import FrameIndex, frame_index
from engine.media.shown import ShownFrames
from engine.media.video import VideoReader

_BOUND = (960, 540)
# One time unit for each frame keeps numbers exact whatever the clip's own times are.
_RATE = 30
_QUALITY = "5"


class Proxy:
    """The copy, open for reading by frame number. For one thread; `close` it."""

    def __init__(self, file: Path) -> None:
        with readable(file), open_container(file) as container:
            stream = video_of(container)
            packets = [] if stream is None else [one.pts for one in container.demux(stream) if one.pts is not None]
        self._times = sorted(packets)
        self._reader = VideoReader(file, threads=1)

    def __len__(self) -> int:
        return len(self._times)

    def frame(self, number: int) -> av.VideoFrame:
        return self._reader.at(self._times[number])[1]

    def close(self) -> None:
        self._reader.close()


def proxy_file(path: Path) -> Path:
    """Where the copy of the clip at `path` lies or would lie."""
    with readable(path):
        return cache.entry(path, "proxy.mov")


def make_proxy(path: Path, report: Callable[[float, float], None]) -> Path:
    """Write the copy; a job of minutes, given up when `report(done, total)` raises. Raises `MediaError`."""
    file = proxy_file(path)
    with readable(path):
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"part-{file.name}")
        try:
            _write(path, frame_index(path), part, report)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    return file


def remove_proxy(path: Path) -> None:
    """Take the copy away, if there is one; nobody may have it open."""
    with readable(path):
        proxy_file(path).unlink(missing_ok=True)


def _write(path: Path, index: FrameIndex, part: Path, report: Callable[[float, float], None]) -> None:
    shown, reformatter = ShownFrames(path, index), VideoReformatter()
    try:
        with av.open(str(part), "w", format="mov") as out:
            stream = out.add_stream("mjpeg", rate=_RATE, options={"qmin": _QUALITY, "qmax": _QUALITY})
            for number, pts in enumerate(index.pts.tolist()):
                frame = shown.at(pts)
                if number == 0:
                    stream.width, stream.height = fitted((frame.width, frame.height), _BOUND)
                    stream.pix_fmt = "yuvj420p"
                small = reformatter.reformat(
                    frame,
                    width=stream.width,
                    height=stream.height,
                    format="yuvj420p",
                    src_colorspace=colours_of(frame),
                    # JPEG knows no other.
                    dst_colorspace=Colorspace.ITU601,
                )
                small.pts, small.time_base = number, 1 / stream.codec_context.rate
                out.mux(stream.encode(small))
                report(number + 1, len(index))
            out.mux(stream.encode())
    finally:
        shown.close()
