"""The dialog of labels and saved questions is worked by keyboard, and says why something was not done."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QListWidget, QPushButton
from pytestqt.qtbot import QtBot

from widgets.dialogs.rows import RowsDialog


@pytest.fixture
def dialog(qtbot: QtBot) -> RowsDialog:
    dialog = RowsDialog("kinds", "Kinds", "What there is.", "New kind")
    qtbot.addWidget(dialog)
    dialog.show_rows([("1", "kite", QIcon())])
    dialog.show()
    qtbot.waitUntil(dialog.isVisible)
    return dialog


@pytest.fixture
def heard(dialog: RowsDialog) -> list[tuple[str, ...]]:
    heard: list[tuple[str, ...]] = []

    def note(what: str) -> Callable[..., None]:
        return lambda *words: heard.append((what, *words))

    for name in ("added", "changed", "removed"):
        getattr(dialog, name).connect(note(name))
    return heard


def test_enter_adds_and_the_dialog_stays_for_the_next(dialog: RowsDialog, heard: list) -> None:
    field = dialog.findChild(QLineEdit, "kinds.text")
    QTest.keyClicks(field, "dog")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert heard == [("added", "dog")]
    assert dialog.isVisible()
    assert field.text() == ""


def test_what_has_nothing_to_work_on_cannot_be_pressed(dialog: RowsDialog, heard: list) -> None:
    buttons = [dialog.findChild(QPushButton, f"kinds.{name}") for name in ("add", "change", "remove")]
    dialog.show_rows([])
    assert [one.isEnabled() for one in buttons] == [False, False, False]
    dialog.show_rows([("1", "kite", QIcon())])
    dialog.findChild(QListWidget, "kinds.list").setCurrentRow(0)
    dialog.findChild(QLineEdit, "kinds.text").setText("dog")
    assert [one.isEnabled() for one in buttons] == [True, True, True]
    buttons[2].click()
    assert heard == [("removed", "1")]


def test_a_refusal_stands_in_the_dialog_until_the_next_deed(dialog: RowsDialog) -> None:
    said = dialog.findChild(QLabel, "kinds.said")
    assert not said.isVisible()
    dialog.say("There is a label kite already.")
    assert said.isVisible()
    assert "kite" in said.text()
    dialog.say("")
    assert not said.isVisible()
