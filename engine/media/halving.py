"""Large planar frames made small by OpenCV, nearly as fast as they can be read; loaded when the first one comes."""

import av
import cv2
import numpy as np
from av.video.plane import VideoPlane

from engine.media.orientation import Pixels

# Up to here interpolating what was halved is as good as taking the mean of an area, and half as dear.
_SLIGHT = 1.5


def brought_near(source: av.VideoFrame, size: tuple[int, int], form: str) -> av.VideoFrame:
    """A planar frame of 8 bits made smaller: of `size` (w, h) and format `form` where that is near, else still larger.

    Every four samples become their mean, again and again while much remains to be done.
    """
    width, height = size
    while source.width >= 2 * _SLIGHT * width and source.height >= 2 * _SLIGHT * height:
        half = (source.width // 2, source.height // 2)
        source = _resized(source, half, source.format.name, cv2.INTER_AREA)
    if source.width > _SLIGHT * width or source.height > _SLIGHT * height:
        return source
    return _resized(source, size, form, cv2.INTER_LINEAR)


def _resized(source: av.VideoFrame, size: tuple[int, int], form: str, way: int) -> av.VideoFrame:
    made = av.VideoFrame(*size, form)
    for plane, target in zip(source.planes, made.planes, strict=True):
        cv2.resize(_seen(plane), (target.width, target.height), _seen(target), interpolation=way)
    made.colorspace, made.color_range = source.colorspace, source.color_range
    return made


def _seen(plane: VideoPlane) -> Pixels:
    """What is seen of a plane, without what its rows are filled up with."""
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
