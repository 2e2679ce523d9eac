from pathlib import Path

import numpy as np
import pytest

from engine.media.probe import probe
from engine.media.sound import SoundReader, at_speed
from engine.media.sound_queue import SoundQueue
from tests.engine.media import clips

RATE = 48000


def bursts(samples: np.ndarray) -> list[float]:
    """Seconds at which loud bursts begin."""
    loud = np.flatnonzero(np.abs(samples[:, 0]) > 0.4)
    starts = loud[np.diff(loud, prepend=-RATE) > RATE // 10]
    return [at / RATE for at in starts]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.wav", "pcm_s16le"),
        ("a.flac", "flac"),
        ("a.mp3", "mp3"),
        ("a.m4a", "aac"),
        ("a.ogg", "libopus"),
        ("a.mka", "ac3"),
        ("a.oga", "flac"),
        ("ms.wav", "adpcm_ms"),
        ("ima.wav", "adpcm_ima_wav"),
        ("a.w64", "adpcm_ms"),
    ],
)
def test_sound_from_any_instant_lies_where_it_belongs(name: str, codec: str, tmp_path: Path) -> None:
    path = clips.write_sound(tmp_path / name, 6.5, codec=codec)
    clock = probe(path).clock
    zero = clock.start * clock.num / clock.den
    reader = SoundReader(path)
    for start in (0.0, 2.5, 0.75, 4.21):
        samples = reader.samples(zero + start, zero + start + 2.0)
        assert len(samples) == 2 * RATE
        first = int(np.ceil(start))
        found = [at + start for at in bursts(samples)]
        assert found == pytest.approx([first, first + 1], abs=0.004)
    reader.close()


@pytest.mark.parametrize(("name", "codec"), [("a.oga", "flac"), ("a.wav", "adpcm_ms")])
def test_a_sound_is_the_same_from_any_instant(name: str, codec: str, tmp_path: Path) -> None:
    reader = SoundReader(clips.write_sound(tmp_path / name, 20.0, codec=codec, wave=clips.noise))
    whole = reader.samples(0.0, 20.0)
    for start in (0.5, 19.9, 3.3, 12.7, 7.0):
        first = round(start * RATE)
        assert np.array_equal(reader.samples(start, start + 0.1), whole[first : first + RATE // 10])
    reader.close()


def test_no_part_of_a_packet_is_left_out(tmp_path: Path) -> None:
    """A packet of ADPCM in a WAV file is several frames, and only the first is told its time."""
    reader = SoundReader(clips.write_sound(tmp_path / "a.wav", 2.0, codec="adpcm_ms"))
    samples = reader.samples(0.0, 2.0)[:, 0]
    reader.close()
    assert np.abs(samples[: len(samples) // 480 * 480].reshape(-1, 480)).max(1).min() > 0.05


def test_before_and_after_the_sound_there_is_silence(tmp_path: Path) -> None:
    reader = SoundReader(clips.write_sound(tmp_path / "a.wav", 1.5))
    samples = reader.samples(1.0, 3.0)
    reader.close()
    assert len(samples) == 2 * RATE
    assert np.abs(samples[: RATE // 100]).max() > 0.4
    assert not samples[round(0.51 * RATE) :].any()


def test_other_rates_are_converted(tmp_path: Path) -> None:
    reader = SoundReader(clips.write_sound(tmp_path / "a.wav", 3.0, rate=44100))
    assert bursts(reader.samples(0.5, 2.5)) == pytest.approx([0.5, 1.5], abs=0.004)
    reader.close()


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.5, 2.0, 4.0])
def test_speed_changes_length_and_keeps_pitch(speed: float) -> None:
    t = np.arange(2 * RATE) / RATE
    wave = np.repeat((0.5 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)[:, None], 2, 1)
    out = np.concatenate(list(at_speed(iter(np.split(wave, 20)), speed, RATE)))
    assert len(out) / RATE == pytest.approx(2 / speed, rel=0.03)
    spectrum = np.abs(np.fft.rfft(out[2000 : 2000 + RATE // 4, 0] * np.hanning(RATE // 4)))
    assert np.argmax(spectrum) * 4 == pytest.approx(1000, abs=8)


def test_a_stretch_at_another_speed_has_its_exact_length() -> None:
    out = list(at_speed(iter([np.zeros((1000, 2), np.float32)] * 30), 0.75, RATE))
    assert sum(map(len, out)) == 40000


def test_the_queue_knows_which_instant_each_sample_is() -> None:
    queue = SoundQueue(10.0, 2.0, RATE)
    block = np.ones((RATE, 2), np.float32)
    queue.push(block, 0, 10.0, 2.0, 9 * RATE)
    queue.push(block, 1, 4.0, 2.0, 9 * RATE)
    assert (queue.at(RATE / 2).lap, queue.at(RATE / 2).seconds) == (0, 11.0)
    assert (queue.at(RATE * 1.5).lap, queue.at(RATE * 1.5).seconds) == (1, 5.0)


def test_a_cut_queue_is_silent_at_once_and_frees_its_feeder() -> None:
    queue = SoundQueue(0.0, 1.0, RATE)
    queue.push(np.ones((100, 2), np.float32), 0, 0.0, 1.0, 50)
    queue.cut()
    assert queue.pull(np.zeros((10, 2), np.float32)) == 0
    assert not queue.push(np.ones((100, 2), np.float32), 0, 0.0, 1.0, 50)


def test_volume_acts_on_what_is_already_queued() -> None:
    queue = SoundQueue(0.0, 1.0, RATE)
    queue.push(np.ones((100, 2), np.float32), 0, 0.0, 1.0, RATE)
    queue.volume = 0.25
    out = np.zeros((120, 2), np.float32)
    assert queue.pull(out) == 100
    assert (out[:100] == 0.25).all()
