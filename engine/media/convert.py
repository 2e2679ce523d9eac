"""Decoded frames as pixels: BGRA, upright, no larger than the view needs."""

from importlib import import_module

import av
import numpy as np
from av.sidedata.sidedata import SideData
from av.video.plane import VideoPlane
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from msgspec import Struct

from engine.media import orientation
from engine.media.orientation import Pixels

Size = tuple[int, int]
# ITU-R BT.709 is what cameras mean from here on, in width or height, when they do not say; films are wide and low.
_HIGH_DEFINITION = 1280, 720
_UNSPECIFIED = 2
# Up to this many pixels keeping a frame whole is cheaper than scaling it twice.
_LIGHT = 1920 * 1200
# From this many times the size on halving is most of the work, and OpenCV worth its 15 ms and 16 MB, once.
_MUCH = 3
# The cores are the decoder's; more threads here cost more than they save.
_THREADS = 1
# Scaling these before the change of colours is cheaper than both at once. Their colours lie in every second row and
# column; with colour in every row the change of colours is as quick.
_PLANAR = {"yuv420p": "yuv422p", "yuvj420p": "yuvj422p"}
# Of these FFmpeg's change of colours leaves up to four columns at the right unwritten where the width is no multiple.
_SHORT, _COLUMNS = {*_PLANAR, *_PLANAR.values(), "yuva420p"}, 8


class Frame(Struct, frozen=True, eq=False):
    """One frame of a clip: `pixels` (h, w, 4) uint8 BGRA, contiguous and upright; `pts` names it in its stream.

    `scale` is shown pixels for one of the clip. `exact` is False for a key frame shown while the wanted one is sought.
    """

    pts: int
    pixels: Pixels
    scale: float = 1.0
    exact: bool = True


def frame_orientation(frame: av.VideoFrame) -> int:
    """The EXIF number of a decoded frame's display matrix."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    return orientation.of_matrix(bytes(matrix)) if isinstance(matrix, SideData) else 1


class Converter:
    """Turns decoded frames into pixels in the thread that owns it.

    `view` bounds the size as displayed, None for all.
    """

    def __init__(self, turn: int, view: Size | None = None, full: int = 0) -> None:
        """`full` is the width of the clip as stored where frames may come that were `shrunk` before."""
        self._turn = turn
        self._full = full
        # Each keeps what it worked out for the sizes and formats it saw last.
        self._scaler, self._reformatter = VideoReformatter(), VideoReformatter()
        self.view = view

    def frame(self, source: av.VideoFrame, pts: int, *, exact: bool = True) -> Frame:
        stored_width, colours = self._full or source.width, colours_of(source)
        width, height = fitted((source.width, source.height), self._stored_view())
        if width < source.width and source.format.name in _PLANAR:
            source = self._scaled(source, width, height, _PLANAR[source.format.name])
        wide = width
        if width == source.width and width % _COLUMNS and source.format.name in _SHORT:
            source = _widened(source)
            wide = source.width
        shown = self._reformatter.reformat(
            source,
            width=wide,
            height=height,
            format="bgra",
            src_colorspace=colours,
            interpolation=Interpolation.AREA,
            threads=_THREADS,
        )
        plane = shown.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(height, plane.line_size)[:, : width * 4]
        stored = rows.reshape(height, width, 4)
        return Frame(pts, orientation.upright(stored, self._turn), width / stored_width, exact)

    def shrunk(self, source: av.VideoFrame, *, light: bool = False) -> av.VideoFrame:
        """The same frame in its own format, for keeping: no larger than the view if it is heavy, or even if `light`."""
        width, height = fitted((source.width, source.height), self._stored_view())
        if width == source.width or (not light and source.width * source.height <= _LIGHT):
            return source
        return self._scaled(source, width, height, source.format.name)

    def _scaled(self, source: av.VideoFrame, width: int, height: int, form: str) -> av.VideoFrame:
        colours = colours_of(source) or source.colorspace
        if source.format.name in _PLANAR and min(source.width / width, source.height / height) >= _MUCH:
            source = import_module("engine.media.halving").brought_near(source, (width, height), form)
        small = self._scaler.reformat(
            source, width=width, height=height, format=form, interpolation=Interpolation.AREA, threads=_THREADS
        )
        small.colorspace = colours
        return small

    def _stored_view(self) -> Size | None:
        view = self.view
        return (view[1], view[0]) if view and orientation.turned(self._turn) else view


def fitted(size: Size, view: Size | None) -> Size:
    """`size` scaled down, never up, to lie within `view`; each side at least 1."""
    if view is None:
        return size
    scale = min(max(view[0], 1) / size[0], max(view[1], 1) / size[1], 1.0)
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def _widened(source: av.VideoFrame) -> av.VideoFrame:
    """The same frame with more columns at its right, as many as are missing; they hold anything."""
    wide = av.VideoFrame(-(-source.width // _COLUMNS) * _COLUMNS, source.height, source.format.name)
    for plane, target in zip(source.planes, wide.planes, strict=True):
        _samples(target)[:, : plane.width] = _samples(plane)[:, : plane.width]
    wide.colorspace, wide.color_range = source.colorspace, source.color_range
    return wide


def _samples(plane: VideoPlane) -> Pixels:
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)


def colours_of(frame: av.VideoFrame) -> Colorspace | None:
    """What to take the colours of a frame for that does not say; None where it does, or where the usual is meant."""
    width, height = _HIGH_DEFINITION
    if frame.colorspace == _UNSPECIFIED and (frame.width >= width or frame.height >= height):
        return Colorspace.ITU709
    return None
