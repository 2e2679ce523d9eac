import pytest
from PySide6.QtWidgets import QMainWindow, QToolBar
from pytestqt.qtbot import QtBot

from app.actions.action import Action
from app.actions.board import ActionBoard

ROWS = (
    Action("a.one", "One", "Edit", ("N",), needs=("item",), bar=True, icon="accept"),
    Action("a.two", "Two", "Edit", ("Ctrl+T",), group=1),
)


@pytest.fixture
def board(qapp: object) -> ActionBoard:
    board = ActionBoard(ROWS)
    board.set_keys({"a.one": ("N",), "a.two": ("Ctrl+T",)})
    return board


def test_an_action_can_be_done_once_it_is_bound_and_its_facts_hold(board: ActionBoard) -> None:
    done: list[str] = []
    board.bind({"a.one": lambda: done.append("one")})
    board.run("a.one")
    board.set_fact("item", holds=True)
    board.run("a.one")
    assert done == ["one"]
    assert [row.id for row in board.enabled()] == ["a.one"]


def test_single_keys_rest_while_text_is_typed(board: ActionBoard) -> None:
    board.set_fact("typing", holds=True)
    assert board.action("a.one").shortcuts() == []
    assert board.action("a.two").shortcuts() != []
    board.set_fact("typing", holds=False)
    assert board.action("a.one").shortcut().toString() == "N"


def test_menus_and_tool_bar_come_from_the_rows(board: ActionBoard, qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    bar = QToolBar()
    window.addToolBar(bar)
    menus = board.fill_menus(window.menuBar(), {"Edit": "i", "Nothing": "N"})
    board.fill_tool_bar(bar)
    assert [action.text() for action in menus["Edit"].actions()] == ["One", "", "Two"]
    assert list(menus) == ["Edit"]
    assert menus["Edit"].title() == "Ed&it"
    assert [action.text() for action in bar.actions()] == ["One"]


def test_an_unknown_action_or_fact_is_a_mistake(board: ActionBoard) -> None:
    with pytest.raises(KeyError, match="no such action"):
        board.bind({"a.three": lambda: None})
    with pytest.raises(KeyError, match="no such fact"):
        board.set_fact("raining", holds=True)
