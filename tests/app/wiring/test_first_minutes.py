"""Tour and guide on the real window."""

import re
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.actions import ACTIONS
from app.front import Front
from app.panels import furnish
from app.places import Places
from app.wiring.checks import Checks
from app.wiring.first_minutes import STOPS, FirstMinutes, connect_first_minutes
from resources import guide
from widgets.dialogs.guide import GuideDialog


@pytest.fixture
def first(places: Places) -> Iterator[FirstMinutes]:
    front = Front(places)
    front.show()
    furnish(front)
    yield connect_first_minutes(front, Checks(front))
    front.guard.release()
    front.window.close()
    front.window.deleteLater()
    front.deleteLater()


def test_the_tour_is_remembered_once_it_was_skipped(first: FirstMinutes, qtbot: QtBot) -> None:
    tour = first.tour()
    assert not first._front.preferences.value.toured
    with qtbot.waitSignal(tour.ended):
        qtbot.keyClick(tour, Qt.Key.Key_Escape)
    assert first._front.preferences.value.toured


def test_the_tour_speaks_of_controls_that_are_there(first: FirstMinutes) -> None:
    """Training comes with what stands behind the window and is checked in a journey."""
    for stop in STOPS:
        assert stop.control == "training" or first._front.window.findChild(QWidget, stop.control), stop.control


def test_the_keys_that_tour_and_guide_name_are_those_of_the_actions() -> None:
    keys = {key for row in ACTIONS for key in row.keys} | {"Enter", "Esc", "F8"}
    pages = [path.read_text() for path in guide().glob("*.md") if path.name != "shortcuts.md"]
    told = re.findall(
        r"\*\*((?:(?:Ctrl|Shift|Alt)\+)*(?:[A-Z]|F\d+|Tab|Space|Enter|Backspace|\W))\*\*", " ".join(pages)
    )
    assert len(told) > 20
    wrong = {key for key in told if key.replace("Enter", "Return") not in keys and key not in keys}
    assert not wrong


def test_the_guide_tells_what_the_mouse_does_with_a_key_held_and_which_keys_always_go_frame_by_frame() -> None:
    pages = " ".join(path.read_text() for path in guide().glob("*.md"))
    for told in ("**Ctrl+click**", "**Ctrl+Shift+click**", "**Alt+wheel**", "**,** and **.** go frame by frame"):
        assert told in pages


def test_every_link_and_picture_of_the_guide_is_there_and_all_is_small() -> None:
    for page in guide().glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert (guide() / target).is_file(), f"{page.name}: {target}"
    assert sum(path.stat().st_size for path in guide().glob("*.png")) <= 1_500_000


def test_the_table_of_shortcuts_is_that_of_the_actions() -> None:
    page = (guide() / "shortcuts.md").read_text()
    for row in ACTIONS:
        assert not row.keys or f"| {row.title.rstrip('…')} | " in page, f"{row.id}: run make guide"


def test_the_guide_opens_and_leads_from_page_to_page(qtbot: QtBot) -> None:
    dialog = GuideDialog(guide())
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    assert "where is it?" in dialog.pages.toPlainText()
    dialog.open_page("models.md")
    assert "Hugging Face" in dialog.pages.toPlainText()
    assert not QImage(str(guide() / "models.png")).isNull()
