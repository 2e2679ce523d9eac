"""The one door to the settings while the application runs: read, change, keep, and tell."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app import settings
from app.settings import Settings
from engine.domain.errors import StoreError


class Preferences(QObject):
    """`changed(settings, keys)` follows each change; `told` carries a sentence when the file cannot be used."""

    changed = Signal(object, object)
    told = Signal(str)

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self.trouble = ""
        try:
            self._value = settings.read(path)
        except StoreError as error:
            self._value = Settings()
            self.trouble = str(error)

    @property
    def value(self) -> Settings:
        return self._value

    def change(self, **values: Any) -> None:
        """Take on new values and write them down; an unreadable file is never overwritten."""
        before, self._value = self._value, settings.changed(self._value, **values)
        keys = frozenset(key for key in values if getattr(before, key) != getattr(self._value, key))
        if not keys:
            return
        if not self.trouble:
            try:
                settings.write(self._path, self._value)
            except StoreError as error:
                self.told.emit(str(error))
        self.changed.emit(self._value, keys)
