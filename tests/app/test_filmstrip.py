"""What the strip shows of a clip with few key frames."""

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from app.filmstrip import Filmstrip
from app.jobs import Jobs
from engine.media.probe import media_item
from tests.engine.media import clips


def test_a_key_frame_is_there_first_and_the_frame_of_the_instant_follows(qtbot: QtBot, tmp_path: Path) -> None:
    item = media_item(clips.write_clip(tmp_path / "a.mp4", count=90, options={"g": "90", "bf": "2"}), tmp_path)
    clock = item.clock
    assert clock is not None
    strip = Filmstrip(Jobs())
    strip.open(item, tmp_path / "a.mp4")
    wanted = [0, 17, 40, 80]
    instants = [clock.pts_at(number / clips.RATE) for number in wanted]

    def shown(step: int) -> list[int]:
        numbers = []
        for pts in instants:
            image = strip.at(pts, step)
            if image is not None:
                pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
                numbers.append(clips.number_of(pixels[..., 2::-1]))
        return numbers

    whole = clock.duration
    qtbot.waitUntil(lambda: shown(4 * whole) == [0, 0, 0, 0])
    # Far apart the key frame is near enough.
    qtbot.wait(50)
    assert shown(4 * whole) == [0, 0, 0, 0]
    qtbot.waitUntil(lambda: shown(whole // 90) == wanted)
