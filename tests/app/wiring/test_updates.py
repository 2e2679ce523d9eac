"""The window asks for a newer version only when it is told to."""

import json
import sys
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app import engine_run
from app.front import Front
from app.places import Places
from app.wiring.updates import connect_updates


@pytest.fixture
def front(places: Places) -> Iterator[Front]:
    front = Front(places)
    connect_updates(front)
    yield front
    front.guard.release()
    front.window.deleteLater()
    front.deleteLater()


def answering(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(engine_run, "engine_command", lambda *_: [sys.executable, "-c", program])


def test_a_newer_version_is_offered_as_a_page_to_open(
    front: Front, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    news = {"version": "9.0.0", "page": "https://x.example", "notes": "Faster.", "newer": True}
    answering(monkeypatch, f"print({json.dumps(news)!r})")
    front.board.run("help.updates")
    qtbot.waitUntil(lambda: front.window.findChild(QMessageBox, "updates") is not None, timeout=20_000)
    box = front.window.findChild(QMessageBox, "updates")
    assert "9.0.0" in box.text()
    box.close()


def test_without_a_network_one_sentence_says_so(front: Front, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "import sys; sys.stderr.write('It cannot be reached.\\n'); sys.exit(2)")
    front.board.run("help.updates")
    qtbot.waitUntil(lambda: front.notice._words.text() == "It cannot be reached.", timeout=20_000)
