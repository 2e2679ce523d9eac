import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDoubleSpinBox, QPushButton, QSpinBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from widgets.picture_strip import PictureState, PictureStrip


@pytest.fixture
def strip(qtbot: QtBot) -> PictureStrip:
    room = QWidget()
    qtbot.addWidget(room)
    strip = PictureStrip()
    QVBoxLayout(room).addWidget(strip)
    room.show()
    strip.room = room  # keeps it alive
    return strip


@pytest.fixture
def wishes(strip: PictureStrip) -> list[tuple[int, object]]:
    heard: list[tuple[int, object]] = []
    strip.wanted.connect(lambda page, window: heard.append((page, window)))
    return heard


def page_of(strip: PictureStrip) -> QSpinBox:
    return strip.findChild(QSpinBox, "picture_strip.page")


def level_of(strip: PictureStrip, name: str) -> QDoubleSpinBox:
    return strip.findChild(QDoubleSpinBox, f"picture_strip.{name}")


def test_an_ordinary_picture_needs_no_strip(strip: PictureStrip) -> None:
    strip.show_state(PictureState(0, 3))
    assert strip.isVisible()
    strip.show_state(PictureState())
    assert not strip.isVisible()


def test_each_control_is_there_only_where_it_means_something(strip: PictureStrip) -> None:
    strip.show_state(PictureState(1, 3))
    assert (page_of(strip).isVisible(), level_of(strip, "black").isVisible()) == (True, False)
    assert page_of(strip).text() == "2 of 3"
    strip.show_state(PictureState(0, 1, (10.0, 900.0)))
    assert (page_of(strip).isVisible(), level_of(strip, "black").isVisible()) == (False, True)
    assert (level_of(strip, "black").value(), level_of(strip, "white").value()) == (10.0, 900.0)


def test_what_is_shown_is_not_said_back(strip: PictureStrip, wishes: list, qtbot: QtBot) -> None:
    strip.show_state(PictureState(2, 9, (10.0, 900.0)))
    qtbot.wait(250)
    assert wishes == []


def test_another_page_is_wanted_by_key_with_levels_of_its_own(strip: PictureStrip, wishes: list) -> None:
    strip.show_state(PictureState(0, 3, (10.0, 900.0)))
    QTest.keyClick(page_of(strip), Qt.Key.Key_Up)
    assert wishes == [(1, None)]


def test_levels_are_told_once_they_rest(strip: PictureStrip, wishes: list, qtbot: QtBot) -> None:
    strip.show_state(PictureState(1, 3, (10.0, 900.0)))
    level_of(strip, "black").setValue(20)
    level_of(strip, "black").setValue(30)
    qtbot.waitUntil(lambda: wishes == [(1, (30.0, 900.0))], timeout=2000)
    QTest.mouseClick(strip.findChild(QPushButton, "picture_strip.auto"), Qt.MouseButton.LeftButton)
    assert wishes[1:] == [(1, None)]


def test_black_above_white_is_taken_back(strip: PictureStrip, wishes: list, qtbot: QtBot) -> None:
    strip.show_state(PictureState(0, 1, (10.0, 900.0)))
    level_of(strip, "black").setValue(1000)
    qtbot.waitUntil(lambda: level_of(strip, "black").value() == 10.0, timeout=2000)
    assert wishes == []
