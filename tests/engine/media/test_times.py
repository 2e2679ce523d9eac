"""Where a container stores no time for each frame, the number in the picture is the truth."""

import random
from pathlib import Path

import pytest

from engine.media.index import frame_index
from engine.media.probe import probe
from engine.media.thumbnail import key_frames
from engine.media.video import VideoReader
from tests.engine.media import clips

X264 = {"preset": "veryfast", "threads": "1"}
KINDS = {
    "h264.avi": ("libx264", {**X264, "bf": "3", "g": "40"}),
    "open groups.avi": ("libx264", {**X264, "x264-params": "open-gop=1:keyint=40:bframes=3:scenecut=0"}),
    "no B-frames.avi": ("libx264", {**X264, "bf": "0", "g": "40"}),
    "h264.mpg": ("libx264", {**X264, "bf": "3", "g": "40"}),
    "no B-frames.mpg": ("libx264", {**X264, "bf": "0", "g": "40"}),
    "hevc.mpg": ("libx265", {"preset": "ultrafast", "x265-params": "log-level=none:keyint=25:bframes=4:open-gop=1"}),
}


@pytest.fixture(scope="module")
def untimed(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("untimed")

    def of(name: str) -> Path:
        codec, options = KINDS[name]
        path = folder / name
        return path if path.exists() else clips.write_clip(path, count=100, codec=codec, options=options)

    return of


@pytest.mark.parametrize("name", KINDS)
def test_each_frame_is_counted_and_found_by_its_place(name: str, untimed) -> None:
    index = frame_index(untimed(name))
    assert (len(index), index.regular) == (100, True)
    reader = VideoReader(untimed(name), index)
    order = [*range(100), *random.Random(1).sample(range(100), 40)]
    shown = [clips.number_of(reader.at(int(index.pts[n]))[1].to_ndarray(format="rgb24")) for n in order]
    reader.close()
    assert shown == order


@pytest.mark.parametrize("name", KINDS)
def test_while_frames_are_being_counted_the_same_is_shown(name: str, untimed) -> None:
    index = frame_index(untimed(name))
    reader = VideoReader(untimed(name))
    for n in random.Random(3).sample(range(100), 12):
        pts, frame = reader.at(int(index.pts[n]))
        assert (pts, clips.number_of(frame.to_ndarray(format="rgb24"))) == (index.pts[n], n)
    reader.close()


@pytest.mark.parametrize("name", KINDS)
def test_catching_up_gives_no_frame_another_ones_time(name: str, untimed) -> None:
    index = frame_index(untimed(name))
    reader = VideoReader(untimed(name), index)
    reader.at(int(index.pts[10]))
    reader.skip_unneeded(True)
    read = [reader.next() for _ in range(20)]
    reader.close()
    assert all(clips.number_of(frame.to_ndarray(format="rgb24")) == index.rank(pts) for pts, frame in read)


def test_a_bare_stream_that_cannot_be_sought_is_read_from_its_start(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "a.m1v", count=60, codec="mpeg1video", options={"g": "20"})
    index = frame_index(path)
    reader = VideoReader(path)
    shown = [clips.number_of(reader.at(int(index.pts[n]))[1].to_ndarray(format="rgb24")) for n in (0, 45, 0, 20)]
    reader.close()
    assert shown == [0, 45, 0, 20]
    clock = probe(path).clock
    assert [pts for pts, _ in key_frames(path, clock, [clock.start, int(index.pts[45])], (64, 64))]
