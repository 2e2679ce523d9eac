"""The room that the tests of the desk take place in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from app.preferences import Preferences
from app.wiring.review import connect_review
from app.wiring.words import asking_words, connect_words
from tests.app.wiring.desk_room import Room


class Asked(QObject):
    """Nobody asks."""

    ended = Signal(str)


@pytest.fixture
def room(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    room = Room(tmp_path / "p", qtbot)
    yield room
    room.desk.close()
    room.jobs.close()
    room.session.close()


@pytest.fixture
def hands(room: Room, tmp_path: Path) -> Room:
    """The room with the verbs of review, of words and of the history."""
    flow = connect_review(room.board, room.session, Preferences(tmp_path / "settings"), Asked())
    flow.decided.connect(lambda _, kind: room.verdicts.append(kind))
    connect_words(room.board, room.window, room.session, asking_words(room.window, room.session))
    room.board.bind({"edit.undo": room.session.undo, "edit.redo": room.session.redo})
    for view in (room.canvas, room.timeline):
        view.repaired.connect(flow.repaired)
    return room
