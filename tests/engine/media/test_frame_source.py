"""What the decoding threads hand out when wishes and views change under them."""

import random
import time
from pathlib import Path

import av
import pytest

from engine.media.convert import Converter, Frame, Size
from engine.media.frame_store import FrameStore
from engine.media.speaker import SilentOut
from tests.engine.media import clips
from tests.engine.media.playing import settled, wait

SMALL = (96, 48)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = {"g": "60", "bf": "2", "preset": "veryfast"}
    return clips.write_clip(tmp_path_factory.mktemp("clip") / "long.mp4", count=150, options=options)


def test_a_frame_made_for_a_smaller_view_is_not_kept() -> None:
    store, frame = FrameStore(), av.VideoFrame(8, 8, "yuv420p")
    store.resize(SMALL)
    store.put(1, frame, SMALL)
    store.resize(None)
    store.put(2, frame, SMALL)
    store.put(3, frame, None)
    store.resize(SMALL)
    store.put(4, frame, SMALL)
    assert [store.has(pts) for pts in (1, 2, 3, 4)] == [False, False, True, True]


def test_a_view_enlarged_while_playing_gets_larger_pixels(long: Path, opened) -> None:
    player = opened(long, SilentOut(), view=SMALL)
    settled(player)
    player.play()
    assert wait(player.newest).pixels.shape[1] == 96
    player.set_view(None)
    assert wait(lambda: (frame := player.newest()) and player.playing and frame.pixels.shape[1] == 192)


def test_a_heavy_clip_is_sharp_when_it_is_paused_after_the_view_was_enlarged(
    long: Path, opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.media.convert._LIGHT", 0)
    player = opened(long, SilentOut(), view=SMALL)
    settled(player)
    player.play()
    wait(player.newest)
    player.set_view(None)
    shown: list[Frame] = []
    wait(lambda: ((frame := player.newest()) and shown.append(frame)) or len(shown) > 9)
    player.pause()
    assert settled(player).pixels.shape[1] == 192


def test_a_view_enlarged_while_a_frame_is_made_for_the_smaller_one_stays_sharp(
    long: Path, opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = opened(long, view=SMALL)
    settled(player)
    wait(lambda: player.index)
    player.seek(int(player.index.pts[100]))
    settled(player)
    store, shrunk = player._source.store, Converter.shrunk

    def slowly(self: Converter, frame: av.VideoFrame, *, light: bool = False) -> av.VideoFrame:
        small = shrunk(self, frame, light=light)
        if light:
            store.resize(None)
        return small

    monkeypatch.setattr(Converter, "shrunk", slowly)
    player.step(-1)
    settled(player)
    wait(lambda: store.has(int(player.index.pts[67])))
    assert {frame.width for frame in store._frames.values()} == {192}


@pytest.mark.parametrize("view", [(192, 96), None])
def test_steps_back_are_sharp_whenever_the_view_was_enlarged(long: Path, opened, view: Size | None) -> None:
    chance = random.Random(1)
    player = opened(long)
    settled(player)
    wait(lambda: player.index)
    for _ in range(12):
        player.set_view(SMALL)
        player._source.store.clear()
        player.seek(int(player.index.pts[100]))
        settled(player)
        player.step(-1)
        time.sleep(chance.uniform(0, 0.006))
        player.set_view(view)
        settled(player)
        for _ in range(40):
            player.step(-1)
            assert settled(player).pixels.shape[1] == 192
