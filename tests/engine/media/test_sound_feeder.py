"""What the sound thread makes of loops, stretches and files that give it little to play."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.domain.errors import MediaError
from engine.domain.geometry import Segment
from engine.media.sound import SoundReader
from engine.media.speaker import Samples
from tests.engine.media import clips
from tests.engine.media.fake_out import FakeOut
from tests.engine.media.playing import wait


@pytest.fixture(scope="module")
def fine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound whose ticks are a quarter of a sample that is played."""
    return clips.write_sound(tmp_path_factory.mktemp("sound") / "fine.wav", 2.0, rate=192000)


@pytest.mark.parametrize("speed", [1.0, 4.0])
@pytest.mark.parametrize("ticks", [1, 8, 500])
def test_a_loop_too_short_to_be_heard_goes_round_calmly(fine: Path, opened, ticks: int, speed: float) -> None:
    speaker = FakeOut()
    player = opened(fine, speaker)
    player.set_speed(speed)
    player.set_loop(Segment(1000, 1000 + ticks))
    player.play()
    wait(lambda: player._queue._pushed >= 0.4 * speaker.rate)
    speaker.advance(0.3)
    assert player._queue.at(speaker.heard()).lap in range(8, 16)
    assert 1000 <= player.position <= 1000 + ticks
    closing = threading.Thread(target=player.close, daemon=True)
    closing.start()
    closing.join(3)
    assert not closing.is_alive()


def test_playing_what_is_left_ends_though_it_is_no_sample(fine: Path, opened) -> None:
    player = opened(fine)
    player.seek(player.end - 1)
    player.play()
    wait(lambda: player.newest() or not player.playing)
    assert player.position == player.end


def test_sound_that_breaks_off_goes_on_as_silence_of_the_same_length(
    fine: Path, opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(reader: SoundReader, start: float, end: float) -> Iterator[Samples]:
        yield np.ones((round((end - start) * reader.rate) // 2, 2), np.float32)
        raise MediaError("It broke off.")

    monkeypatch.setattr(SoundReader, "blocks", breaking)
    speaker = FakeOut()
    player = opened(fine, speaker)
    player.seek(player.clock.pts_at(1.0), scrub=True)
    wait(lambda: player.notice == "It broke off.")
    player.play()
    wait(lambda: player._queue.started)
    wait(lambda: speaker.advance(0.02) or player.newest() or not player.playing)
    played = np.concatenate(speaker.played)
    assert abs(len(played) - speaker.rate) < speaker.rate // 10
    assert played[:20000].min() == 1.0
    assert not played[24000:].any()
