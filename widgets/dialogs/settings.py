"""The settings as forms, one tab a group; each change is taken on at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTabWidget, QVBoxLayout, QWidget

from widgets.field import Field
from widgets.form import Form


class SettingsDialog(QDialog):
    """`changed(key, value)` tells each change; there is nothing to confirm."""

    changed = Signal(str, object)

    def __init__(self, rows: Sequence[Field], values: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("settings")
        self.setWindowTitle("Settings")
        self.resize(560, 560)
        tabs = QTabWidget()
        tabs.setObjectName("settings.tabs")
        tabs.setAccessibleName("Groups of settings")
        for group in dict.fromkeys(row.group for row in rows):
            form = Form([row for row in rows if row.group == group], values, name=f"settings.{group.casefold()}")
            form.changed.connect(self.changed)
            tabs.addTab(form, group)
        buttons = QDialogButtonBox()
        buttons.setObjectName("settings.buttons")
        close = buttons.addButton("Close", QDialogButtonBox.ButtonRole.AcceptRole)
        close.setObjectName("settings.close")
        close.setAccessibleName("Close")
        buttons.accepted.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(tabs)
        layout.addWidget(buttons)
