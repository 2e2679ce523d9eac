"""A card says which part its question was about, and a failure does not look like an answer."""

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from engine.domain.query import ModelRef, Prediction, Query
from widgets.turn_card import Turn, TurnCard

QUERY = Query("q", "item", "Where is the kite?", "2026-01-01T00:00:00Z")


def card(qtbot: QtBot, turn: Turn) -> TurnCard:
    made = TurnCard(turn)
    qtbot.addWidget(made)
    made.show()
    return made


def facts(made: TurnCard) -> QLabel:
    return made.findChild(QLabel, "turn.facts")


def test_the_part_that_was_asked_about_is_told(qtbot: QtBot) -> None:
    about = card(qtbot, Turn(QUERY, about="about the moment 0:02.000 – 0:05.000")).findChild(QLabel, "turn.about")
    assert about.isVisible()
    assert about.text() == "about the moment 0:02.000 – 0:05.000"
    assert not card(qtbot, Turn(QUERY)).findChild(QLabel, "turn.about").isVisible()


def test_a_failure_stands_out_and_may_be_asked_again(qtbot: QtBot) -> None:
    made = card(qtbot, Turn(QUERY))
    made.show_state("asking…")
    assert not made.findChild(QPushButton, "turn.again").isVisible()
    made.show_outcome("Too little memory: choose int8.")
    assert facts(made).text() == "▲ Too little memory: choose int8."
    assert facts(made).property("role") == "trouble"
    assert made.findChild(QPushButton, "turn.again").isVisible()


def test_what_the_user_stopped_is_no_trouble(qtbot: QtBot) -> None:
    made = card(qtbot, Turn(QUERY))
    made.show_outcome("")
    assert (facts(made).text(), facts(made).property("role")) == ("stopped", "caption")


@pytest.mark.parametrize(("seconds", "told"), [(0.0004, "0.01 s"), (0.0731, "0.07 s"), (2.34, "2.3 s")])
def test_no_answer_takes_no_time(qtbot: QtBot, seconds: float, told: str) -> None:
    said = Prediction("p", "q", "item", "there", (), ModelRef("Groundling"), "", seconds)
    assert facts(card(qtbot, Turn(QUERY, said))).text().startswith(told)
