from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from widgets.engine_badge import EngineBadge
from widgets.theme import THEMES, palette_of


def test_the_mark_takes_on_the_colour_of_another_theme(qtbot: QtBot) -> None:
    badge = EngineBadge()
    qtbot.addWidget(badge)
    badge.show_state("Groundling", "ready", "")
    for roles in THEMES.values():
        badge.setPalette(palette_of(roles))
        assert roles.ok in badge.findChild(QLabel, "engine.mark").text()
