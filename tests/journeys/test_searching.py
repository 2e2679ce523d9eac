"""Searching media and annotations by what was asked, found and decided."""

from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot

from app.application import Application

Opened = Callable[..., Application]


def test_media_and_annotations_are_found_by_the_question(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = opened(folder)
    session, front = application.session, application.front
    qtbot.waitUntil(lambda: session.store is not None and session.store.count_items() == 4, timeout=60_000)
    qtbot.waitUntil(lambda: application.board.holds("ready"), timeout=60_000)
    with qtbot.waitSignal(application.asking.ended, timeout=60_000):
        application.asking.ask("Where is the red thing?")
    application.board.run("review.reject")
    front.media.search.setText('question:"red thing" state:rejected')
    qtbot.waitUntil(lambda: front.media.model.rowCount() == 1)
    front.media.search.setText("question:giraffe")
    qtbot.waitUntil(lambda: front.media.model.rowCount() == 0)
    front.media.search.setText("picture_2")
    qtbot.waitUntil(lambda: front.media.model.rowCount() == 1)
    table = front.annotations
    table._scope.setCurrentIndex(1)
    table.search.setText("question:red")
    qtbot.waitUntil(lambda: table.model.rowCount() == 2)
    table.search.setText("question:red score:0.8")
    qtbot.waitUntil(lambda: table.model.rowCount() == 1)
