"""Clips and sounds on the desk."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from app.actions import ACTIONS
from app.actions.keymap import keymap
from engine.domain.geometry import Box, Key, Segment, Track
from engine.domain.media import MediaKind
from engine.media.proxy import proxy_file
from tests.app.wiring.desk_room import Room, make_clip, shade


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


def test_marking_out_while_playing_draws_and_plays_on(room: Room, qtbot: QtBot) -> None:
    item, player = room.show("clip.mp4"), room.desk.player
    assert item.clock is not None
    qtbot.waitUntil(lambda: player.ready and room.canvas.picture_size == (64, 48), timeout=20000)
    room.board.run("timeline.mark_in")
    room.board.run("media.play")
    qtbot.waitUntil(lambda: room.timeline.playhead >= item.clock.pts_at(0.4), timeout=5000)
    room.board.run("timeline.mark_out")
    (drawn,) = room.session.annotations
    assert isinstance(drawn.geometry, Segment)
    assert room.session.selected == drawn
    assert player.playing
    assert player.position >= drawn.geometry.end


def test_drawing_beside_the_playhead_leaves_it_where_it_is(room: Room, qtbot: QtBot) -> None:
    item, player = room.show("clip.mp4"), room.desk.player
    assert item.clock is not None
    at = item.clock.pts_at
    qtbot.waitUntil(lambda: player.ready, timeout=20000)
    player.seek(at(1.2))
    room.timeline.segment_drawn.emit(Segment(at(0.4), at(1.2)), "")
    room.timeline.segment_drawn.emit(Segment(at(0.2), at(0.4)), "")
    assert player.position == at(1.2)
    first, _ = room.session.annotations
    room.session.select(first.id)
    assert player.position == at(1.2)
    room.session.select(None)
    player.seek(at(1.6))
    room.session.select(first.id)
    assert player.position == at(0.4)


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


def test_a_loop_without_a_segment_is_told_of(room: Room, qtbot: QtBot) -> None:
    room.show("clip.mp4")
    qtbot.waitUntil(lambda: room.desk.player.ready, timeout=20000)
    with qtbot.waitSignal(room.session.told) as told:
        room.board.run("media.loop")
    assert told.args == ["Select a segment first: it is what is played over and over."]
    assert not room.desk.player.playing


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


def test_the_hints_of_the_player_name_the_keys_that_hold(room: Room) -> None:
    back, play = (room.window.findChild(QToolButton, f"player.{name}") for name in ("back", "play"))
    place = room.window.findChild(QLineEdit, "player.place")
    room.board.set_keys(keymap(ACTIONS, "cvat", {"media.play": ()}))
    assert (back.toolTip(), play.toolTip()) == ("Frame back (D)", "Play")
    assert place.toolTip().endswith("(Ctrl+G)")
