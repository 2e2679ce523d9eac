"""What the strip shows of a clip with few key frames."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.filmstrip import Filmstrip
from app.jobs import Jobs
from engine.media import thumbnail
from engine.media.probe import media_item
from tests.engine.media import clips


def number(image: QImage) -> int:
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return clips.number_of(pixels[..., 2::-1])


def test_a_key_frame_is_there_first_and_the_frame_of_the_instant_follows(qtbot: QtBot, tmp_path: Path) -> None:
    item = media_item(clips.write_clip(tmp_path / "a.mp4", count=90, options={"g": "90", "bf": "2"}), tmp_path)
    clock = item.clock
    assert clock is not None
    strip = Filmstrip(Jobs())
    strip.open(item, tmp_path / "a.mp4")
    wanted = [0, 17, 40, 80]
    instants = [clock.pts_at(number / clips.RATE) for number in wanted]

    def shown(step: int) -> list[int]:
        return [number(image) for pts in instants if (image := strip.at(pts, step)) is not None]

    whole = clock.duration
    qtbot.waitUntil(lambda: shown(4 * whole) == [0, 0, 0, 0])
    # Far apart the key frame is near enough.
    qtbot.wait(50)
    assert shown(4 * whole) == [0, 0, 0, 0]
    qtbot.waitUntil(lambda: shown(whole // 90) == wanted)


def test_exact_frames_give_way_to_what_is_not_there_at_all(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = media_item(clips.write_clip(tmp_path / "a.mp4", count=90, options={"g": "90", "bf": "2"}), tmp_path)
    clock, frames_at = item.clock, thumbnail.frames_at
    assert clock is not None
    begun, done = threading.Event(), threading.Event()

    def slowly(path: Path, times: list[int], size: tuple[int, int], stop: Callable[[], bool]) -> object:
        begun.set()
        while not done.wait(0.001):
            stop()
        return frames_at(path, times, size, stop)

    monkeypatch.setattr(thumbnail, "frames_at", slowly)
    strip = Filmstrip(Jobs())
    strip.open(item, tmp_path / "a.mp4")
    rough, absent = clock.pts_at(1.5), clock.pts_at(2.0)
    qtbot.waitUntil(lambda: strip.at(rough, 1) is not None and begun.is_set())
    with qtbot.waitSignal(strip.grew):
        strip.at(absent, 10 * clock.duration)
    done.set()
    qtbot.waitUntil(lambda: number(strip.at(rough, 1)) == 45)
