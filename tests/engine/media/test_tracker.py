"""Following through real clips drawn for the test."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from engine.domain.errors import Cancelled
from engine.domain.geometry import Box, box_iou
from engine.domain.tracks import Leg
from engine.media.tracker import Follower, best, cut

SIZE = (160, 120)
FRAMES = 24


def place(number: int) -> Box:
    """It drifts to the right and down and grows a little."""
    width, height = 30 + number / 4, 20 + number / 6
    return Box(10 + 3 * number, 15 + 2 * number, 10 + 3 * number + width, 15 + 2 * number + height)


def page(number: int, *, gone: bool = False) -> np.ndarray:
    rng = np.random.default_rng(3)
    back = cv2.resize(rng.integers(60, 200, (12, 16, 3)).astype(np.uint8), SIZE, interpolation=cv2.INTER_CUBIC)
    if not gone:
        x0, y0, x1, y1 = (round(edge) for edge in place(number).edges)
        thing = rng.integers(0, 255, (4, 5, 3)).astype(np.uint8)
        back[y0:y1, x0:x1] = cv2.resize(thing, (x1 - x0, y1 - y0), interpolation=cv2.INTER_NEAREST)
    return back


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thing that moves for 24 frames and is gone for 6."""
    path = tmp_path_factory.mktemp("clip") / "thing.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(FRAMES + 6):
            frame = av.VideoFrame.from_ndarray(page(number, gone=number >= FRAMES), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(("first", "last"), [(0, FRAMES - 1), (FRAMES - 1, 0)])
def test_a_thing_is_followed_either_way(
    clip: Path, first: int, last: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    follower = Follower(clip)
    found = follower.follow(
        Leg(follower.frames[first], place(first), follower.frames[last], fresh=True), lambda _done, _total: None
    )
    follower.close()
    numbers = [follower.frames.index(one.pts) for one in found]
    assert numbers == (list(range(1, FRAMES)) if last else list(range(FRAMES - 2, -1, -1)))
    overlaps = [box_iou(one.box, place(number)) for one, number in zip(found, numbers, strict=True)]
    assert min(overlaps) > 0.8
    assert min(one.sure for one in found) > 0.6


def test_what_has_gone_is_not_found(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    follower = Follower(clip)
    leg = Leg(follower.frames[FRAMES - 4], place(FRAMES - 4), follower.frames[-1], fresh=True)
    found = follower.follow(leg, lambda _done, _total: None)

    def stop(_done: float, _total: float) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        follower.follow(leg, stop)
    follower.close()
    assert [one.sure > 0.45 for one in found] == [True] * 3 + [False] * 6


def test_a_thing_of_one_colour_is_told_from_its_background() -> None:
    pixels = np.full((100, 100, 3), 90, np.uint8)
    pixels[40:60, 50:80] = (200, 30, 30)
    moved = np.roll(pixels, (5, -7), (0, 1))
    box = Box(50, 40, 80, 60)
    found = best(moved, box, [cut(pixels, box)])
    assert box_iou(found.box, Box(43, 45, 73, 65)) > 0.9
    assert best(np.full((100, 100, 3), 90, np.uint8), box, [cut(pixels, box)]).score < 0.2
