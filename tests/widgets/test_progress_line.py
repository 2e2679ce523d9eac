"""A line of progress says how long it may still take."""

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from widgets import progress_line
from widgets.progress_line import ProgressLine


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds, to be set by the test."""
    now = [0.0]
    monkeypatch.setattr(progress_line, "monotonic", lambda: now[0])
    return now


def words(line: ProgressLine) -> str:
    return str(line._words.text())


def test_what_is_left_is_told_from_the_pace_since_the_first_report(clock: list[float], qtbot: QtBot) -> None:
    line = ProgressLine(timed=True)
    qtbot.addWidget(line)
    line.show_progress("Reading", 100, 1000)
    assert words(line) == "Reading"
    clock[0] = 10.0
    line.show_progress("Reading", 200, 1000)
    assert words(line) == "Reading, 80 s left"
    line.show_progress("Writing", 200, 1000)
    assert words(line) == "Writing"


def test_nothing_is_guessed_where_nobody_knows_how_much_there_is(clock: list[float], qtbot: QtBot) -> None:
    line = ProgressLine(timed=True)
    qtbot.addWidget(line)
    line.show_progress("Looking", 0, 0)
    clock[0] = 10.0
    line.show_progress("Looking", 0, 0)
    assert words(line) == "Looking"


def test_what_is_paused_stays_in_sight_to_be_gone_on_with(qtbot: QtBot) -> None:
    line = ProgressLine("asking", pausable=True)
    qtbot.addWidget(line)
    heard: list[str] = []
    line.paused.connect(lambda: heard.append("paused"))
    line.resumed.connect(lambda: heard.append("resumed"))
    button = line.findChild(QPushButton, "asking.pause")
    line.show_progress("Asking", 1, 4)
    button.click()
    line.show_halted("Paused at 1 of 4")
    assert (line.isVisible(), words(line), button.text()) == (True, "Paused at 1 of 4", "Go on")
    button.click()
    assert heard == ["paused", "resumed"]
    line.show_progress("Asking", 2, 4)
    assert button.accessibleName() == "Pause"
