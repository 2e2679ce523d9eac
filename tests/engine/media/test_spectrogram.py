import time
from pathlib import Path

import numpy as np
import pytest

from engine.domain.media import Clock
from engine.media.probe import probe
from engine.media.spectrogram import RATE, ROWS, Spectrogram, decibels, level_for
from tests.engine.media import clips


def seen(spectrogram: Spectrogram, start: int, end: int, columns: int) -> np.ndarray:
    for _ in range(500):
        image, whole = spectrogram.image(start, end, columns)
        if whole:
            return image
        time.sleep(0.01)
    raise AssertionError(spectrogram.notice)


def test_a_full_sine_is_zero_decibels_in_its_row() -> None:
    wave = np.sin(2 * np.pi * 1000 * np.arange(512) / RATE).astype(np.float32)
    column = decibels(wave[None, :])[0]
    assert column.argmax() == 1000 * 512 // RATE - 1
    assert column.max() >= 253


def test_silence_is_black() -> None:
    assert not decibels(np.zeros((3, 512), np.float32)).any()


@pytest.mark.parametrize("span", [1.0, 8.0])
def test_bursts_stand_where_they_sound(span: float, tmp_path: Path) -> None:
    path = clips.write_sound(tmp_path / "a.m4a", 9.0, codec="aac")
    clock = probe(path).clock
    spectrogram = Spectrogram(path, clock)
    try:
        image = seen(spectrogram, clock.pts_at(0.5), clock.pts_at(0.5 + span), 400)
        row = image[1000 * 512 // RATE - 1]
        loud = np.flatnonzero(row > 215)
        starts = loud[np.diff(loud, prepend=-50) > 10]
        assert starts * span / 400 + 0.5 == pytest.approx(np.arange(1, round(span) + 1), abs=0.035)
        assert image.shape == (ROWS, 400)
        assert (image[440 * 512 // RATE - 1] > 150).all()
    finally:
        spectrogram.close()


def test_before_and_after_the_sound_it_is_black(tmp_path: Path) -> None:
    path = clips.write_sound(tmp_path / "a.wav", 1.0)
    clock = probe(path).clock
    spectrogram = Spectrogram(path, clock)
    try:
        image = seen(spectrogram, clock.pts_at(-1.0), clock.pts_at(2.0), 300)
        assert not image[:, :95].any()
        assert not image[:, 206:].any()
        assert image[:, 110:190].any()
    finally:
        spectrogram.close()


def test_hours_in_one_view_are_read_at_their_columns_only() -> None:
    assert level_for(0.008) == 0
    assert level_for(36000 / 1280) == 11
    assert level_for(1e-9) == 0
    assert Clock(1, 16000, 0, 16000).seconds == 1.0
