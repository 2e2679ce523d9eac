"""What was nudged is in the project before anything else is done."""

import pytest
from PySide6.QtWidgets import QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from engine import edits
from engine.domain.annotation import Annotation, Review
from engine.domain.geometry import Box, Key, Segment, Track
from tests.app.wiring.desk_room import Room
from widgets.dialogs.phrase import PhraseDialog

BOX = Box(20, 30, 120, 90)
NUDGED = Box(23, 30, 123, 90)


def press(hands: Room, arrow: str) -> None:
    """An arrow key where the work has the focus."""
    hands.board.set_fact("work", holds=True)
    hands.board.run(f"work.{arrow}")


def boxed(hands: Room, qtbot: QtBot) -> Annotation:
    """A predicted box, nudged three times."""
    one = hands.put(hands.show("green.png"), BOX)
    qtbot.waitUntil(lambda: hands.canvas.picture_size == (200, 150))
    hands.session.select(one.id)
    for _ in range(3):
        press(hands, "right")
    return one


def stored(hands: Room, one: Annotation) -> Annotation:
    assert hands.session.store is not None
    return hands.session.store.get(Annotation, one.id)


def test_nudges_are_one_step_and_undone_first(hands: Room, qtbot: QtBot) -> None:
    one = boxed(hands, qtbot)
    assert stored(hands, one) == one
    hands.board.run("edit.undo")
    assert hands.session.annotations == (one,)
    hands.board.run("edit.redo")
    assert stored(hands, one).geometry == NUDGED


@pytest.mark.parametrize("verb", ["review.accept", "edit.lock", "canvas.draw", "canvas.hide", "review.next"])
def test_a_verb_finds_the_nudged_box(hands: Room, qtbot: QtBot, verb: str) -> None:
    one = boxed(hands, qtbot)
    hands.board.run(verb)
    assert stored(hands, one).geometry == NUDGED
    assert stored(hands, one).review is Review.ADJUSTED
    assert stored(hands, one).locked == (verb == "edit.lock")


def test_a_nudged_box_is_rejected_where_it_was_put(hands: Room, qtbot: QtBot) -> None:
    one = boxed(hands, qtbot)
    hands.board.run("review.reject")
    assert (stored(hands, one).geometry, stored(hands, one).review) == (NUDGED, Review.REJECTED)


def test_words_may_be_given_to_a_nudged_box(hands: Room, qtbot: QtBot) -> None:
    told: list[str] = []
    hands.session.told.connect(told.append)
    one = boxed(hands, qtbot)
    hands.board.run("edit.relabel")
    dialog = hands.window.findChild(PhraseDialog)
    dialog.findChild(QLineEdit, "phrase.text").setText("kite")
    dialog.findChild(QPushButton, "phrase.use").click()
    assert (stored(hands, one).phrase, stored(hands, one).geometry) == ("kite", NUDGED)
    assert told == []


def test_who_goes_on_to_another_picture_takes_the_nudges_along(hands: Room, qtbot: QtBot) -> None:
    one = boxed(hands, qtbot)
    hands.show("red.png")
    assert stored(hands, one).geometry == NUDGED


def test_who_leaves_the_window_loses_no_nudge(hands: Room, qtbot: QtBot) -> None:
    one = boxed(hands, qtbot)
    hands.window.closing.emit()
    assert stored(hands, one).geometry == NUDGED


def test_an_answer_that_comes_in_between_takes_no_nudge_away(hands: Room, qtbot: QtBot) -> None:
    one = boxed(hands, qtbot)
    hands.session.apply(edits.created("Add", [edits.missed(one.item, "other", BOX, one.provenance)]))
    assert stored(hands, one) == one
    press(hands, "down")
    hands.canvas.settle()
    assert stored(hands, one).geometry == Box(23, 31, 123, 91)


@pytest.mark.parametrize("verb", ["review.accept", "edit.undo", "edit.lock", "timeline.mark_in", "leaving"])
def test_a_nudged_segment_is_kept_too(hands: Room, verb: str) -> None:
    one = hands.put(hands.show("tone.wav"), Segment(800, 4000))
    hands.session.select(one.id)
    press(hands, "right_end")
    hands.session.show_arriving([edits.missed(one.item, "other", Segment(0, 80), one.provenance)])
    if verb == "leaving":
        hands.show("green.png")
    else:
        hands.board.run(verb)
    assert stored(hands, one).geometry == Segment(800, 4000 if verb == "edit.undo" else 4008)


def test_a_nudged_track_is_keyed_where_it_was_seen(hands: Room, qtbot: QtBot) -> None:
    item = hands.show("clip.mp4")
    assert item.clock is not None
    at = item.clock.pts_at
    one = hands.put(item, Track((Key(at(0), BOX), Key(at(1.6), BOX))))
    qtbot.waitUntil(lambda: hands.canvas.picture_size == (64, 48), timeout=20000)
    hands.session.select(one.id)
    hands.canvas.nudge(-3, 0)
    hands.desk.player.seek(at(0.8))
    qtbot.waitUntil(lambda: hands.desk.player.seen == at(0.8), timeout=5000)
    track = stored(hands, one).geometry
    assert isinstance(track, Track)
    assert [key.pts for key in track.keys] == [at(0), at(1.6)]
    assert track.keys[0].box.x0 < BOX.x0
