"""What this is, which version, under which licence."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from widgets.icons import pixmap
from widgets.naming import named
from widgets.theme import roles_of

_WORDS = (
    "Ask a local model where and when things are in pictures, clips and sounds; put the answers right; make the model "
    "better with them. Everything stays on this computer."
)


class AboutDialog(QDialog):
    """Versions can be selected and copied."""

    def __init__(self, versions: Iterable[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("about")
        self.setWindowTitle("About Groundwork")
        self.setFixedWidth(460)
        logo = QLabel()
        logo.setPixmap(pixmap("logo", roles_of(self.palette()).accent, 48, self.devicePixelRatioF()))
        title = QLabel("Groundwork")
        title.setProperty("role", "title")
        words = QLabel(_WORDS)
        words.setWordWrap(True)
        facts = named(QLabel("\n".join((*versions, "Licence: Apache-2.0"))), "about.versions", "Versions")
        facts.setProperty("role", "caption")
        facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QDialogButtonBox()
        buttons.setObjectName("about.buttons")
        close = named(buttons.addButton("Close", QDialogButtonBox.ButtonRole.AcceptRole), "about.close", "Close")
        close.clicked.connect(self.accept)
        right = QVBoxLayout()
        right.setSpacing(10)
        for widget in (title, words, facts, buttons):
            right.addWidget(widget)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(18)
        layout.addWidget(logo, alignment=Qt.AlignmentFlag.AlignTop)
        layout.addLayout(right)
