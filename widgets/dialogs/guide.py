"""The user guide, read inside the app: pages of Markdown with pictures, without a network and without a browser."""

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from widgets.naming import named

FIRST = "index.md"
_WIDEST, _MARGIN = 740, 18


class Pages(QTextBrowser):
    """Pictures are shown no wider than the text; links lead to the other pages only."""

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return super().loadResource(kind, name)
        picture = QImage(self.source().resolved(QUrl(name)).toLocalFile())
        wide = picture.width() > _WIDEST
        return picture.scaledToWidth(_WIDEST, Qt.TransformationMode.SmoothTransformation) if wide else picture


class GuideDialog(QDialog):
    """Opens at the first page of `folder`."""

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("guide")
        self.setWindowTitle("User guide")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(840, 720)
        self._folder = folder
        self.pages = named(Pages(), "guide.pages", "User guide")
        self.pages.setOpenExternalLinks(False)
        self.pages.document().setDocumentMargin(_MARGIN)
        buttons = QHBoxLayout()
        for name, words, deed in (
            ("contents", "Contents", lambda: self.open_page(FIRST)),
            ("back", "Back", self.pages.backward),
        ):
            button = named(QPushButton(words), f"guide.{name}", words)
            button.setAutoDefault(False)
            button.clicked.connect(deed)
            buttons.addWidget(button)
        buttons.addStretch(1)
        close = named(QPushButton("Close"), "guide.close", "Close")
        close.clicked.connect(self.accept)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(self.pages)
        layout.addLayout(buttons)
        self.open_page(FIRST)

    def open_page(self, name: str) -> None:
        self.pages.setSource(QUrl.fromLocalFile(str(self._folder / name)))
