import threading
import time
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from engine.media import waveform
from engine.media.container import audio_of, open_container
from engine.media.peaks import BASE, PeakPyramid, base_pairs
from engine.media.probe import probe
from engine.media.sampled import read_sound
from engine.media.sound import SoundReader
from engine.media.trial import tried
from engine.media.waveform import Waveform
from tests.engine.media import clips
from tests.engine.media.test_sound import bursts


def direct(samples: np.ndarray, first: float, last: float, columns: int) -> np.ndarray:
    """Lowest and highest sample of each column, by looking at all of them."""
    parts = [samples[int(a) : int(b)] for a, b in pairwise(np.linspace(first, last, columns + 1))]
    return np.array([(part.min(), part.max()) for part in parts])


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_any_zoom_shows_the_extremes_of_its_columns(chunk: int) -> None:
    samples = np.random.default_rng(0).integers(-32768, 32767, 200 * BASE).astype(np.int16)
    pairs = base_pairs([samples], 1)
    pyramid = PeakPyramid(len(samples) // 3)
    for at in range(0, len(pairs), chunk):
        pyramid.extend(pairs[at : at + chunk])
    for columns in (1, 3, 10, 50, 100):
        width = len(samples) // columns // BASE * BASE
        shown = pyramid.column_peaks(0, width * columns, columns)
        least = direct(samples, 0, width * columns, columns)
        assert (shown[:, 0] <= least[:, 0]).all()
        assert (shown[:, 1] >= least[:, 1]).all()
        if columns == 50:
            assert np.array_equal(shown, least)


def test_no_column_hides_a_click() -> None:
    samples = np.zeros(4000 * BASE, np.int16)
    samples[1234567 % len(samples)] = 30000
    pyramid = PeakPyramid(len(samples))
    pyramid.extend(base_pairs([samples], 1))
    for columns in (7, 100, 333, 1280):
        assert pyramid.column_peaks(0, len(samples), columns)[:, 1].max() == 30000


def test_what_is_not_known_yet_is_empty_not_silent() -> None:
    pyramid = PeakPyramid(100 * BASE)
    pyramid.extend(np.zeros((50, 2), np.int16))
    shown = pyramid.column_peaks(0, 100 * BASE, 10)
    assert (shown[:5] == 0).all()
    assert (shown[6:, 0] > shown[6:, 1]).all()
    assert (pyramid.column_peaks(-9000, -8000, 4)[:, 0] > 0).all()


@pytest.mark.parametrize("kind", ["s16", "s32", "flt", "u8"])
def test_sample_formats_mean_the_same(kind: str) -> None:
    wave = np.linspace(-0.5, 0.5, 4 * BASE)
    stored = {
        "s16": (wave * 32767).astype(np.int16),
        "s32": (wave * (2**31 - 1)).astype(np.int32),
        "flt": wave.astype(np.float32),
        "u8": (wave * 127 + 128).astype(np.uint8),
    }[kind]
    pairs = base_pairs([stored], 1)
    assert pairs[0, 0] == pytest.approx(-16384, abs=300)
    assert pairs[-1, 1] == pytest.approx(16384, abs=300)
    interleaved = base_pairs([np.repeat(stored, 2)], 2)
    assert np.array_equal(pairs, interleaved)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.wav", "pcm_s16le"), ("a.m4a", "aac"), ("a.mp3", "mp3"), ("a.flac", "flac")]
)
def test_the_waveform_of_a_file_has_its_bursts_in_place(name: str, codec: str, tmp_path: Path) -> None:
    path = clips.write_sound(tmp_path / name, 4.5, codec=codec)
    clock = probe(path).clock
    for _ in range(2):
        wave = Waveform(path, clock)
        assert wave.wait(10)
        shown = wave.columns(clock.start, clock.start + clock.duration, 450)
        wave.close()
        assert wave.known == 1.0
        loud = np.flatnonzero(shown[:, 1] > 20000)
        assert np.flatnonzero(np.diff(loud, prepend=-60) > 50).size == 5
        assert loud[np.diff(loud, prepend=-60) > 50] == pytest.approx([0, 100, 200, 300, 400], abs=1)


def test_a_clip_has_the_waveform_of_its_sound_on_the_clock_of_its_pictures(clip) -> None:
    path = clip("turned")
    clock = probe(path).clock
    wave = Waveform(path, clock)
    assert wave.wait(10)
    shown = wave.columns(clock.pts_at(1.95), clock.pts_at(2.05), 10)
    wave.close()
    assert (shown[:4, 1] < 8000).all()
    assert (shown[5:7, 1] > 20000).all()


@pytest.mark.parametrize(
    ("name", "codec", "zero", "gap"),
    [
        ("a.mka", "pcm_s16le", 0.5, (0.0, 0.0)),
        ("a.mka", "pcm_s16le", 0.013, (0.0, 0.0)),
        ("a.mka", "pcm_s16le", 0.51, (1.3, 2.4)),
        ("a.m4a", "aac", 0.5, (0.0, 0.0)),
        ("a.flac", "flac", 0.507, (0.0, 0.0)),
    ],
)
def test_sound_that_begins_before_the_clip_is_cut_to_the_sample(
    name: str, codec: str, zero: float, gap: tuple[float, float], tmp_path: Path
) -> None:
    path = clips.write_sound(tmp_path / name, 4.5, codec=codec, gap=gap)
    with open_container(path) as container:
        pairs = np.concatenate(list(waveform.sound_pairs(container, audio_of(container), zero)))
    loud = np.flatnonzero(pairs[:, 1] > 20000)
    starts = loud[np.diff(loud, prepend=-60) > 60] * BASE / 48000
    expected = [at - zero for at in range(1, 5) if not gap[0] <= at < gap[1]]
    assert starts[-len(expected) :] == pytest.approx(expected, abs=0.006)


def test_silent_media_have_none(clip) -> None:
    path = clip("three B-frames")
    clock = probe(path).clock
    wave = Waveform(path, clock)
    wave.wait(10)
    assert (wave.columns(clock.start, clock.start + clock.duration, 5)[:, 0] > 0).all()
    wave.close()


def test_a_long_sound_shows_its_whole_shape_before_it_is_read(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("engine.media.waveform._LONG", 1.0)
    path = clips.write_sound(tmp_path / "a.wav", 30.0)
    clock = probe(path).clock
    gate = threading.Event()
    pairs = waveform.sound_pairs

    def held(*args):
        gate.wait(10)
        yield from pairs(*args)

    monkeypatch.setattr("engine.media.waveform.sound_pairs", held)
    wave = Waveform(path, clock)
    try:
        for _ in range(300):
            shown = wave.columns(clock.start, clock.start + clock.duration, 100)
            if (shown[:, 0] <= shown[:, 1]).all():
                break
            time.sleep(0.01)
        assert (shown[:, 1] > 2000).mean() > 0.9
        assert wave.known < 1.0
    finally:
        gate.set()
        wave.close()


def test_a_sound_that_changes_its_form_midway_is_read_on(tmp_path: Path) -> None:
    """Raw MP3: stereo, then mono at another rate, then stereo."""
    for name, layout, rate in (("a", "stereo", 48000), ("b", "mono", 44100)):
        with av.open(str(tmp_path / f"{name}.mp3"), "w", options={"write_xing": "0", "id3v2_version": "0"}) as out:
            stream = out.add_stream("mp3", rate=rate, layout=layout)
            wave = np.tile(clips.clicks(rate, rate), (1 if layout == "mono" else 2, 1))
            frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout=layout)
            frame.sample_rate = rate
            out.mux(stream.encode(frame))
            out.mux(stream.encode())
    path = tmp_path / "mixed.mp3"
    path.write_bytes(b"".join((tmp_path / f"{name}.mp3").read_bytes() for name in "aba"))
    clock = probe(path).clock
    wave = Waveform(path, clock)
    assert wave.wait(10)
    shown = wave.columns(clock.start, clock.start + clock.duration, 30)
    wave.close()
    assert wave.notice == ""
    assert (shown[:, 1] > 20000).sum() >= 3
    reader = SoundReader(path)
    assert len(bursts(reader.samples(0.0, 2.9))) >= 2
    reader.close()


def test_large_stretches_are_binned_like_small_ones(tmp_path: Path) -> None:
    path = clips.write_sound(tmp_path / "a.wav", 3.0)
    with open_container(path) as small, waveform.open_sound(path) as large:
        found = [np.concatenate(list(waveform.sound_pairs(one, audio_of(one), 0.0))) for one in (small, large)]
    assert np.array_equal(*found)


def test_a_sound_that_breaks_off_is_seen_and_heard_up_to_there(tmp_path: Path) -> None:
    path = clips.write_sound(tmp_path / "a.wv", 4.0, codec="wavpack")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) // 2))
    known = tried(path)
    assert "damaged" in known.notice
    wave, reader = Waveform(path, known.clock), SoundReader(path)
    assert wave.wait(10)
    heard = reader.samples(0.0, known.seconds)
    reader.close()
    assert (wave.notice, bursts(heard)) == ("", pytest.approx([0, 1], abs=0.01))
    assert len(read_sound(path, 16000)) >= 1.5 * 16000
