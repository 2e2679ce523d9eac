from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.domain.errors import MediaError
from engine.domain.media import MediaKind
from engine.media import thumbnail as made
from engine.media.probe import probe
from engine.media.thumbnail import frames_at, key_frames, thumbnail
from engine.media.times import FrameTimes
from tests.engine.media import clips


def test_a_picture_keeps_its_shape_and_colour(tmp_path: Path) -> None:
    Image.new("RGB", (400, 200), (200, 40, 10)).save(tmp_path / "a.png")
    small = thumbnail(tmp_path / "a.png", MediaKind.IMAGE, (96, 96))
    assert small.shape == (48, 96, 4)
    assert np.abs(small[..., :3].reshape(-1, 3).astype(int) - [10, 40, 200]).max() <= 3


def test_a_clip_shows_an_early_frame_upright(clip) -> None:
    assert thumbnail(clip("turned"), MediaKind.VIDEO, (96, 96)).shape == (96, 48, 4)


def test_a_sound_shows_its_waveform(tmp_path: Path) -> None:
    small = thumbnail(clips.write_sound(tmp_path / "a.wav", 2.0), MediaKind.AUDIO, (80, 40))
    assert small.shape == (40, 80, 4)
    assert small[20, :, 3].all()
    assert small[5, 0, 3]
    assert not small[5, 20, 3]


def test_the_second_time_it_comes_from_the_disk(tmp_path: Path, monkeypatch) -> None:
    Image.new("RGB", (64, 64), (1, 2, 3)).save(tmp_path / "a.png")
    first = thumbnail(tmp_path / "a.png", MediaKind.IMAGE, (32, 32))
    monkeypatch.setattr(made, "_MAKERS", {})
    again = thumbnail(tmp_path / "a.png", MediaKind.IMAGE, (32, 32))
    assert again.shape == first.shape
    assert np.abs(again.astype(int) - first).max() <= 4


def test_a_broken_file_has_none_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    with pytest.raises(MediaError, match=r"a\.mp4"):
        thumbnail(tmp_path / "a.mp4", MediaKind.VIDEO, (32, 32))


def test_a_strip_shows_the_key_frames_before_its_times(clip) -> None:
    path = clip("short groups")
    clock = probe(path).clock
    times = [clock.pts_at(n / 30) for n in (0, 60, 149)]
    strip = list(key_frames(path, clock, times, (192, 96)))
    numbers = [clips.number_of(pixels[..., 2::-1]) for _, pixels in strip]
    assert numbers[0] == 0
    assert all(round(clock.seconds_at(pts) * 30) == number for (pts, _), number in zip(strip, numbers, strict=True))
    assert [number <= wanted for number, wanted in zip(numbers, (0, 60, 149), strict=True)] == [True] * 3


@pytest.mark.parametrize(("kind", "group"), [("transport stream", 50), ("MPEG-2", 30)])
def test_the_strip_of_a_stream_shows_no_later_group(kind: str, group: int, clip) -> None:
    clock = probe(clip(kind)).clock
    wanted = [5, 45, 75, 95, 110, 149]
    strip = list(key_frames(clip(kind), clock, [clock.pts_at(n / 30) for n in wanted], (192, 96)))
    assert [clips.number_of(pixels[..., 2::-1]) // group for _, pixels in strip] == [n // group for n in wanted]
    assert all(pts <= clock.pts_at(n / 30) for (pts, _), n in zip(strip, wanted, strict=True))


def test_exact_frames_of_a_strip_cost_no_frames_that_they_do_not_need(clip, monkeypatch: pytest.MonkeyPatch) -> None:
    path, decoded, told = clip("three B-frames"), [], FrameTimes.of
    clock = probe(path).clock
    monkeypatch.setattr(FrameTimes, "of", lambda times, frame: decoded.append(1) or told(times, frame))
    wanted = [clock.pts_at((n + 0.5) / 30) for n in (100, 100, 140)]
    strip = list(frames_at(path, wanted, (192, 96), lambda: False))
    assert [clips.number_of(pixels[..., 2::-1]) for _, pixels in strip] == [100, 100, 140]
    assert len(decoded) < 110


def test_a_strip_shows_the_frame_before_a_damaged_one(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "a.mp4", count=60, options={"g": "60", "bf": "0", "preset": "veryfast"})
    clips.hurt(path, [40], "video")
    clock = probe(path).clock
    wanted = [clock.pts_at(n / 30) for n in (39, 40)]
    strip = list(frames_at(path, wanted, (192, 96), lambda: False))
    assert [clips.number_of(pixels[..., 2::-1]) for _, pixels in strip] == [39, 39]
