import subprocess
import sys

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import Colorspace

from engine.media.convert import Converter


def waves(form: str) -> av.VideoFrame:
    y, x = np.mgrid[0:720, 0:960]
    shades = np.stack([128 + 100 * np.sin(x / 31), 128 + 100 * np.sin(y / 23), (x + y) / 7], -1)
    frame = av.VideoFrame.from_ndarray(shades.clip(0, 255).astype(np.uint8), format="rgb24")
    return frame.reformat(format=form)


@pytest.mark.parametrize("form", ["yuv420p", "yuvj420p", "yuv444p", "rgb24"])
@pytest.mark.parametrize("view", [(777, 583), (640, 480), (320, 240), (240, 180)])
def test_a_frame_scaled_to_the_view_is_the_frame_seen_from_farther(form: str, view: tuple[int, int]) -> None:
    frame = waves(form)
    whole = Converter(1).frame(frame, 0).pixels
    small = Converter(1, view).frame(frame, 0)
    expected = cv2.resize(whole, (small.pixels.shape[1], small.pixels.shape[0]), interpolation=cv2.INTER_AREA)
    assert small.pixels.shape[1] == view[0]
    assert np.abs(small.pixels.astype(int) - expected).mean() < 2
    assert np.abs(small.pixels.astype(int) - expected).max() < 16


def test_a_frame_of_high_definition_whose_colours_are_not_told_keeps_them_when_it_becomes_small() -> None:
    plain = av.VideoFrame.from_ndarray(np.full((1081, 1923, 3), (200, 40, 90), np.uint8), format="rgb24")
    frame = plain.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
    frame.colorspace = 2  # not told, as most cameras leave it
    shown = Converter(1, (300, 300)).frame(frame, 0)
    assert shown.pixels.shape[:2] == (169, 300)
    assert np.abs(shown.pixels[..., 2::-1].astype(int) - (200, 40, 90)).max() < 8


@pytest.mark.parametrize(
    ("size", "colours"),
    [
        ((1280, 536), Colorspace.ITU709),
        ((608, 1080), Colorspace.ITU709),
        ((1276, 536), Colorspace.ITU601),
        ((1024, 576), Colorspace.ITU601),
    ],
)
def test_colours_that_are_not_told_are_those_of_the_size(size: tuple[int, int], colours: Colorspace) -> None:
    plain = av.VideoFrame.from_ndarray(np.full((*size[::-1], 3), (200, 40, 90), np.uint8), format="rgb24")
    frame = plain.reformat(format="yuv420p", dst_colorspace=colours)
    frame.colorspace = 2
    for view in (None, (300, 300)):
        shown = Converter(1, view).frame(frame, 0).pixels[..., 2::-1].astype(int)
        assert np.abs(shown - (200, 40, 90)).max() < 8


def test_a_kept_frame_of_high_definition_keeps_its_colours_when_it_becomes_small() -> None:
    frame = waves("yuv420p")
    large = Converter(1).frame(frame, 0).pixels[::2, ::2]
    kept = Converter(1, (480, 360))
    small = kept.frame(kept.shrunk(frame, light=True), 0).pixels
    assert np.abs(small.astype(int) - large).mean() < 4


@pytest.mark.parametrize("form", ["yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuva420p", "yuv444p", "nv12", "rgb24"])
@pytest.mark.parametrize("width", [562, 564, 540])
def test_every_column_is_written_whatever_the_width(form: str, width: int) -> None:
    plain = av.VideoFrame.from_ndarray(np.full((720, 960, 3), 200, np.uint8), format="rgb24").reformat(format=form)
    for frame, view in ((plain, (width, 720)), (plain.reformat(width=width), None)):
        shown = Converter(1, view).frame(frame, 0).pixels[..., :3]
        assert shown.shape[1] == width
        assert np.abs(shown.astype(int) - 200).max() < 8


def test_opencv_is_loaded_when_frames_are_much_larger_than_shown_and_not_before() -> None:
    told = """
import sys, av
from engine.media.convert import Converter
for view in ((480, 360), (240, 180)):
    Converter(1, view).frame(av.VideoFrame(960, 720, "yuv420p"), 0)
    print("cv2" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
