"""What is locked stays, and stays where it is, whatever key is pressed."""

import pytest
from pytestqt.qtbot import QtBot

from engine import edits
from engine.domain.annotation import Annotation, Review
from engine.domain.geometry import Box, Key, Segment, Track
from tests.app.wiring.desk_room import Room

BOX = Box(2, 3, 12, 9)


def locked(hands: Room, one: Annotation) -> Annotation:
    hands.session.apply(edits.lock(one, locked=True))
    hands.session.select(one.id)
    assert hands.session.selected is not None
    return hands.session.selected


@pytest.mark.parametrize(
    ("verb", "moving", "seconds"),
    [
        ("edit.remove", False, 0.8),
        ("draw.track", False, 0.8),
        ("draw.set_key", True, 1.2),
        ("draw.copy_key", True, 1.2),
        ("draw.remove_key", True, 0.8),
        ("draw.outside", True, 0.8),
        ("timeline.split", True, 0.8),
    ],
)
def test_a_locked_box_or_track_is_kept(hands: Room, qtbot: QtBot, verb: str, seconds: float, *, moving: bool) -> None:
    item = hands.show("clip.mp4")
    assert item.clock is not None
    at = item.clock.pts_at
    keys = Key(at(0), BOX), Key(at(0.8), BOX), Key(at(1.6), BOX)
    one = locked(hands, hands.put(item, Track(keys) if moving else BOX))
    qtbot.waitUntil(lambda: hands.desk.player.ready, timeout=20000)
    hands.desk.player.seek(at(seconds))
    qtbot.waitUntil(lambda: hands.desk.player.seen == hands.timeline.playhead == at(seconds), timeout=5000)
    with qtbot.waitSignal(hands.session.told) as told:
        hands.board.run(verb)
    assert "locked; unlock it" in told.args[0]
    assert hands.session.annotations == (one,)


@pytest.mark.parametrize("verb", ["timeline.split", "timeline.join", "timeline.start_here", "edit.remove"])
def test_a_locked_segment_is_kept(hands: Room, qtbot: QtBot, verb: str) -> None:
    item = hands.show("tone.wav")
    following = hands.put(item, Segment(5000, 6000))
    one = locked(hands, hands.put(item, Segment(800, 4000)))
    hands.timeline.show_time(2000)
    with qtbot.waitSignal(hands.session.told) as told:
        hands.board.run(verb)
    assert "locked; unlock it" in told.args[0]
    assert hands.session.annotations == (following, one)


def test_nothing_is_joined_with_a_locked_segment(hands: Room) -> None:
    item = hands.show("tone.wav")
    one = hands.put(item, Segment(800, 4000))
    following = locked(hands, hands.put(item, Segment(5000, 6000)))
    hands.session.select(one.id)
    hands.board.run("timeline.join")
    assert hands.session.annotations == (one, following)


def test_a_locked_annotation_is_named_decided_and_unlocked(hands: Room) -> None:
    item = hands.show("green.png")
    one = locked(hands, hands.put(item, BOX))
    assert hands.session.apply(edits.relabel(one, label=None, phrase="kite"))
    hands.board.run("review.accept")
    (now,) = hands.session.annotations
    assert (now.phrase, now.review) == ("kite", Review.ADJUSTED)
    hands.session.select(now.id)
    hands.board.run("edit.lock")
    hands.board.run("edit.remove")
    assert hands.session.annotations == ()
    hands.board.run("edit.undo")
    assert len(hands.session.annotations) == 1
