"""The desk over a real project with a real picture, clip and sound."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QStackedWidget, QWidget
from pytestqt.qtbot import QtBot

from app.actions import ACTIONS
from app.actions.board import ActionBoard
from app.desk import Desk
from app.jobs import Jobs
from app.main_window import MainWindow
from app.session import Mark, Session
from app.wiring.desk import place_desk
from app.wiring.window import connect_facts
from engine import edits
from engine.domain.annotation import Annotation, Origin, Provenance, Review
from engine.domain.geometry import Box, Key, Segment, Track
from engine.domain.ids import new_id
from engine.domain.media import MediaItem, MediaKind
from engine.domain.query import Grounding, ModelRef, Prediction, Query
from engine.media.probe import media_item
from engine.media.proxy import proxy_file
from engine.store.project_store import ProjectStore
from widgets.canvas.tools import Tool
from widgets.canvas.view import CanvasView
from widgets.picture_strip import PictureStrip
from widgets.timeline.view import TimelineView

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
SOURCE = Provenance(Origin.MODEL, "model", "2026-01-01T00:00:00Z", prediction="said")


def make_clip(path: Path, size: tuple[int, int] = (64, 48)) -> None:
    """Two seconds at 25 frames; frame n is a grey of 4 * n."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
        for number in range(50):
            grey = np.full((size[1], size[0], 3), 4 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, "rgb24")))
        container.mux(stream.encode())


def make_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        wave = (np.sin(np.arange(8000) / 4) * 20000).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(wave, "s16", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


_MEDIA = ("green.png", "red.png", "clip.mp4", "tone.wav")


class Room:
    """Everything that is put together for one test."""

    def __init__(self, folder: Path, qtbot: QtBot, more: Iterable[Path] = ()) -> None:
        store = ProjectStore.create(folder)
        self.root = root = store.root
        self.listening = False
        Image.new("RGB", (200, 150), (10, 200, 30)).save(root / "green.png")
        Image.new("RGB", (200, 150), (200, 10, 30)).save(root / "red.png")
        make_clip(root / "clip.mp4")
        make_sound(root / "tone.wav")
        self.session, self.jobs, self.board = Session(), Jobs(2), ActionBoard(ACTIONS)
        self.window = MainWindow(self.board)
        qtbot.addWidget(self.window)
        stage = QStackedWidget()
        stage.addWidget(QWidget())
        self.window.setCentralWidget(stage)
        self.desk = Desk(self.session, self.board, self.jobs, lambda: self.listening)
        place_desk(self.desk, self.window, stage)
        connect_facts(self.board, self.session)
        self.canvas = self.window.findChild(CanvasView)
        self.timeline = self.window.findChild(TimelineView)
        self.window.resize(900, 700)
        self.window.show()
        self.session.open(store)
        self.items = {path.name: media_item(path, root) for path in [*(root / name for name in _MEDIA), *more]}
        self.session.apply(edits.created("Add", self.items.values()))

    def show(self, name: str) -> MediaItem:
        self.session.show_item(self.items[name].id)
        return self.items[name]

    def put(self, item: MediaItem, geometry: Box | Segment | Track) -> Annotation:
        one = Annotation(new_id(), item.id, "thing", geometry, Review.PREDICTED, SOURCE, score=0.7)
        self.session.apply(edits.created("Add", [one]))
        return one

    def at(self, x: float, y: float) -> QPoint:
        """A pixel of the picture in the widget."""
        return QPoint(*(round(value) for value in self.canvas.looking.to_widget((x, y))))


@pytest.fixture
def room(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    room = Room(tmp_path / "p", qtbot)
    yield room
    room.desk.close()
    room.jobs.close()
    room.session.close()


def shade(canvas: CanvasView) -> tuple[int, int, int]:
    colour = canvas.grab().toImage().pixelColor(canvas.width() // 2, canvas.height() // 2)
    return colour.red(), colour.green(), colour.blue()


def test_a_picture_is_shown_and_a_box_drawn_on_it_is_in_the_project(room: Room, qtbot: QtBot) -> None:
    room.show("green.png")
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150))
    assert shade(room.canvas) == (10, 200, 30)
    room.canvas.set_tool(Tool.BOX)
    QTest.mousePress(room.canvas, LEFT, PLAIN, room.at(20, 30))
    QTest.mouseRelease(room.canvas, LEFT, PLAIN, room.at(120, 90))
    (drawn,) = room.session.annotations
    assert isinstance(drawn.geometry, Box)
    assert drawn.geometry.edges == pytest.approx((20, 30, 120, 90), abs=0.5)
    assert drawn.review is Review.MISSED
    room.session.undo()
    assert room.session.annotations == ()


def test_a_prediction_moved_by_hand_is_adjusted_and_undo_moves_it_back(room: Room, qtbot: QtBot) -> None:
    one = room.put(room.show("green.png"), Box(20, 30, 120, 90))
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150))
    QTest.mousePress(room.canvas, LEFT, PLAIN, room.at(70, 60))
    QTest.mouseMove(room.canvas, room.at(80, 60))
    QTest.mouseRelease(room.canvas, LEFT, PLAIN, room.at(90, 60))
    assert room.session.selected is not None
    assert room.session.selected.review is Review.ADJUSTED
    room.session.undo()
    assert room.session.annotations == (one,)


def test_a_change_the_project_refuses_is_not_shown(room: Room, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    one = room.put(room.show("green.png"), Box(20, 30, 120, 90))
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150))
    monkeypatch.setattr(room.session, "apply", lambda _edit: False)
    room.session.select(one.id)
    room.canvas.nudge(30, 0)
    room.canvas.settle()
    assert room.canvas._scene.box(0) == Box(20, 30, 120, 90)


def test_the_next_picture_is_another_one(room: Room, qtbot: QtBot) -> None:
    room.show("green.png")
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150))
    room.show("red.png")
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150) and shade(room.canvas) == (200, 10, 30))


def test_pages_and_levels_of_a_deep_picture_are_chosen_above_it(tmp_path: Path, qtbot: QtBot) -> None:
    first, second = np.full((60, 80), 1000, np.uint16), np.full((60, 80), 3000, np.uint16)
    first[:, :40] = 0
    pages = [Image.fromarray(page) for page in (first, second)]
    pages[0].save(tmp_path / "deep.tif", save_all=True, append_images=pages[1:])
    room = Room(tmp_path / "p", qtbot, [tmp_path / "deep.tif"])
    strip = room.window.findChild(PictureStrip)
    room.show("green.png")
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150))
    assert not strip.isVisible()
    room.show("deep.tif")
    qtbot.waitUntil(lambda: room.canvas.picture_size == (80, 60) and strip.isVisible())
    strip.wanted.emit(0, (0.0, 4000.0))
    right = room.canvas.looking
    qtbot.waitUntil(lambda: abs(at_picture(room.canvas, 60, 30) - 64) <= 1, timeout=5000)
    strip.wanted.emit(1, (0.0, 4000.0))
    qtbot.waitUntil(lambda: abs(at_picture(room.canvas, 20, 30) - 191) <= 1, timeout=5000)
    assert room.canvas.looking == right
    room.show("green.png")
    assert not strip.isVisible()
    room.show("deep.tif")
    qtbot.waitUntil(strip.isVisible)
    room.desk.close()
    room.jobs.close()
    room.session.close()


def at_picture(canvas: CanvasView, x: float, y: float) -> int:
    """The red of what is drawn at a pixel of the picture."""
    at = QPoint(*(round(value) for value in canvas.looking.to_widget((x, y))))
    return canvas.grab().toImage().pixelColor(at).red()


def test_a_clip_shows_the_frame_that_is_gone_to(room: Room, qtbot: QtBot) -> None:
    item = room.show("clip.mp4")
    assert item.clock is not None
    qtbot.waitUntil(lambda: room.canvas.picture_size == (64, 48), timeout=20000)
    room.desk.player.seek(item.clock.pts_at(30 / 25))
    qtbot.waitUntil(lambda: abs(shade(room.canvas)[0] - 120) <= 3, timeout=5000)
    assert room.timeline.playhead == item.clock.pts_at(30 / 25)
    room.board.run("media.next_frame")
    qtbot.waitUntil(lambda: room.desk.player.seen == item.clock.pts_at(31 / 25), timeout=5000)
    assert abs(shade(room.canvas)[0] - 124) <= 3


def test_a_track_follows_the_clip_and_a_nudge_sets_a_keyframe(room: Room, qtbot: QtBot) -> None:
    item = room.show("clip.mp4")
    assert item.clock is not None
    first, last = item.clock.pts_at(0), item.clock.pts_at(40 / 25)
    one = room.put(item, Track((Key(first, Box(0, 0, 10, 10)), Key(last, Box(40, 20, 50, 30)))))
    qtbot.waitUntil(lambda: room.canvas.picture_size == (64, 48), timeout=20000)
    room.session.select(one.id)
    middle = item.clock.pts_at(20 / 25)
    room.desk.player.seek(middle)
    qtbot.waitUntil(lambda: room.desk.player.seen == middle, timeout=5000)
    assert room.canvas._scene.box(0) == Box(20, 10, 30, 20)
    room.board.set_fact("work", holds=True)
    room.board.run("work.right")
    room.canvas.settle()
    (changed,) = room.session.annotations
    assert isinstance(changed.geometry, Track)
    assert changed.geometry.keys[1] == Key(middle, Box(21, 10, 31, 20))


def test_a_track_is_keyed_copied_ended_cut_and_joined_by_key(room: Room, qtbot: QtBot) -> None:
    item = room.show("clip.mp4")
    assert item.clock is not None
    at = item.clock.pts_at
    one = room.put(item, Track((Key(at(0), Box(0, 0, 10, 10)), Key(at(0.8), Box(40, 20, 50, 30)))))
    qtbot.waitUntil(lambda: room.canvas.picture_size == (64, 48), timeout=20000)
    room.session.select(one.id)

    def go(seconds: float) -> None:
        room.desk.player.seek(at(seconds))
        qtbot.waitUntil(lambda: room.desk.player.seen == at(seconds), timeout=20000)

    def track(place: int = 0) -> Track:
        geometry = room.session.annotations[place].geometry
        assert isinstance(geometry, Track)
        return geometry

    go(0.4)
    room.board.run("draw.copy_key")
    assert track().box_at(at(0.4)) == Box(0, 0, 10, 10)
    room.board.run("draw.remove_key")
    assert len(track().keys) == 2
    room.board.run("draw.set_key")
    assert track().keys[1] == Key(at(0.4), Box(20, 10, 30, 20))
    go(1.2)
    room.board.run("draw.outside")
    assert track().box_at(at(1.2)) is None
    assert not room.canvas._scene.there[0]
    room.board.run("draw.outside")
    assert track().box_at(at(1.6)) == Box(40, 20, 50, 30)
    go(1.6)
    room.board.run("timeline.split")
    assert len(room.session.annotations) == 2
    assert track(0).box_at(at(1.6)) is None
    assert track(1).box_at(at(1.6)) == Box(40, 20, 50, 30)
    assert sorted(room.timeline._lanes.spans[:, 0].tolist()) == [at(0), at(1.6)]
    room.session.select(one.id)
    room.board.run("timeline.join")
    (joined,) = room.session.annotations
    assert joined.id == one.id
    assert track().box_at(at(1.6)) == Box(40, 20, 50, 30)


def test_arrows_step_through_time_when_nothing_is_selected(room: Room, qtbot: QtBot) -> None:
    item = room.show("clip.mp4")
    assert item.clock is not None
    qtbot.waitUntil(lambda: room.canvas.picture_size == (64, 48), timeout=20000)
    room.board.set_fact("work", holds=True)
    room.board.run("work.right")
    qtbot.waitUntil(lambda: room.timeline.playhead == item.clock.pts_at(1 / 25), timeout=5000)


def test_a_sound_has_a_waveform_and_a_segment_drawn_on_it(room: Room, qtbot: QtBot) -> None:
    item = room.show("tone.wav")
    with qtbot.waitSignal(room.desk.sound.given, timeout=20000):
        pass
    qtbot.waitUntil(lambda: bool(np.nan_to_num(room.desk.sound.peaks(0.1, 0.9, 50)).max() > 0.5), timeout=5000)
    room.timeline.segment_drawn.emit(Segment(100, 4000), "")
    (drawn,) = room.session.annotations
    assert drawn.geometry == Segment(100, 4000)
    assert item.clock is not None


def test_a_predicted_segment_plays_over_and_over_when_the_review_walks_to_it(room: Room, qtbot: QtBot) -> None:
    item = room.show("clip.mp4")
    assert item.clock is not None
    room.listening = True
    one = room.put(item, Segment(item.clock.pts_at(1.5), item.clock.pts_at(1.8)))
    qtbot.waitUntil(lambda: room.canvas.picture_size == (64, 48), timeout=20000)
    room.session.select(one.id)
    assert not room.desk.player.playing
    room.listening = False
    room.session.walked.emit(one)
    assert not room.desk.player.playing
    room.listening = True
    room.session.walked.emit(one)
    assert room.desk.player.playing
    assert room.desk.player._playback.loop == Segment(item.clock.pts_at(0.5), item.clock.pts_at(1.8))
    room.session.select(None)
    assert (room.desk.player.playing, room.desk.player.looping) == (False, False)


def test_opening_a_clip_with_a_predicted_segment_selected_shows_it_and_rests(room: Room, qtbot: QtBot) -> None:
    item = room.items["clip.mp4"]
    assert item.clock is not None
    room.listening = True
    one = room.put(item, Segment(item.clock.pts_at(1.6), item.clock.pts_at(1.8)))
    room.session.show_item(item.id)
    room.session.select(one.id)
    room.session.walked.emit(one)  # which comes before the clip is open
    qtbot.waitUntil(lambda: room.desk.player.seen == item.clock.pts_at(1.6), timeout=20000)
    qtbot.wait(100)
    assert not room.desk.player.playing
    assert abs(shade(room.canvas)[0] - 160) <= 3


def test_escape_gives_up_the_tool_and_then_the_selection(room: Room, qtbot: QtBot) -> None:
    one = room.put(room.show("green.png"), Box(20, 30, 120, 90))
    qtbot.waitUntil(lambda: room.canvas.picture_size == (200, 150))
    room.session.select(one.id)
    room.canvas.set_tool(Tool.BOX)
    QTest.keyClick(room.canvas, Qt.Key.Key_Escape)
    assert room.canvas.tool is Tool.SELECT
    assert room.session.selected is not None
    QTest.keyClick(room.canvas, Qt.Key.Key_Escape)
    assert room.session.selected is None


def test_marks_for_the_next_question_go_to_the_session(room: Room) -> None:
    room.show("tone.wav")
    room.timeline.moment_marked.emit(Segment(0, 800))
    assert room.session.mark == Mark(moment=Segment(0, 800))
    room.board.run("draw.unmark")
    assert room.session.mark == Mark()


def test_the_models_doubt_is_shown_for_predictions_that_still_stand(room: Room) -> None:
    item = room.show("green.png")
    query = Query("q", item.id, "where?", "2026-01-01T00:00:00Z")
    box = Box(20, 30, 120, 90)
    said = Prediction("said", "q", item.id, "", (Grounding("thing", box, 0.7, spread=(1, 2, 3, 4)),), ModelRef("m"), "")
    room.session.apply(edits.created("Ask", [query, said]))
    one = room.put(item, box)
    assert room.canvas._doubt == {one.id: (1, 2, 3, 4)}
    room.session.apply(edits.reshape(one, Box(0, 0, 9, 9)))
    assert room.canvas._doubt == {}


def test_every_action_of_canvas_timeline_and_player_does_something(room: Room) -> None:
    mine = {row.id for row in ACTIONS if row.id.split(".")[0] in {"canvas", "timeline", "media", "work", "draw"}}
    assert mine <= room.board.bound


def test_a_clip_that_is_none_is_told_in_a_sentence(room: Room, qtbot: QtBot) -> None:
    item = room.items["clip.mp4"]
    (room.root / "clip.mp4").write_bytes(b"not a clip at all")
    with qtbot.waitSignal(room.session.told, timeout=30000):
        room.session.show_item(item.id)
    assert MediaKind.VIDEO is item.kind


def test_a_small_copy_is_made_named_in_the_bar_and_taken_away_again(room: Room, qtbot: QtBot) -> None:
    room.show("clip.mp4")
    action, label = room.board.action("media.small_copy"), room.window.findChild(QLabel, "player.copy")
    path = room.session.path
    assert path is not None
    qtbot.waitUntil(lambda: room.desk.player.ready and room.desk.player.frames == 50, timeout=20000)
    assert label.isHidden()
    action.trigger()
    qtbot.waitUntil(lambda: not label.isHidden() and action.isChecked(), timeout=20000)
    assert proxy_file(path).is_file()
    room.desk.player.step(7)
    qtbot.waitUntil(lambda: shade(room.canvas)[0] == pytest.approx(28, abs=2), timeout=20000)
    action.trigger()
    assert not proxy_file(path).exists()
    assert label.isHidden()
    assert not action.isChecked()
    qtbot.waitUntil(lambda: room.desk.player.ready, timeout=20000)
    qtbot.waitUntil(lambda: shade(room.canvas)[0] == pytest.approx(28, abs=2), timeout=20000)


def test_a_small_copy_under_way_is_told_and_can_be_stopped(room: Room, qtbot: QtBot) -> None:
    room.show("clip.mp4")
    qtbot.waitUntil(lambda: room.desk.player.ready, timeout=20000)
    line, stop = room.window.findChild(QWidget, "copying"), room.window.findChild(QPushButton, "copying.stop")
    room.board.run("media.small_copy")
    assert line.isVisible()
    assert room.board.action("media.small_copy").isChecked()
    stop.click()
    assert not line.isVisible()
    assert not room.board.action("media.small_copy").isChecked()
    room.desk.copies.close()
    assert not proxy_file(room.session.path).exists()


def test_a_clip_seen_from_near_has_every_pixel(tmp_path: Path, qtbot: QtBot) -> None:
    make_clip(tmp_path / "large.mp4", (1600, 1200))
    room = Room(tmp_path / "p", qtbot, [tmp_path / "large.mp4"])
    room.show("large.mp4")
    shown = room.canvas
    qtbot.waitUntil(lambda: shown.picture_size == (1600, 1200), timeout=20000)
    assert shown._picture.image.width() < 1600
    shown.actual_size()
    qtbot.waitUntil(lambda: shown._picture.image.width() == 1600, timeout=20000)
    shown.fit()
    whole = round(1600 * shown.zoom)  # as many as are seen, so that nothing is scaled twice
    qtbot.waitUntil(lambda: shown._picture.image.width() == whole, timeout=20000)
    room.desk.close()
    room.jobs.close()
    room.session.close()


def test_the_next_clip_is_open_before_it_is_wanted(room: Room, qtbot: QtBot) -> None:
    room.show("red.png")
    player = room.desk.player
    qtbot.waitUntil(lambda: player._next._playback is not None, timeout=20000)
    ready = player._next._playback
    room.show("clip.mp4")
    qtbot.waitUntil(lambda: room.canvas.picture_size == (64, 48), timeout=20000)
    assert player._playback is ready
    room.desk.close()
    assert player._next._playback is None
