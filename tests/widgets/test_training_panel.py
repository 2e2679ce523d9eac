"""The panel shows where a run stands and offers what can be done about it then."""

from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from engine.domain.training import RunState, RunStatus
from widgets.curve import Curve, smoothed
from widgets.dialogs.pairs import PairsDialog
from widgets.training_panel import TrainingPanel

RUNNING = RunStatus(RunState.TRAINING, "fine-grained", 1, 3, 12, 40, 0.5, 2e-4, 8.25, 2_100_000_000, 125.0)


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        (RunState.WAITING, {"start", "back"}),
        (RunState.TRAINING, {"pause", "stop", "cancel"}),
        (RunState.PAUSED, {"resume", "back"}),
        (RunState.FINISHED, {"start", "use", "back"}),
        (RunState.FAILED, {"start", "back"}),
    ],
)
def test_only_what_can_be_done_is_offered(qtbot: QtBot, state: RunState, offered: set[str]) -> None:
    panel = _panel(qtbot)
    panel.show_status(RunStatus(state), ready=True)
    buttons = {button.objectName().split(".")[1].removesuffix("_button"): button for button in _buttons(panel)}
    assert {name for name, button in buttons.items() if not button.isHidden()} == offered


def test_pairs_are_offered_once_there_are_some(qtbot: QtBot) -> None:
    panel = _panel(qtbot)
    button = next(button for button in _buttons(panel) if button.objectName() == "training.pairs_button")
    assert button.isHidden()
    panel.show_pairs(there=True)
    assert not button.isHidden()
    with qtbot.waitSignal(panel.pairs):
        button.click()


def test_pairs_are_shown_with_their_verdict(qtbot: QtBot, tmp_path: Path) -> None:
    paths = [tmp_path / "00-better.png", tmp_path / "01-worse.png"]
    for path in paths:
        picture = QImage(60, 40, QImage.Format.Format_RGB32)
        picture.fill(0)
        assert picture.save(str(path))
    dialog = PairsDialog(paths)
    qtbot.addWidget(dialog)
    second = dialog.findChild(QLabel, "pairs.2")
    assert second.accessibleName() == "Worse, 2 of 2"
    assert second.pixmap().width() == 60


def test_the_facts_are_told_in_words(qtbot: QtBot) -> None:
    panel = _panel(qtbot)
    panel.show_status(RUNNING, ready=True)
    words = {label.objectName(): label.text() for label in panel.findChildren(QLabel)}
    assert words["training.stage"] == "fine-grained (2 of 3)"
    assert words["training.step"] == "12 of 40"
    assert words["training.left"] == "2 min 05 s"
    assert words["training.memory"] == "2.1 GB"


def test_a_click_tells_the_plan(qtbot: QtBot) -> None:
    panel = _panel(qtbot)
    panel.show_status(RunStatus(RunState.WAITING), ready=True)
    button = next(button for button in _buttons(panel) if button.text() == "Train")
    with qtbot.waitSignal(panel.start) as told:
        button.click()
    assert told.args == ["auto"]


def test_the_smoothed_course_starts_at_the_first_value() -> None:
    assert smoothed([]) == []
    assert smoothed([2.0, 2.0]) == [2.0, 2.0]
    assert 1.0 < smoothed([2.0, 1.0])[1] < 2.0


def test_losses_are_painted(qtbot: QtBot) -> None:
    panel = _panel(qtbot)
    before = panel.grab().toImage()
    panel.show_losses([3.0, 2.0, 1.5, 1.2], [2])
    painted = panel.grab().toImage()
    assert painted != before
    panel.show_losses([3.0, 2.0, 1.5, 1.2], [2], [(1, 3.1), (4, 1.9)])
    assert panel.grab().toImage() != painted
    told = panel.findChild(QLabel, "training.held_out")
    assert told.text() == "1.9000"
    assert "dots from 3.1 to 1.9" in panel.findChild(Curve, "training.curve").accessibleDescription()


def _panel(qtbot: QtBot) -> TrainingPanel:
    panel = TrainingPanel()
    qtbot.addWidget(panel)
    return panel


def _buttons(panel: TrainingPanel) -> list[QPushButton]:
    return [button for button in panel.findChildren(QPushButton) if button.objectName().startswith("training.")]
