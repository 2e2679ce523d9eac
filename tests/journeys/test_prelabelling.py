"""Pre-labelling in the window: in the background, after the user's own questions, resumable."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QLabel, QPushButton, QTableWidget
from pytestqt.qtbot import QtBot

from app.application import Application
from engine import prelabel
from engine.domain.project import ItemFilter
from engine.store.project_store import ProjectStore
from widgets.dialogs.left_out import LeftOutDialog

Opened = Callable[..., Application]
THING = "Where is the thing?"


def start(opened: Opened, folder: Path, qtbot: QtBot) -> tuple[Application, ProjectStore]:
    application = opened(folder)
    session = application.session
    qtbot.waitUntil(lambda: session.store is not None and session.store.count_items() == 4, timeout=120_000)
    qtbot.waitUntil(lambda: application.board.holds("ready"), timeout=60_000)
    assert session.store is not None
    return application, session.store


def answers(store: ProjectStore) -> list[int]:
    return [len(store.predictions(item.id)) for item in store.items()]


def test_every_item_is_asked_in_the_background(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application, store = start(opened, folder, qtbot)
    with qtbot.waitSignal(application.queue.finished, timeout=10_000) as finished:
        application.queue.start((THING, "Where is the giraffe?"), ItemFilter())
    assert finished.args == [{}]
    assert answers(store) == [2, 2, 2, 2]
    assert prelabel.stored(store) is None
    assert not application.queue.running


def test_what_could_not_be_asked_is_listed_with_its_reason(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application, store = start(opened, folder, qtbot)
    with qtbot.waitSignal(application.queue.finished, timeout=60_000):
        application.queue.start((THING, "Where is the unreadable?"), ItemFilter())
    assert answers(store) == [1, 1, 1, 1]
    assert "left 4 out" in application.front.notice.sentence
    application.board.run("ask.left_out")
    [dialog] = application.window.findChildren(LeftOutDialog)
    table = dialog.findChild(QTableWidget, "left_out.table")
    rows = [(table.item(row, 0).text(), table.item(row, 1).text()) for row in range(table.rowCount())]
    assert len(rows) == 4
    assert all("Where is the unreadable?" in what and "cannot be read" in why for what, why in rows)
    dialog.close()


def test_a_paused_run_goes_on_after_coming_back(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application, store = start(opened, folder, qtbot)
    application.queue.start(("Where is the slow thing?",), ItemFilter())
    qtbot.waitUntil(lambda: sum(answers(store)) == 1, timeout=10_000)
    button = application.window.findChild(QPushButton, "prelabelling.pause")
    button.click()
    words = application.window.findChild(QLabel, "prelabelling.words")
    assert (words.isVisible(), words.text(), button.text()) == (True, "Pre-labelling paused at 1 of 4", "Go on")
    application.window.close()
    again, store = start(opened, folder, qtbot)
    assert (
        again.window.findChild(QLabel, "prelabelling.words").text() == "Pre-labelling waits: Where is the slow thing?"
    )
    with qtbot.waitSignal(again.queue.finished, timeout=15_000):
        again.window.findChild(QPushButton, "prelabelling.pause").click()
    assert not again.window.findChild(QLabel, "prelabelling.words").isVisible()
    assert answers(store) == [1, 1, 1, 1]


def test_the_users_question_goes_first(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application, store = start(opened, folder, qtbot)
    application.queue.start((THING,), ItemFilter())
    with qtbot.waitSignals([application.asking.ended, application.queue.finished], timeout=10_000):
        application.asking.ask("Where is the other?")
    assert sum(answers(store)) == 5
