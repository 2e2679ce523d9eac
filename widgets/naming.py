"""Every control has a name for tests and a name for people who do not see it; some have a role in the style sheet."""

from typing import TypeVar

from PySide6.QtWidgets import QWidget

W = TypeVar("W", bound=QWidget)


def named(widget: W, name: str, words: str) -> W:
    """Give a widget its object name and its accessible name, and hand it back."""
    widget.setObjectName(name)
    widget.setAccessibleName(words)
    return widget


def dress(widget: QWidget, role: str) -> None:
    """Give a widget a role of the style sheet; one that it has already costs nothing."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
