"""Where the panels were, remembered for each kind of medium."""

import base64
import contextlib
import tempfile
from pathlib import Path

import msgspec
from PySide6.QtCore import QByteArray

from app.main_window import MainWindow
from engine.domain.media import MediaItem


class Layouts:
    """States of the window by kind ("" before an item is shown), in one small file; a damaged one counts as none."""

    def __init__(self, window: MainWindow, file: Path) -> None:
        self._window, self._file = window, file
        self._kind = ""
        self._states: dict[str, str] = {}
        with contextlib.suppress(OSError, msgspec.DecodeError):
            self._states = msgspec.json.decode(file.read_bytes(), type=dict[str, str])

    def restore(self) -> None:
        """Size and place of the window, and the panels of the last time."""
        if "geometry" in self._states:
            self._window.restoreGeometry(_bytes(self._states["geometry"]))
        self._lay(self._kind)

    def show_kind(self, item: MediaItem | None) -> None:
        """Another kind of medium brings its own panels; the first time it takes over those at hand."""
        kind = item.kind.value if item else self._kind
        if kind != self._kind:
            self._states[self._kind] = _text(self._window.saveState())
            self._kind = kind
            self._lay(kind)

    def knows(self, kind: str) -> bool:
        """Whether the user has worked with this kind of medium before."""
        return kind in self._states

    def forget(self) -> None:
        """For every kind of medium; the panels stay where they are."""
        self._states = {}

    def keep(self) -> None:
        """Write it down; a layout is not worth a message when that fails."""
        self._states[self._kind] = _text(self._window.saveState())
        self._states["geometry"] = _text(self._window.saveGeometry())
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._file.parent, prefix=self._file.name, delete=False) as file:
                file.write(msgspec.json.encode(self._states))
            Path(file.name).replace(self._file)

    def _lay(self, kind: str) -> None:
        if kind in self._states:
            self._window.restoreState(_bytes(self._states[kind]))
            self._window.give_way()


def _text(state: QByteArray) -> str:
    return base64.b64encode(state.data()).decode()


def _bytes(text: str) -> QByteArray:
    return QByteArray(base64.b64decode(text))
