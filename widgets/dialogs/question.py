"""A question with verbs for answers; nothing happens unless one of them is chosen."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from widgets.naming import named


def ask(
    parent: QWidget, name: str, title: str, words: str, *, answers: Mapping[str, Callable[[], object]], leave: str
) -> QMessageBox:
    """Open it and return at once; `answers` are what buttons say and do, `leave` is what doing nothing is called."""
    box = QMessageBox(parent)
    box.setObjectName(name)
    box.setAccessibleName(title)
    box.setWindowTitle(title)
    box.setText(words)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for at, (verb, deed) in enumerate(answers.items()):
        button = box.addButton(verb, QMessageBox.ButtonRole.ActionRole)
        named(button, f"{name}.answer_{at}", verb)
        button.clicked.connect(deed)
    stay = box.addButton(leave, QMessageBox.ButtonRole.RejectRole)
    named(stay, f"{name}.leave", leave)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    box.open()
    return box
