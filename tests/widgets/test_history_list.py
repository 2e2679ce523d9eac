from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import QListView
from pytestqt.qtbot import QtBot

from engine.domain.project import HistoryRow
from widgets.history_list import HistoryList
from widgets.theme import THEMES, palette_of


def test_steps_taken_back_take_on_the_colours_of_another_theme(qtbot: QtBot) -> None:
    panel = HistoryList()
    qtbot.addWidget(panel)
    panel.show_rows(lambda _limit, _before: [HistoryRow(1, "Draw a box", "2026-01-01T00:00:00Z", "", undone=True)])
    model = panel.findChild(QListView, "history.list").model()
    for roles in THEMES.values():
        panel.setPalette(palette_of(roles))
        told = model.index(0, 0).data(Qt.ItemDataRole.ForegroundRole)
        assert isinstance(told, QBrush)
        assert told.color().name() == roles.muted
