"""Panels are shown and hidden by actions, so their keys can be changed and are seen among all others."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.actions import ACTIONS
from app.actions.board import ActionBoard
from app.main_window import MainWindow


def test_a_panel_is_hidden_and_shown_by_its_action(qtbot: QtBot) -> None:
    board = ActionBoard(ACTIONS)
    window = MainWindow(board)
    qtbot.addWidget(window)
    window.setCentralWidget(QWidget())
    window.place("media", "Media", QWidget(), Qt.DockWidgetArea.LeftDockWidgetArea)
    window.show()
    action, dock = board.action("panel.media"), window.docks["media"]
    for shown in (False, True):
        board.run("panel.media")
        assert (dock.isVisible(), action.isChecked()) == (shown, shown)
    dock.hide()
    assert not action.isChecked()
    assert action in window.menus["View"].actions()
    assert not board.action("panel.history").isEnabled()


def test_every_function_key_stands_in_the_table_of_actions() -> None:
    keys = {key: row.id for row in ACTIONS for key in row.keys}
    panels = [keys[f"F{number}"] for number in (2, 3, 4, 5, 7, 8)]
    assert panels == [f"panel.{name}" for name in ("media", "time", "ask", "annotations", "history", "training")]


@pytest.fixture
def wide(qtbot: QtBot) -> MainWindow:
    """A window on screen with a panel of 290 pixels at the left and one of 400 at the right."""
    window = MainWindow(ActionBoard(ACTIONS))
    qtbot.addWidget(window)
    window.setCentralWidget(QWidget())
    for name, area in (("media", Qt.DockWidgetArea.LeftDockWidgetArea), ("ask", Qt.DockWidgetArea.RightDockWidgetArea)):
        panel = QWidget()
        panel.setMinimumWidth(220)
        window.place(name, name, panel, area)
    window.resize(1440, 900)
    window.show()
    window.share_out((("media", 290), ("ask", 400)), ())
    qtbot.waitUntil(lambda: (window.docks["media"].width(), window.docks["ask"].width()) == (290, 400))
    return window


def test_panels_give_way_before_the_middle_becomes_too_narrow(wide: MainWindow, qtbot: QtBot) -> None:
    window, media, ask, middle = wide, wide.docks["media"], wide.docks["ask"], wide.centralWidget()
    window.resize(1024, 700)
    qtbot.waitUntil(lambda: middle.width() >= 470)
    assert media.width() < 290
    assert ask.width() < 400
    window.resize(700, 700)
    qtbot.waitUntil(lambda: (media.width(), ask.width()) == (220, 220))
    window.resize(1440, 900)
    qtbot.waitUntil(lambda: (media.width(), ask.width()) == (290, 400))


def test_a_panel_made_narrower_by_hand_in_a_narrow_window_stays_so(wide: MainWindow, qtbot: QtBot) -> None:
    media, ask = wide.docks["media"], wide.docks["ask"]
    wide.resize(1024, 700)
    qtbot.waitUntil(lambda: ask.width() < 400)
    wide.share_out((("ask", 240),), ())
    qtbot.waitUntil(lambda: ask.width() == 240)
    for width in (1030, 1440):
        wide.resize(width, 700)
        qtbot.waitUntil(lambda: media.width() == 290)
        assert ask.width() == 240


@pytest.fixture
def board() -> ActionBoard:
    return ActionBoard(ACTIONS)


@pytest.fixture
def tabs(board: ActionBoard, qtbot: QtBot) -> MainWindow:
    """A window on screen, to which a second panel came as a tab on the first."""
    window = MainWindow(board)
    qtbot.addWidget(window)
    window.setCentralWidget(QWidget())
    right = Qt.DockWidgetArea.RightDockWidgetArea
    window.place("annotations", "Annotations", QWidget(), right)
    window.resize(1000, 600)
    window.show()
    window.place("training", "Training", QWidget(), right, tabbed="annotations", shown=False)
    return window


def test_a_panel_comes_as_a_tab_in_front_once_it_is_asked_for(
    tabs: MainWindow, board: ActionBoard, qtbot: QtBot
) -> None:
    first, second = tabs.docks["annotations"], tabs.docks["training"]
    assert second.isHidden()
    board.run("panel.training")
    qtbot.waitUntil(lambda: second.x() >= 0 > first.x())
    assert tabs.tabifiedDockWidgets(first) == [second]


def test_the_key_of_a_panel_behind_another_brings_it_to_the_front(
    tabs: MainWindow, board: ActionBoard, qtbot: QtBot
) -> None:
    first, action = tabs.docks["annotations"], board.action("panel.annotations")
    board.run("panel.training")
    qtbot.waitUntil(lambda: first.x() < 0)
    board.run("panel.annotations")
    qtbot.waitUntil(lambda: first.x() >= 0)
    assert action.isChecked()
    board.run("panel.annotations")
    assert first.isHidden()
    assert not action.isChecked()


def test_a_panel_behind_another_takes_no_part_in_giving_way(tabs: MainWindow, board: ActionBoard, qtbot: QtBot) -> None:
    first, second = tabs.docks["annotations"], tabs.docks["training"]
    tabs.share_out((("annotations", 500),), ())
    qtbot.waitUntil(lambda: first.width() == 500)
    board.run("panel.training")
    qtbot.waitUntil(lambda: first.x() < 0)
    tabs.share_out((("training", 300),), ())
    qtbot.waitUntil(lambda: second.width() == 300)
    tabs.resize(700, 600)
    qtbot.waitUntil(lambda: tabs.centralWidget().width() in range(470, 490))
