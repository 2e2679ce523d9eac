"""The table shows what is selected, and says so where the chosen order does not hold."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QLabel, QTableView
from pytestqt.qtbot import QtBot

from engine.domain.annotation import Annotation, Origin, Provenance, Review
from engine.domain.geometry import Box
from widgets.annotation_model import PHRASE, WHERE, Listed
from widgets.annotation_table import AnnotationTable
from widgets.theme import THEMES, palette_of

SIGNED = Provenance(Origin.MODEL, "m", "2026-01-01T00:00:00Z")


def rows(count: int) -> list[Listed]:
    return [Listed(Annotation(str(at), "I", "kite", Box(0, 0, 9, 9), Review.PREDICTED, SIGNED)) for at in range(count)]


def test_a_new_last_row_that_is_selected_comes_into_view(qtbot: QtBot) -> None:
    table = AnnotationTable()
    qtbot.addWidget(table)
    table.resize(400, 300)
    table.show()
    view = table.findChild(QTableView, "annotations.table")
    table.show_rows(rows(30), {})
    qtbot.waitUntil(view.isVisible)
    table.show_rows(rows(31), {})
    table.show_selected("30")
    assert view.viewport().rect().contains(view.visualRect(table.model.index(30, PHRASE)))


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


def test_rows_take_on_the_colours_of_another_theme(qtbot: QtBot) -> None:
    table = AnnotationTable()
    qtbot.addWidget(table)
    table.show_rows(rows(1), {})
    for roles in THEMES.values():
        table.setPalette(palette_of(roles))
        told = table.model.data(table.model.index(0, WHERE), Qt.ItemDataRole.ForegroundRole)
        assert isinstance(told, QColor)
        assert told.name() == roles.muted


def test_a_narrow_table_keeps_room_for_the_phrase(qtbot: QtBot) -> None:
    table = AnnotationTable()
    qtbot.addWidget(table)
    view = table.findChild(QTableView, "annotations.table")
    table.show()
    for width, place in ((308, 134), (400, 188)):
        table.resize(width, 300)
        table.show_rows(rows(1), {})
        qtbot.waitUntil(lambda place=place: abs(view.columnWidth(WHERE) - place) < 3)
        assert view.columnWidth(PHRASE) >= 80
        table.show_rows((), {})
