"""The main job on real files: open, ask, decide, repair, take back, leave and come again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.application import Application
from engine import edits
from engine.domain.annotation import Review
from engine.domain.geometry import Absent, Box
from engine.domain.project import AnnotationFilter
from engine.domain.query import Query
from engine.messages import Ask, Cancel, Encode, Request

Opened = Callable[..., Application]


def ready(application: Application) -> bool:
    store = application.session.store
    return store is not None and store.count_items() == 4 and application.board.holds("ready")


def ask(application: Application, qtbot: QtBot, text: str) -> None:
    panel = application.front.questions
    application.board.run("ask.focus")
    qtbot.keyClicks(panel.field, text)
    with qtbot.waitSignal(application.asking.ended):
        qtbot.keyClick(panel.field, Qt.Key.Key_Return)


def states(application: Application) -> list[str]:
    return sorted(one.review.value for one in application.session.annotations)


def start(opened: Opened, folder: Path, qtbot: QtBot) -> Application:
    application = opened(folder)
    qtbot.waitUntil(lambda: ready(application), timeout=20_000)
    return application


def press(application: Application, qtbot: QtBot, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
    qtbot.keyClick(application.window, key, modifier or Qt.KeyboardModifier.NoModifier)


def test_a_question_is_read_while_it_is_written(
    opened: Opened, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = start(opened, folder, qtbot)
    sent: list[Request] = []
    send = application.engine.send
    monkeypatch.setattr(application.engine, "send", lambda request: (sent.append(request), send(request)))
    field = application.front.questions.field
    for words, given_up in (("Where is the thing", False), (" on the left?", True)):
        application.board.run("ask.focus")
        qtbot.keyClicks(field, words)
        read = [one for one in sent if isinstance(one, Encode)]
        qtbot.waitUntil(lambda: any(isinstance(one, Encode) and one.text == field.text() for one in sent))
        assert any(isinstance(one, Cancel) and read and one.ticket == read[-1].ticket for one in sent) == given_up
    sent.clear()
    text = field.text()
    with qtbot.waitSignal(application.asking.ended):
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert [one.text for one in sent if isinstance(one, Ask)] == [text]
    assert not any(isinstance(one, Cancel) for one in sent)


def test_accept_and_reject_take_one_key_each_and_go_on(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = start(opened, folder, qtbot)
    ask(application, qtbot, "Where is the thing?")
    first = application.session.selected
    assert first is not None
    assert first.score == 0.4
    application.board.run("go.work")
    qtbot.waitUntil(lambda: not application.board.holds("typing"))
    press(application, qtbot, Qt.Key.Key_Return)
    assert states(application) == ["accepted", "predicted"]
    assert application.session.selected is not None
    assert application.session.selected.review is Review.PREDICTED
    press(application, qtbot, Qt.Key.Key_Backspace)
    assert states(application) == ["accepted", "rejected"]


def test_what_was_asked_for_last_is_decided_on_next(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = start(opened, folder, qtbot)
    ask(application, qtbot, "Where is the thing?")
    ask(application, qtbot, "Where is the other?")
    chosen, store = application.session.selected, application.session.store
    assert chosen is not None
    assert store is not None
    asked = store.get(Query, chosen.query or "")
    assert asked is not None
    assert asked.text == "Where is the other?"


def test_a_repair_makes_it_adjusted_and_asking_again_leaves_it_alone(
    opened: Opened, folder: Path, qtbot: QtBot
) -> None:
    application = start(opened, folder, qtbot)
    ask(application, qtbot, "Where is the thing?")
    one = application.session.annotations[0]
    application.session.apply(edits.reshape(one, Box(5, 5, 25, 25)))
    ask(application, qtbot, "Where is the thing?")
    assert states(application) == ["adjusted", "predicted", "predicted"]
    store, item = application.session.store, application.session.item
    assert store is not None
    assert item is not None
    assert len(store.queries(item.id)) == 1
    assert len(store.predictions(item.id)) == 2


def test_an_answer_is_one_step_back(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = start(opened, folder, qtbot)
    ask(application, qtbot, "Where is the thing?")
    application.board.run("edit.undo")
    store, item = application.session.store, application.session.item
    assert store is not None
    assert item is not None
    assert application.session.annotations == ()
    assert store.queries(item.id) == []
    application.board.run("edit.redo")
    assert states(application) == ["predicted", "predicted"]


def test_not_there_is_a_statement(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = start(opened, folder, qtbot)
    ask(application, qtbot, "Where is the thing?")
    application.board.run("review.absent")
    assert states(application) == ["missed", "rejected", "rejected"]
    statement = next(one for one in application.session.annotations if one.review is Review.MISSED)
    assert statement.geometry == Absent()
    ask(application, qtbot, "Where is the giraffe?")
    assert any(one.geometry == Absent() and one.review is Review.PREDICTED for one in application.session.annotations)


def test_chips_and_places_are_linked_both_ways(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = start(opened, folder, qtbot)
    ask(application, qtbot, "Where is the thing?")
    panel, session = application.front.questions, application.session
    store = session.store
    assert store is not None
    [query] = store.queries(session.item.id if session.item else "")
    qtbot.waitUntil(lambda: bool(panel.card(query.id) and len(panel.card(query.id).turn.annotations) == 2))
    card = panel.card(query.id)
    assert card is not None
    with qtbot.waitSignal(session.hover_changed) as hovered:
        card._answer.linkHovered.emit("1")
    assert hovered.args == [card.turn.annotations[1]]
    before = card._answer.text()
    session.hover(card.turn.annotations[0])
    assert card._answer.text() != before


def test_stopping_keeps_nothing(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = start(opened, folder, qtbot)
    application.asking.ask("Where is the slow thing?")
    qtbot.waitUntil(lambda: len(application.session.drawn) > 0)
    assert application.session.annotations == ()
    application.engine.restart()
    qtbot.waitUntil(lambda: not application.asking.busy)
    assert application.session.drawn == ()
    store = application.session.store
    assert store is not None
    assert store.count_annotations() == 0


def test_everything_is_there_after_coming_back(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = start(opened, folder, qtbot)
    ask(application, qtbot, "Where is the thing?")
    application.board.run("review.accept")
    application.window.close()
    again = start(opened, folder, qtbot)
    store = again.session.store
    assert store is not None
    assert store.count_annotations(AnnotationFilter(reviews=(Review.ACCEPTED,))) == 1
    again.board.run("edit.undo")
    assert store.count_annotations(AnnotationFilter(reviews=(Review.ACCEPTED,))) == 0
    assert store.undo_label == "Ask: Where is the thing?"


def test_following_up_passes_the_conversation_on(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = start(opened, folder, qtbot)
    ask(application, qtbot, "Where is the thing?")
    application.front.questions.follow.setChecked(True)
    ask(application, qtbot, "And the other?")
    store, item = application.session.store, application.session.item
    assert store is not None
    assert item is not None
    first, second = store.queries(item.id)
    assert second == replace(second, follows=first.id)
    assert isinstance(second, Query)
