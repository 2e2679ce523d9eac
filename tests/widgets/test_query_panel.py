"""The question panel: ways out of trouble, and saved questions that are filled in."""

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from engine.domain.annotation import Label
from engine.domain.project import Template
from widgets.query_panel import QueryPanel


@pytest.fixture
def panel(qtbot: QtBot) -> QueryPanel:
    panel = QueryPanel()
    qtbot.addWidget(panel)
    panel.show()
    panel.enable(can_ask=True)
    return panel


def choices(panel: QueryPanel, labels: dict[str, Label]) -> dict[str, QAction]:
    """What can be put into the place of the label of a saved question."""
    panel.show_questions([Template("t", "Where is the {label}?")], labels)
    found = panel.findChild(QMenu, "ask.menu").actions()[0].menu()
    assert isinstance(found, QMenu)
    return {one.text(): one for one in found.actions() if one.text()}


def test_a_model_in_trouble_offers_the_ways_out(panel: QueryPanel) -> None:
    heard: list[str] = []
    panel.remedy_wanted.connect(heard.append)
    buttons = [panel.findChild(QPushButton, f"ask.remedy.{name}") for name in ("ask.model", "ask.restart")]
    panel.show_state("The model is being loaded.")
    assert not any(one.isVisible() for one in buttons)
    panel.show_state("Too little memory: choose Q4_K_M.", trouble=True)
    assert panel.findChild(QLabel, "ask.state").text() == "▲ Too little memory: choose Q4_K_M."
    for one in buttons:
        assert one.isVisible()
        one.click()
    assert heard == ["ask.model", "ask.restart"]


def test_a_label_fills_a_saved_question(panel: QueryPanel) -> None:
    choices(panel, {"1": Label("1", "kite", 0)})["kite"].trigger()
    assert panel.field.text() == "Where is the kite?"


def test_a_saved_question_is_of_use_without_any_label(panel: QueryPanel) -> None:
    choices(panel, {})["Something else…"].trigger()
    assert panel.field.selectedText() == "{label}"
    panel.field.insert("red kite")
    assert panel.field.text() == "Where is the red kite?"
