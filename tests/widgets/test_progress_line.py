"""A line of progress says how long it may still take."""

import pytest
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
