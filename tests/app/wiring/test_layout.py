"""Panels, and which of them each kind of medium brings, on the real window."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.front import Front
from app.places import Places
from app.wiring.desk import connect_panel
from engine.domain.media import Clock, MediaItem, MediaKind

_PICTURE = MediaItem("p", "a.png", MediaKind.IMAGE, 8, 8)
_CLIP = MediaItem("c", "a.mp4", MediaKind.VIDEO, 8, 8, Clock(1, 25, 0, 50), 50)


class Shown(QObject):
    """What is shown, without a project."""

    item_changed = Signal(object)
    item: MediaItem | None = None

    def show(self, item: MediaItem) -> None:
        self.item = item
        self.item_changed.emit(item)


@pytest.fixture
def front(places: Places) -> Iterator[Front]:
    front = Front(places)
    front.show()
    front.window.place("time", "Time", QWidget(), Qt.DockWidgetArea.BottomDockWidgetArea, shown=False)
    right = Qt.DockWidgetArea.RightDockWidgetArea
    front.window.place("history", "History", QWidget(), right, tabbed="annotations", shown=False)
    yield front
    front.guard.release()
    front.window.close()
    front.window.deleteLater()
    front.deleteLater()


def test_resetting_the_layout_is_as_the_first_start_for_every_kind(front: Front, qtbot: QtBot) -> None:
    shown, docks = Shown(), front.window.docks
    connect_panel(front, shown)  # type: ignore[arg-type]
    shown.show(_PICTURE)
    shown.show(_CLIP)
    front.window.give_way()
    first = {name: dock.geometry() for name, dock in docks.items()}
    docks["media"].hide()
    docks["ask"].setFloating(True)
    front.board.run("panel.history")
    front.board.run("view.reset")
    assert [name for name, dock in docks.items() if dock.isHidden()] == ["history"]
    qtbot.waitUntil(lambda: all(docks[name].geometry() == first[name] for name in ("media", "ask", "annotations")))
    shown.show(_PICTURE)
    assert docks["time"].isHidden()
