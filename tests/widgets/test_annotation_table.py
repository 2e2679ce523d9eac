"""The table says so where the chosen order does not hold."""

from PySide6.QtWidgets import QComboBox, QLabel
from pytestqt.qtbot import QtBot

from widgets.annotation_table import AnnotationTable


def test_an_order_that_does_not_hold_cannot_be_chosen_and_is_told(qtbot: QtBot) -> None:
    table = AnnotationTable()
    qtbot.addWidget(table)
    table.show()
    order, note = table.findChild(QComboBox, "annotations.order"), table.findChild(QLabel, "annotations.note")
    assert (order.isEnabled(), note.isVisible()) == (True, False)
    table.tell_order("They stand as they came.")
    assert (order.isEnabled(), note.isVisible(), note.text()) == (False, True, "They stand as they came.")
    table.tell_order("")
    assert (order.isEnabled(), note.isVisible()) == (True, False)
