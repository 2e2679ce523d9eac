"""The tour: a card beside the control it speaks of, led through by keys."""

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from widgets.tour import Ring, Stop, Tour, beside

STOPS = (Stop("one", "First", "Look here."), Stop("gone", "Second", "Nowhere."), Stop("one", "Third", "The end."))


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 600)
    control = QPushButton("One", window)
    control.setObjectName("one")
    control.setGeometry(20, 20, 100, 40)
    window.show()
    return window


def test_the_ring_lies_around_the_control_and_the_card_beside_it(window: QWidget) -> None:
    tour = Tour(window, STOPS)
    tour.go(0)
    ring = window.findChild(Ring)
    assert ring.geometry().contains(QRect(20, 20, 100, 40))
    assert not tour.geometry().intersects(QRect(20, 20, 100, 40))
    assert window.rect().contains(tour.geometry())
    tour.go(1)
    assert not ring.isVisible()


def test_enter_goes_on_to_the_end_and_the_end_is_told(window: QWidget, qtbot: QtBot) -> None:
    tour = Tour(window, STOPS)
    tour.go(0)
    for _ in range(2):
        qtbot.keyClick(tour, Qt.Key.Key_Return)
    assert tour.at == 2
    assert tour.findChild(QPushButton, "tour.next").text() == "Done"
    tour.findChild(QPushButton, "tour.back").click()
    assert tour.at == 1
    tour.go(2)
    with qtbot.waitSignal(tour.ended):
        qtbot.keyClick(tour, Qt.Key.Key_Return)


def test_escape_skips_it(window: QWidget, qtbot: QtBot) -> None:
    tour = Tour(window, STOPS)
    tour.go(0)
    with qtbot.waitSignal(tour.ended):
        qtbot.keyClick(tour.findChild(QPushButton, "tour.next"), Qt.Key.Key_Escape)


def test_the_card_stands_where_there_is_room() -> None:
    window, card = QRect(0, 0, 1000, 700), QSize(300, 200)
    for control in (QRect(0, 0, 250, 700), QRect(750, 0, 250, 700), QRect(0, 0, 1000, 60), QRect(0, 640, 1000, 60)):
        place = QRect(beside(control, card, window), card)
        assert window.contains(place)
        assert not place.intersects(control)
    assert beside(QRect(), card, window) == QPoint(window.center().x() - 150, window.center().y() - 100)
