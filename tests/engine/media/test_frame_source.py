"""What the decoding threads hand out when wishes and views change under them."""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from engine.domain.geometry import Segment
from engine.media import frame_source
from engine.media.convert import Converter, Frame, Size
from engine.media.frame_store import FrameStore
from engine.media.index import FrameIndex
from engine.media.proxy import proxy_file
from engine.media.sound_queue import Instant
from engine.media.speaker import SilentOut
from engine.media.video import VideoReader
from tests.engine.media import clips
from tests.engine.media.playing import number, settled, wait

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


def test_a_frame_that_lasts_for_seconds_is_shown_when_it_is_sought_while_playing(tmp_path: Path, opened) -> None:
    path = clips.write_clip(tmp_path / "slides.mp4", count=4, times=lambda count: iter(range(0, 150 * count, 150)))
    player = opened(path, SilentOut())
    settled(player)
    player.play()
    for seconds, expected in ((13.0, 2), (8.0, 1)):
        player.seek(player.clock.pts_at(seconds))
        assert number(wait(player.newest)) == expected
    assert player.dropped == 0


def test_a_frame_that_comes_late_is_shown_while_no_other_is_due(
    tmp_path: Path, opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clips.write_clip(tmp_path / "slides.mp4", count=4, times=lambda count: iter(range(0, 150 * count, 150)))
    player = opened(path, SilentOut())
    settled(player)
    wait(lambda: player.index)
    monkeypatch.setattr(player._source, "heard", lambda when: Instant(when.lap, when.seconds + 0.3))
    player.seek(player.clock.pts_at(13.0))
    settled(player)
    player.play()
    assert number(wait(player.newest)) == 2


def test_a_loop_that_is_decoded_too_slowly_keeps_up_with_the_sound(
    tmp_path: Path, opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clips.write_clip(tmp_path / "slow.mp4", count=30, options={"g": "30", "bf": "0", "preset": "veryfast"})
    player = opened(path, SilentOut())
    settled(player)
    wait(lambda: player.index)
    source, following = player._source, VideoReader.next
    source.store._budget = 0
    monkeypatch.setattr(VideoReader, "next", lambda reader: time.sleep(0.08) or following(reader))
    player.set_loop(Segment(player.clock.start, player.clock.pts_at(0.2)))
    player.play()
    behind = []
    monkeypatch.setattr(source, "enqueue", lambda _, due: behind.append(player._now().lap - due.when.lap))
    wait(lambda: len(behind) >= 14)
    assert min(behind[-3:]) <= 1


def test_a_run_that_is_far_behind_ends_as_soon_as_another_is_wished_for(
    long: Path, opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = opened(long, SilentOut())
    settled(player)
    wait(lambda: player.index)
    source, found, sought = player._source, VideoReader.at, []

    def at(reader: VideoReader, pts: int, **more: object) -> object:
        sought.append(pts)
        source.wish(None)
        return found(reader, pts, **more)

    source.store.clear()
    monkeypatch.setattr(source, "heard", lambda when: Instant(when.lap, when.seconds + 1.5))
    monkeypatch.setattr(VideoReader, "at", at)
    player.play()
    wait(lambda: sought)
    time.sleep(0.1)
    assert len(sought) == 1


def test_a_loop_from_before_the_first_frame_shows_that_frame(long: Path, opened) -> None:
    player = opened(long, SilentOut())
    settled(player)
    wait(lambda: player.index)
    player.set_loop(Segment(player.clock.start - 1000, player.clock.start))
    player.play()
    assert number(wait(player.newest)) == 0


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The frames are being counted until this is set."""
    done, count = threading.Event(), frame_source.frame_index

    def counted(path: Path, stop: threading.Event) -> FrameIndex:
        done.wait(10)
        return count(path, stop)

    monkeypatch.setattr(frame_source, "frame_index", counted)
    yield done
    done.set()


def test_every_step_counts_before_the_frames_are_known(long: Path, opened, counting: threading.Event) -> None:
    player = opened(long, view=SMALL)
    settled(player)
    for count in (1, 1, 3, -1):
        player.step(count)
        time.sleep(0.005)
    player.set_view(None)
    counting.set()
    assert number(settled(player)) == 4
    player.step(1)
    assert number(settled(player)) == 5


def test_playing_begins_though_a_step_waits_for_the_frames_to_be_known(
    long: Path, opened, counting: threading.Event
) -> None:
    player = opened(long, SilentOut())
    settled(player)
    player.step(1)
    time.sleep(0.01)
    player.play()
    assert wait(lambda: (frame := player.newest()) and number(frame) > 3)
    counting.set()


def test_a_clip_taken_away_while_it_is_open_goes_on_as_far_as_it_can(long: Path, opened, tmp_path: Path) -> None:
    path = tmp_path / "taken.mp4"
    path.write_bytes(long.read_bytes())
    player = opened(path)
    settled(player)
    wait(lambda: player.index)
    path.unlink()
    player.seek(int(player.index.pts[100]))
    settled(player)
    for expected in range(99, 60, -1):
        player.step(-1)
        assert number(settled(player)) == expected
    assert {thread.name for thread in player._source._threads if thread.is_alive()} >= {"media _decode_back"}


def test_a_small_copy_that_is_damaged_is_done_without(long: Path, opened, tmp_path: Path) -> None:
    path = tmp_path / "copied.mp4"
    path.write_bytes(long.read_bytes())
    proxy_file(path).parent.mkdir(parents=True, exist_ok=True)
    proxy_file(path).write_bytes(b"nothing")
    player = opened(path)
    settled(player)
    wait(lambda: player.index)
    player.seek(int(player.index.pts[100]), scrub=True)
    assert number(settled(player)) == 100
    assert not player.notice
