import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.domain.errors import MediaError
from engine.domain.geometry import Segment
from engine.media import frame_source
from engine.media.convert import Converter, Frame
from engine.media.playback import Playback
from engine.media.probe import probe
from engine.media.proxy import make_proxy
from engine.media.speaker import SilentOut
from engine.media.video import VideoReader
from tests.engine.media import clips
from tests.engine.media.fake_out import FakeOut
from tests.engine.media.playing import number, settled, wait
from tests.engine.media.test_sound import bursts


@pytest.fixture(scope="module")
def talkie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds with sound."""
    options = {"preset": "veryfast", "bf": "3", "g": "50"}
    return clips.write_clip(tmp_path_factory.mktemp("clip") / "talkie.mp4", options=options, audio="aac")


def test_it_opens_paused_on_the_first_frame(talkie: Path, opened) -> None:
    player = opened(talkie)
    assert number(settled(player)) == 0
    assert not player.playing
    assert player.position == player.clock.start


def test_a_clip_that_has_gone_is_refused_and_leaves_no_thread(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "gone.mp4", count=2)
    known, before = probe(path), threading.active_count()
    path.unlink()
    with pytest.raises(MediaError, match="gone"):
        Playback(path, known, SilentOut())
    assert threading.active_count() == before


def test_a_sought_frame_is_the_very_one_and_steps_move_by_one(talkie: Path, opened) -> None:
    player = opened(talkie)
    settled(player)
    player.seek(player.clock.pts_at(77.5 / 30))
    assert number(settled(player)) == 77
    for count, expected in ((1, 78), (1, 79), (-1, 78), (-1, 77), (-1, 76), (-10, 66), (-500, 0), (500, 149)):
        player.step(count)
        assert number(settled(player)) == expected


def test_pictures_follow_the_sound(talkie: Path, opened) -> None:
    speaker = FakeOut(jitter=0.003)
    player = opened(talkie, speaker)
    settled(player)
    player.play()
    wait(lambda: speaker._pull is not None)
    shown: list[tuple[float, int]] = []
    for _ in range(240):
        time.sleep(0.001)
        speaker.advance(1 / 60)
        wait(lambda: speaker.true_heard() / speaker.rate > 4.9 or not player.playing or _ready(player, shown, speaker))
    numbers = [n for _, n in shown]
    assert numbers == sorted(numbers)
    assert len(numbers) >= 110
    assert max(abs(heard - n / 30 - 1 / 60) for heard, n in shown) <= 1.5 / 30


def _ready(player: Playback, shown: list, speaker: FakeOut) -> bool:
    """Take what is to be shown; ready once the picture is the one of the clock."""
    frame = player.newest()
    if frame is not None:
        shown.append((speaker.true_heard() / speaker.rate, number(frame)))
    last = shown[-1][1] if shown else -1
    return last >= int(player.clock.seconds_at(player.position) * 30 + 1e-6) - 1


def test_the_sound_that_comes_out_is_the_sound_of_the_place(talkie: Path, opened) -> None:
    speaker = FakeOut()
    player = opened(talkie, speaker)
    player.seek(player.clock.pts_at(1.5))
    player.play()
    wait(lambda: speaker._pull is not None)
    for _ in range(100):
        speaker.advance(0.02)
        time.sleep(0.001)
    assert bursts(np.concatenate(speaker.played)) == pytest.approx([0.5, 1.5], abs=0.03)


def test_pause_rests_on_the_frame_that_was_on_screen(talkie: Path, opened) -> None:
    player = opened(talkie, SilentOut())
    settled(player)
    player.play()
    last = None
    until = time.perf_counter() + 0.5
    while time.perf_counter() < until:
        last = player.newest() or last
        time.sleep(0.005)
    player.pause()
    assert player.position == last.pts
    assert settled(player).pts == last.pts
    player.step(-1)
    assert number(settled(player)) == number(last) - 1


def test_playing_ends_at_the_end_and_starts_again_from_the_start(talkie: Path, opened) -> None:
    player = opened(talkie, SilentOut())
    settled(player)
    player.seek(player.clock.pts_at(4.7))
    player.play()
    frames = []
    wait(lambda: frames.append(player.newest()) or not player.playing)
    wait(lambda: number([frame for frame in [*frames, player.newest()] if frame][-1]) >= 147)
    assert player.position == player.index.pts[149]
    player.play()
    assert player.position < player.clock.pts_at(0.2)


def test_a_loop_goes_round_in_sound_and_picture(talkie: Path, opened) -> None:
    speaker = FakeOut()
    player = opened(talkie, speaker)
    settled(player)
    clock = player.clock
    player.set_loop(Segment(clock.pts_at(0.9), clock.pts_at(1.4)))
    player.seek(clock.pts_at(0.9))
    player.play()
    wait(lambda: speaker._pull is not None)
    seen = []
    for _ in range(120):
        speaker.advance(1 / 60)
        time.sleep(0.004)
        frame = player.newest()
        if frame is not None:
            seen.append(number(frame))
    assert set(seen) <= set(range(27, 43))
    assert sum(b < a for a, b in pairwise(seen)) >= 3
    assert np.diff(bursts(np.concatenate(speaker.played))) == pytest.approx(0.5, abs=0.01)


def test_a_loop_is_not_left_when_the_speed_changes_in_its_last_frame(clip, opened) -> None:
    speaker = FakeOut(block=480)
    speaker.patience = 1.0
    player = opened(clip("MPEG-4 avi"), speaker)
    settled(player)
    player.set_loop(Segment(30, 33))
    player.seek(30)
    player.play()
    for speed in (1.5, 1.0) * 10:
        wait(lambda: speaker._pull is not None and player._queue.started)
        for _ in range(20):
            speaker.advance(0.011)
            assert 30 <= player.position < 33
        player.set_speed(speed)


def test_double_speed_moves_twice_as_fast(talkie: Path, opened) -> None:
    player = opened(talkie, SilentOut())
    settled(player)
    player.set_speed(2.0)
    player.play()
    began = time.perf_counter()
    wait(lambda: player.newest() and player.clock.seconds_at(player.position) >= 1.6)
    assert 0.7 <= time.perf_counter() - began <= 1.3


def test_scrubbing_shows_a_key_frame_first_and_then_the_frame(tmp_path: Path, opened) -> None:
    path = clips.write_clip(tmp_path / "long.mp4", count=240, options={"g": "240", "bf": "0", "preset": "veryfast"})
    player = opened(path)
    settled(player)
    wait(lambda: player.index)
    player.seek(player.clock.pts_at(6.02), scrub=True)
    seen = [wait(player.newest)]
    while not seen[-1].exact:
        seen.append(wait(player.newest))
    assert number(seen[-1]) == 180


def test_before_the_frames_are_known_a_near_frame_is_shown_first(
    tmp_path: Path, opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = threading.Event()
    monkeypatch.setattr(frame_source, "frame_index", lambda *_: counting.wait(10) and None)
    path = clips.write_clip(tmp_path / "long.mp4", count=240, options={"g": "60", "bf": "2", "preset": "veryfast"})
    player = opened(path)
    settled(player)
    reader = VideoReader(path)
    task = frame_source._Task(player._source, reader, Converter(1), player._source._generation)
    offered: list[Frame] = []
    monkeypatch.setattr(player._source, "offer", lambda _, frame: offered.append(frame))
    task.show(frame_source.Show(player.clock.pts_at(3.52), scrub=True))
    counting.set()
    reader.close()
    assert [(number(frame), frame.exact) for frame in offered] == [(60, False), (105, True)]


def test_what_a_preview_stands_for_stays_the_position(tmp_path: Path, opened) -> None:
    path = clips.write_clip(tmp_path / "long.mp4", count=240, options={"g": "240", "bf": "0", "preset": "veryfast"})
    player = opened(path)
    settled(player)
    wait(lambda: player.index)
    wanted = player.clock.pts_at(6.02)
    player.seek(wanted, preview=True)
    first = wait(player.newest)
    assert player.position == (player.position if first.exact else wanted)
    assert number(first if first.exact else settled(player)) == 180


def test_a_smaller_view_gets_smaller_pixels_and_every_pixel_on_demand(talkie: Path, opened) -> None:
    player = opened(talkie, view=(96, 96))
    frame = settled(player)
    assert frame.pixels.shape == (48, 96, 4)
    assert frame.scale == 0.5
    player.set_view(None)
    assert settled(player).pixels.shape == (96, 192, 4)


def test_a_sound_plays_without_pictures(tmp_path: Path, opened) -> None:
    path = clips.write_sound(tmp_path / "a.wav", 3.0)
    speaker = FakeOut()
    player = opened(path, speaker)
    player.seek(player.clock.pts_at(0.5))
    player.play()
    wait(lambda: speaker._pull is not None)
    for _ in range(50):
        speaker.advance(0.02)
        time.sleep(0.001)
    assert player.newest() is None
    assert player.clock.seconds_at(player.position) == pytest.approx(1.45, abs=0.06)
    player.pause()
    rested = player.position
    speaker.advance(0.5)
    assert player.position == rested


def test_scrubbing_over_sound_lets_a_grain_be_heard(talkie: Path, opened) -> None:
    speaker = FakeOut()
    player = opened(talkie, speaker)
    player.seek(player.clock.pts_at(2.0), scrub=True)
    wait(lambda: speaker._pull is not None)
    for _ in range(20):
        speaker.advance(0.01)
        player.newest()
    heard = np.concatenate(speaker.played)
    assert len(heard) / speaker.rate == pytest.approx(0.09, abs=0.005)
    assert np.abs(heard).max() > 0.4


def test_a_device_that_does_not_keep_time_is_given_up_with_a_sentence(talkie: Path, opened) -> None:
    speaker = FakeOut()
    player = opened(talkie, speaker)
    player.play()
    wait(lambda: speaker._pull is not None)
    speaker.broken = lambda: True
    player.newest()
    assert player.playing
    assert "does not keep time" in player.notice


def test_the_scale_is_that_of_the_clip_for_kept_frames_too(talkie: Path, opened) -> None:
    player = opened(talkie, view=(96, 96))
    settled(player)
    wait(lambda: player.index)
    player.seek(player.clock.pts_at(3.0))
    settled(player)
    for count in (-1, -1, 1):
        player.step(count)
        assert settled(player).scale == 0.5


def test_stepping_back_for_long_shows_every_frame(tmp_path: Path, opened) -> None:
    path = clips.write_clip(tmp_path / "long.mp4", count=400, options={"g": "250", "bf": "3", "preset": "veryfast"})
    player = opened(path, view=(96, 48))
    settled(player)
    wait(lambda: player.index)
    player.seek(int(player.index.pts[390]))
    seen = [player.index.rank(settled(player).pts)]
    for _ in range(300):
        player.step(-1)
        seen.append(player.index.rank(settled(player).pts))
    assert seen == list(range(390, 89, -1))


def test_with_a_small_copy_scrubbing_shows_the_very_frame_small_and_then_whole(tmp_path: Path, opened) -> None:
    path = clips.write_clip(tmp_path / "long.mp4", count=200, options={"g": "200", "bf": "0", "preset": "veryfast"})
    make_proxy(path, lambda _done, _total: None)
    player = opened(path)
    settled(player)
    wait(lambda: player.index)
    for wanted in (150, 33, 171):
        player.seek(int(player.index.pts[wanted]), scrub=True)
        first = wait(player.newest)
        assert number(first) == wanted
        assert number(first if first.exact else settled(player)) == wanted
