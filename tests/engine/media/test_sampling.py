"""What the model sees and hears, at sizes and rates that the golden data do not have."""

import itertools
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.domain.errors import MediaError
from engine.domain.geometry import Box
from engine.grammar import to_square
from engine.media.convert import frame_orientation
from engine.media.filter_bank import filter_bank
from engine.media.orientation import upright
from engine.media.resampling import resampled
from engine.media.sampled import clip, picture, read_frames, read_picture, read_sound, sound
from engine.media.sampling import (
    Hearing,
    Seeing,
    Watching,
    frame_indices,
    picture_values,
    sound_values,
    square,
    window_ranges,
)
from tests.engine.media import clips


@settings(deadline=None)
@given(st.integers(1, 5000), st.integers(1, 64))
def test_frames_are_in_order_within_the_clip_and_start_at_its_first(count: int, limit: int) -> None:
    indices = frame_indices(count, limit)
    assert len(indices) == min(count, limit)
    assert indices[0] == 0
    assert indices[-1] < count
    assert all(left < right for left, right in itertools.pairwise(indices))


def test_a_clip_without_frames_shows_none() -> None:
    assert frame_indices(0, 8) == []


@settings(deadline=None)
@given(st.integers(1, 70), st.integers(1, 70))
def test_the_square_and_the_grammar_agree_where_the_picture_is(width: int, height: int) -> None:
    padded = square(np.zeros((height, width, 3), np.uint8), (255, 255, 255))
    side = len(padded)
    rows, columns = np.nonzero(padded[:, :, 0] == 0)
    edges = (columns.min() / side, rows.min() / side, (columns.max() + 1) / side, (rows.max() + 1) / side)
    assert edges == pytest.approx(to_square(Box(0, 0, width, height), (width, height)))


def test_a_picture_is_the_middle_of_its_shorter_edge() -> None:
    grey = np.full((40, 90, 3), 128, np.uint8)
    grey[:, :20] = 0
    seeing = Seeing(resize=20, crop=10, pad=None, mean=(0, 0, 0), deviation=(1, 1, 1))
    values = picture_values(grey, seeing)
    assert values.shape == (3, 10, 10)
    assert values == pytest.approx(128 / 255)


def test_a_crop_larger_than_the_picture_is_black_around_it() -> None:
    seeing = Seeing(resize=8, crop=12, mean=(0, 0, 0), deviation=(1, 1, 1))
    values = picture_values(np.full((8, 8, 3), 255, np.uint8), seeing)
    assert values[:, 2:10, 2:10] == pytest.approx(1)
    assert values.sum() == pytest.approx(3 * 64)


def test_the_published_windows_leave_the_end_unheard_and_ours_hear_all() -> None:
    minute = 60 * 16000
    assert [start for start, _ in window_ranges(minute, Hearing())] == [0, 309333, 618666]
    whole = window_ranges(minute, Hearing(windows=30, placement="whole"))
    assert whole == [(second * 32000, second * 32000 + 32000) for second in range(30)]


@settings(deadline=None)
@given(st.integers(1, 400_000), st.integers(1, 12))
def test_whole_windows_reach_from_the_first_to_the_last_sample(samples: int, most: int) -> None:
    ranges = window_ranges(samples, Hearing(windows=most, placement="whole"))
    assert 1 <= len(ranges) <= most
    assert ranges[0][0] == 0
    if samples > 32000 and most > 1:
        assert samples - 1 <= ranges[-1][1] <= samples
    if samples <= 32000 * most:
        assert all(right[0] <= left[1] for left, right in itertools.pairwise(ranges))


def test_a_sound_shorter_than_a_frame_is_silence() -> None:
    hearing = Hearing(windows=2)
    values = sound_values(np.zeros(10, np.float32), hearing)
    assert values.shape == (2, 1, 128, 204)
    assert values == pytest.approx(4.268 / 9.138)


def test_a_tone_is_loudest_in_its_own_band() -> None:
    time = np.arange(16000, dtype=np.float32) / 16000
    mel = 1127 * np.log1p(np.array([20.0, 8000.0]) / 700)
    for hertz in (200, 1000, 4000):
        bank = filter_bank(np.sin(2 * np.pi * hertz * time).astype(np.float32), 16000, 64)
        place = (1127 * np.log1p(hertz / 700) - mel[0]) / (mel[1] - mel[0]) * 65 - 1
        assert bank.shape == (64, 98)
        assert abs(int(bank.mean(axis=1).argmax()) - place) <= 1


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
def test_a_tone_survives_a_change_of_rate(rate: int) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype(np.float32)
    changed = np.concatenate(list(resampled([tone], rate, 16000)))
    expected = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    assert len(changed) == 16000
    assert np.abs(changed - expected)[100:-100].max() < 2e-3


@settings(deadline=None)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=8), st.sampled_from([8000, 44100, 48000]))
def test_blocks_of_any_size_give_what_the_whole_gives(sizes: list[int], rate: int) -> None:
    signal = np.random.default_rng(sum(sizes)).standard_normal(sum(sizes)).astype(np.float32)
    blocks = np.split(signal, np.cumsum(sizes)[:-1])
    whole = np.concatenate(list(resampled([signal], rate, 16000)))
    parts = np.concatenate(list(resampled(blocks, rate, 16000)))
    assert len(parts) == -(-len(signal) * 16000 // rate)
    np.testing.assert_allclose(parts, whole, atol=1e-6)


def _video(path: Path, count: int, *, options: dict[str, str] | None = None, codec: str = "libx264") -> None:
    """Frames whose brightness is their number."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = Fraction(1, 25)
        for number in range(count):
            image = np.full((48, 64, 3), 20 + 2 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


@pytest.mark.parametrize("options", [{"g": "5", "bf": "3"}, {"g": "100", "bf": "2"}, {"g": "1"}])
def test_the_chosen_frames_are_those_of_their_numbers(tmp_path: Path, options: dict[str, str]) -> None:
    path = tmp_path / "clip.mp4"
    _video(path, 90, options=options)
    frames = read_frames(path, Watching(side=16, limit=9))
    assert frames.shape == (9, 16, 16, 3)
    assert frames.mean(axis=(1, 2, 3)) == pytest.approx([20 + 20 * number for number in range(9)], abs=3)


def test_in_place_of_a_frame_that_cannot_be_decoded_the_one_before_is_shown_and_a_lost_head_is_no_part(
    tmp_path: Path,
) -> None:
    path = tmp_path / "clip.mp4"
    _video(path, 90, options={"g": "10", "bf": "0", "x264-params": "scenecut=0"})
    clips.hurt(path, [*range(10), *range(40, 50)], "video")
    frames = read_frames(path, Watching(side=16, limit=18))
    chosen = [10 + 80 * number // 18 for number in range(18)]
    expected = [39 if 40 <= number < 50 else number for number in chosen]
    assert expected.count(39) == 2
    assert frames.mean(axis=(1, 2, 3)) == pytest.approx([20 + 2 * number for number in expected], abs=3)


def test_a_clip_is_shown_upright(tmp_path: Path) -> None:
    """The first half of each row is bright; displayed, that is another edge."""
    path = tmp_path / "turned.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(90)
        image = np.zeros((48, 64, 3), np.uint8)
        image[:, :32] = 255
        container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    (frame,) = read_frames(path, Watching(side=16, limit=1))
    with av.open(str(path)) as container:
        reference = upright(image, frame_orientation(next(container.decode(video=0))))
    bright = reference.shape[0] // 2
    assert frame[:6].mean() > 200 if reference[:bright].mean() > 200 else frame[-6:].mean() > 200
    assert abs(frame[:6].mean() - frame[-6:].mean()) > 200


def test_a_clip_becomes_as_many_frames_as_it_has(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    _video(path, 5)
    assert clip(path, Watching(side=8, limit=64)).shape == (3, 5, 8, 8)


def test_pictures_are_turned_upright_and_alpha_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 10)).save(path, exif=exif)
    assert read_picture(path).shape == (30, 10, 3)
    Image.new("RGBA", (7, 5)).save(tmp_path / "clear.png")
    assert picture(tmp_path / "clear.png", Seeing(resize=4, crop=4)).shape == (3, 4, 4)


def test_the_first_channel_of_a_sound_is_heard_at_the_models_rate(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    left = (np.sin(np.arange(24000) / 20) * 20000).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48000, layout="stereo")
        both = np.stack((left, np.zeros_like(left)), axis=1).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        frame.rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    samples = read_sound(path, 16000)
    assert len(samples) == 8000
    assert samples[100:-100] == pytest.approx(left[300:-300:3] / 32768, abs=2e-3)
    assert sound(path, Hearing(windows=5, placement="whole")).shape == (1, 1, 128, 204)


@pytest.mark.parametrize(
    "read",
    [read_picture, lambda path: read_frames(path, Watching(side=8, limit=8)), lambda path: read_sound(path, 16000)],
)
@pytest.mark.parametrize("data", [b"", b"RIFF\x00\x00\x00\x00WAVE", b"\x89PNG\r\n\x1a\n" + bytes(40), bytes(5000)])
def test_what_cannot_be_read_is_told_in_words(tmp_path: Path, read: object, data: bytes) -> None:
    path = tmp_path / "broken.bin"
    path.write_bytes(data)
    assert callable(read)
    with pytest.raises(MediaError, match=r"broken\.bin"):
        read(path)


def test_a_silent_clip_has_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    _video(path, 5)
    with pytest.raises(MediaError, match="no sound"):
        read_sound(path, 16000)


@pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.flac", "flac")])
def test_a_damaged_stretch_of_a_sound_is_silence_and_the_rest_stays_in_place(
    name: str, codec: str, tmp_path: Path
) -> None:
    path = clips.write_sound(tmp_path / name, 3.5, codec=codec)
    whole = read_sound(path, 16000)
    heard = read_sound(clips.hurt(path, range(15, 18)), 16000)
    assert abs(len(heard) - len(whole)) <= 16
    loud = np.flatnonzero(np.abs(heard[24000:]) > 0.4) + 24000
    assert loud[np.diff(loud, prepend=0) > 1600] == pytest.approx([32000, 48000], abs=64)


def test_the_model_hears_a_gap_as_silence(tmp_path: Path) -> None:
    samples = read_sound(clips.write_sound(tmp_path / "a.mka", 6.0, gap=(1.5, 4.5)), 16000)
    assert len(samples) == 96000
    loud = np.flatnonzero(np.abs(samples) > 0.4)
    assert loud[np.diff(loud, prepend=-16000) > 1600] == pytest.approx([0, 16000, 80000], abs=64)
    assert not samples[26000:71000].any()


def test_times_that_leap_by_hours_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mka"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for at in (0, 26 * 3600 * 8000):
            frame = av.AudioFrame.from_ndarray(np.ones((1, 800), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 8000, at, Fraction(1, 8000)
            container.mux(stream.encode(frame))
    with pytest.raises(MediaError, match=r"a\.mka leap by hours"):
        read_sound(path, 16000)


def test_a_play_list_does_not_lead_to_other_files(tmp_path: Path) -> None:
    clips.write_sound(tmp_path / "other.wav", 0.1)
    path = tmp_path / "list.wav"
    path.write_text("ffconcat version 1.0\nfile other.wav\n")
    with pytest.raises(MediaError, match=r"list\.wav"):
        read_sound(path, 16000)


@pytest.mark.parametrize(
    "read",
    [read_picture, lambda path: read_frames(path, Watching(side=8, limit=8)), lambda path: read_sound(path, 16000)],
)
def test_of_a_missing_file_it_is_said_that_it_is_missing(read: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"gone\.bin is not there any more"):
        read(tmp_path / "gone.bin")
