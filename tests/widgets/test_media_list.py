"""The list of media keeps its place while work goes on."""

from collections.abc import Sequence

import pytest
from PySide6.QtWidgets import QListView
from pytestqt.qtbot import QtBot

from engine.domain.media import MediaItem, MediaKind
from engine.domain.project import ItemFilter
from widgets.media_list import MediaList


class Many:
    """Pictures named by their number."""

    def __init__(self, number: int) -> None:
        self.items = [MediaItem(str(at), f"{at}.jpg", MediaKind.IMAGE) for at in range(number)]

    def count(self, wanted: ItemFilter) -> int:
        return len(self.items)

    def page(self, wanted: ItemFilter, offset: int, limit: int) -> Sequence[MediaItem]:
        return self.items[offset : offset + limit]

    def pending(self, items: Sequence[str]) -> dict[str, int]:
        return {}

    def position(self, id_: str, wanted: ItemFilter) -> int | None:
        return next((at for at, item in enumerate(self.items) if item.id == id_), None)


@pytest.mark.parametrize("fewer", [False, True])
def test_an_edit_leaves_the_list_where_the_user_scrolled_it(qtbot: QtBot, fewer: bool) -> None:
    panel, media = MediaList(), Many(400)
    qtbot.addWidget(panel)
    panel.resize(300, 600)
    panel.show()
    panel.show_media(media)
    panel.show_current("3")
    view = panel.findChild(QListView, "media.list")
    view.scrollTo(panel.model.index(300))
    place = view.verticalScrollBar().value()
    assert place > 1000
    if fewer:
        media.items.pop()
    panel.refresh()
    panel.show_current("3")
    qtbot.wait(20)
    assert view.verticalScrollBar().value() == place
    panel.show_current("4")
    assert view.visualRect(panel.model.index(4)).top() >= 0
    assert view.verticalScrollBar().value() < 1000
