"""Every control has a name for tests and a name for people who do not see it."""

from typing import TypeVar

from PySide6.QtWidgets import QWidget

W = TypeVar("W", bound=QWidget)


def named(widget: W, name: str, words: str) -> W:
    """Give a widget its object name and its accessible name, and hand it back."""
    widget.setObjectName(name)
    widget.setAccessibleName(words)
    return widget
