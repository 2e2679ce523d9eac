import random
from pathlib import Path

import av
import numpy as np
import pytest

from engine.media.container import open_container, video_of
from engine.media.index import frame_index
from engine.media.video import VideoReader
from tests.engine.media import clips


def luma(frame: av.VideoFrame) -> bytes:
    return frame.to_ndarray()[: frame.height].tobytes()


def sequential(path: Path) -> dict[int, bytes]:
    """PTS -> content by plain decoding from the start: the truth."""
    with open_container(path) as container:
        frames = container.decode(video_of(container))
        return {frame.pts if frame.pts is not None else frame.dts: luma(frame) for frame in frames}


def jumps(count: int, seed: int) -> list[int]:
    """At least 40 random jumps, each followed now and then by steps forward and backward."""
    chance = random.Random(seed)
    order = []
    for _ in range(42):
        at = chance.randrange(count)
        order.append(at)
        order += {0: [at + 1, at + 2, at + 3], 1: [at - 1, at - 2, at - 3]}.get(chance.randrange(4), [])
    return [n for n in order if 0 <= n < count]


@pytest.mark.parametrize("kind", clips.KINDS)
def test_a_seek_gives_the_very_frame_of_sequential_decoding(kind: str, clip) -> None:
    path = clip(kind)
    truth = sequential(path)
    index = frame_index(path)
    assert index.pts.tolist() == sorted(truth)
    reader = VideoReader(path, index)
    wrong = []
    for n in [0, len(index) - 1, *jumps(len(index), 7)]:
        pts, frame = reader.at(int(index.pts[n]))
        if pts != index.pts[n] or luma(frame) != truth[pts]:
            wrong.append(n)
    reader.close()
    assert wrong == []


@pytest.mark.parametrize("kind", clips.KINDS)
def test_without_an_index_the_frame_on_screen_is_found_too(kind: str, clip) -> None:
    path = clip(kind)
    truth = sequential(path)
    times = np.array(sorted(truth))
    reader = VideoReader(path)
    chance = random.Random(3)
    for _ in range(12):
        wanted = chance.randrange(int(times[0]), int(times[-1]) + 1)
        pts, frame = reader.at(wanted)
        assert pts == times[np.searchsorted(times, wanted, side="right") - 1]
        assert luma(frame) == truth[pts]
    reader.close()


@pytest.mark.parametrize("kind", ["three B-frames", "edit list", "variable rate mkv"])
def test_the_frame_carries_the_number_of_its_place(kind: str, clip) -> None:
    path = clip(kind)
    index = frame_index(path)
    hidden = clips.KINDS[kind][1].get("hidden", 0)
    reader = VideoReader(path, index)
    for n in (0, 1, 40, len(index) - 1):
        _, frame = reader.at(int(index.pts[n]))
        assert clips.number_of(frame.to_ndarray(format="rgb24")) == n + hidden
    reader.close()


def test_a_frame_sought_after_catching_up_is_found_though_no_other_needs_it(clip) -> None:
    path = clip("three B-frames")
    index = frame_index(path)
    reader = VideoReader(path, index)
    shown = []
    for n in range(20, 60):
        reader.at(int(index.pts[3]))
        reader.skip_unneeded(True)
        reader.next()
        shown.append(reader.at(int(index.pts[n]))[0])
    reader.close()
    assert shown == index.pts[20:60].tolist()


def test_reading_on_after_a_seek_misses_no_frame(clip) -> None:
    path = clip("open groups")
    index = frame_index(path)
    reader = VideoReader(path, index)
    reader.at(int(index.pts[57]))
    read = [reader.next()[0] for _ in range(20)]
    reader.close()
    assert read == index.pts[58:78].tolist()


def test_frames_on_the_way_are_handed_over_for_stepping_back(clip) -> None:
    path = clip("three B-frames")
    index = frame_index(path)
    truth = sequential(path)
    reader = VideoReader(path, index)
    seen = {}
    reader.at(int(index.pts[120]), keep=30, stored=lambda pts, frame: seen.update({pts: luma(frame)}))
    reader.close()
    assert sorted(seen) == index.pts[90:120].tolist()
    assert all(truth[pts] == content for pts, content in seen.items())


@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("libx264", {"preset": "veryfast", "bf": "3", "g": "40"}),
        ("mpeg2video", {"bf": "2", "g": "20"}),
        ("libx265", {"preset": "ultrafast", "x265-params": "log-level=none:keyint=30:open-gop=1:bframes=4"}),
    ],
)
def test_a_recording_cut_inside_a_group_begins_with_its_first_whole_picture(
    codec: str, options: dict[str, str], tmp_path: Path
) -> None:
    path = clips.without_start(clips.write_clip(tmp_path / "a.ts", count=90, codec=codec, options=options), 0.15)
    truth = sequential(path)
    index = frame_index(path)
    assert index.pts.tolist() == sorted(truth)
    reader = VideoReader(path, index)
    shown = [reader.at(int(index.pts[n])) for n in (0, 1, 30, 0)]
    reader.close()
    assert all(luma(frame) == truth[pts] for pts, frame in shown)
    assert [pts for pts, _ in shown] == [int(index.pts[n]) for n in (0, 1, 30, 0)]


def test_without_an_index_far_frames_are_sought_not_decoded_to(clip, monkeypatch) -> None:
    path = clip("short groups")
    reader = VideoReader(path)
    reader.next()
    sought = []
    monkeypatch.setattr(reader, "_seek", lambda pts, seek=reader._seek: sought.append(pts) or seek(pts))
    pts, _ = reader.at(int(4.5 * 15360))
    reader.close()
    assert sought
    assert pts == 135 * 512


def test_without_an_index_a_frame_that_stays_on_screen_is_not_sought_again(tmp_path: Path, monkeypatch) -> None:
    path = clips.write_clip(tmp_path / "a.mp4", options={"g": "140", "bf": "0", "preset": "veryfast"})
    clips.hurt(path, range(40, 140), "video")
    reader = VideoReader(path)
    sought = []
    monkeypatch.setattr(reader, "_seek", lambda pts, seek=reader._seek: sought.append(pts) or seek(pts))
    shown = [reader.at(pts * 512)[0] // 512 for pts in (30, 30, *range(30, 150))]
    reader.close()
    assert shown == [30, 30, *range(30, 40), *[39] * 100, *range(140, 150)]
    assert len(sought) == 1
