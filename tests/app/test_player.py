"""The player over a medium that does what it is told; the real one is tested where it is made."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app import next_medium as module
from app.jobs import Jobs
from app.player import Player
from engine.domain.geometry import Segment
from engine.domain.media import Clock, MediaItem, MediaKind
from widgets.timecode import Place

CLOCK = Clock(1, 1000, 0, 4000)
CLIP = MediaItem("C", "run.mp4", MediaKind.VIDEO, 64, 48, CLOCK, 100)


class Index:
    pts = np.arange(0, 4000, 40)

    def __len__(self) -> int:
        return 100

    def rank(self, pts: int) -> int:
        return pts // 40


class Playback:
    """Frames every 40 ms; time goes on by one frame with each look while it plays."""

    def __init__(self, *_: object, **__: object) -> None:
        self.position, self.playing, self.loop, self.speed, self.notice = 0, False, None, 1.0, ""
        self.index: Index | None = Index()
        self.closed = False
        self._shown: int | None = None
        self.view = self.volume = None

    def newest(self) -> object:
        if self.playing:
            self.position += 40
            if self.position >= 3960:
                self.playing = False
        if self.position == self._shown:
            return None
        self._shown = self.position
        return SimpleNamespace(exact=True, pts=self.position, pixels=np.zeros((4, 4, 4), np.uint8))

    def play(self) -> None:
        self.playing = True

    def pause(self) -> None:
        self.playing = False

    def seek(self, pts: int, *, scrub: bool = False, preview: bool = False) -> None:
        self.position = min(max(pts, 0), 3960)

    def step(self, count: int) -> None:
        self.playing = False
        self.seek(self.position + 40 * count)

    def set_speed(self, speed: float) -> None:
        self.speed = speed

    def set_loop(self, loop: Segment | None) -> None:
        self.loop = loop

    def set_volume(self, volume: float) -> None:
        self.volume = volume

    def set_view(self, view: tuple[int, int] | None) -> None:
        self.view = view

    def close(self) -> None:
        self.closed = True


class Examiner:
    def __enter__(self) -> "Examiner":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def examine(self, _path: Path) -> None:
        """What the file is does not matter here."""


@pytest.fixture
def player(monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> Iterator[Player]:
    modules = {
        "engine.media.quarantine": SimpleNamespace(Examiner=Examiner),
        "engine.media.playback": SimpleNamespace(Playback=Playback),
    }
    monkeypatch.setattr(module, "late", modules.__getitem__)
    jobs = Jobs(1)
    player = Player(jobs)
    with qtbot.waitSignal(player.opened):
        player.open(CLIP, Path("run.mp4"))
    yield player
    player.close()
    jobs.close()


def test_the_first_frame_and_the_frames_are_told(player: Player, qtbot: QtBot) -> None:
    with qtbot.waitSignals([player.frame_shown, player.moved, player.framed]):
        pass
    assert player.frames == 100


def test_a_preview_is_drawn_but_the_playhead_stays_where_it_was_sought(player: Player, qtbot: QtBot) -> None:
    frame = SimpleNamespace(exact=False, pts=800, pixels=np.zeros((4, 4, 4), np.uint8))
    player._playback.newest = lambda: frame
    player.seek(2000)
    with qtbot.waitSignals([player.frame_shown, player.moved]):
        pass
    assert (player.seen, player._at) == (800, 2000)


def test_playing_shows_frames_until_the_end_and_says_so(player: Player, qtbot: QtBot) -> None:
    numbers: list[int] = []
    player.moved.connect(lambda _pts, number: numbers.append(number))
    player.toggle()
    qtbot.waitUntil(lambda: not player.playing, timeout=5000)
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 99


def test_a_step_pauses_and_moves_by_a_frame(player: Player, qtbot: QtBot) -> None:
    player.toggle()
    player.step(3)
    assert not player.playing
    with qtbot.waitSignal(player.moved):
        player.step(-1)


def test_the_shuttle_goes_up_and_down_its_ladder(player: Player) -> None:
    rates = []
    for direction in (1, 1, 1, 1, 0, -1, -1):
        player.shuttle(direction)
        rates.append(player.rate or (1 if player.playing else 0))
    assert rates == [1, 2, 4, 4, 0, -1, -2]


def test_playing_backwards_arrives_at_the_start(player: Player, qtbot: QtBot) -> None:
    player.seek(400)
    for _ in range(3):
        player.shuttle(-1)
    assert player.playing
    qtbot.waitUntil(lambda: not player.playing, timeout=5000)
    assert player.position == 0


def test_a_place_is_a_time_or_a_frame(player: Player) -> None:
    player.go_to(Place(1.5))
    assert player.position == 1500
    player.go_to(Place(frame=12))
    assert player.position == 480


def test_looping_begins_inside_the_segment(player: Player) -> None:
    player.loop(Segment(1000, 2000))
    assert (player.looping, player.position) == (True, 1000)
    player.loop(None)
    assert not player.looping


def test_a_notice_comes_and_goes_with_the_medium(player: Player, qtbot: QtBot) -> None:
    heard: list[str] = []
    player.noticed.connect(heard.append)
    player._playback.notice = "No sound device was found."
    qtbot.waitUntil(lambda: bool(heard), timeout=5000)
    player.close()
    assert heard == ["No sound device was found.", ""]


def test_where_to_go_is_remembered_until_the_medium_is_open(player: Player, qtbot: QtBot) -> None:
    with qtbot.waitSignal(player.opened):
        player.open(CLIP, Path("run.mp4"))
        player.seek(800)
    assert player.position == 800


def test_what_nobody_waits_for_any_more_is_closed(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Playback] = []

    class Counted(Playback):
        def __init__(self, *_: object, **__: object) -> None:
            super().__init__()
            made.append(self)

    monkeypatch.setattr(module, "late", lambda _: SimpleNamespace(Examiner=Examiner, Playback=Counted))
    for _ in range(5):
        player.open(CLIP, Path("run.mp4"))
    player.close()
    player._jobs.close()
    assert all(one.closed for one in made)
