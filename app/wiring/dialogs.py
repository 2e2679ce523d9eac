"""Dialogs that any action may open: settings, shortcuts, palette, about, crash and report."""

from pathlib import Path

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from app.actions import MENUS
from app.actions.board import ActionBoard
from app.actions.keymap import MENU_KEYS, conflicts
from app.front import Front
from app.main_window import MainWindow
from app.notices import notices
from app.settings import ROWS
from widgets.dialogs.about import AboutDialog
from widgets.dialogs.command_palette import CommandPalette, Entry
from widgets.dialogs.crash import CrashDialog
from widgets.dialogs.notices import NoticesDialog
from widgets.dialogs.settings import SettingsDialog
from widgets.dialogs.shortcuts import Shortcut, ShortcutEditor


def connect_dialogs(front: Front) -> None:
    board, window, preferences, guard = front.board, front.window, front.preferences, front.guard

    def settings() -> None:
        dialog = SettingsDialog(ROWS, msgspec.structs.asdict(preferences.value), window)
        dialog.changed.connect(lambda key, value: preferences.change(**{key: value}))
        _show(dialog)

    def shortcuts() -> None:
        keys = board.keys
        rows = [Shortcut(row.id, row.title.rstrip("…"), row.menu, keys.get(row.id, ())) for row in board.rows.values()]
        rows += [
            Shortcut(id_, f"Menu {title}", "", letter, fixed=True)
            for title, (id_, letter) in zip(MENUS, MENU_KEYS.items(), strict=True)
        ]
        dialog = ShortcutEditor(rows, conflicts, window)
        dialog.kept.connect(lambda changed: preferences.change(keys={**preferences.value.keys, **changed}))
        _show(dialog)

    def report() -> None:
        name, _ = QFileDialog.getSaveFileName(window, "Save a report", "groundwork-report.txt", "Text (*.txt)")
        if name:
            try:
                Path(name).write_text(guard.report(), encoding="utf-8")
            except OSError as error:
                front.notice.say(f"{name} could not be written ({error.strerror}); choose another place.")

    board.bind(
        {
            "project.settings": settings,
            "help.shortcuts": shortcuts,
            "view.palette": lambda: _show_palette(board, window),
            "help.log": report,
            "help.notices": lambda: _show(NoticesDialog(notices(), window)),
            "help.about": lambda: _show(AboutDialog(guard.versions(), window)),
        }
    )
    guard.crashed.connect(lambda text: _show(CrashDialog(text, window)))
    guard.foreseen.connect(lambda sentence: front.notice.say(sentence, lasting=True))


def _show_palette(board: ActionBoard, window: MainWindow) -> None:
    entries = [
        Entry(row.id, row.title.rstrip("…"), " · ".join(filter(None, (row.menu, *board.keys.get(row.id, ())[:1]))))
        for row in board.enabled()
        if row.id != "view.palette"
    ]
    dialog = CommandPalette(entries, window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.chosen.connect(board.run)
    middle = window.mapToGlobal(window.rect().center())
    dialog.move(middle.x() - dialog.width() // 2, window.mapToGlobal(window.rect().topLeft()).y() + 90)
    dialog.show()


def _show(dialog: SettingsDialog | ShortcutEditor | AboutDialog | CrashDialog | NoticesDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
