"""Pictures that two models answer differently, each drawn twice side by side, the largest differences first."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QScrollArea, QVBoxLayout, QWidget

from widgets.naming import named

_WORDS = "White is the truth, orange what was answered: on the left before, on the right with the new adapter."


class PairsDialog(QDialog):
    """`paths` are sheets that the comparison drew, named better or worse."""

    def __init__(self, paths: Sequence[Path], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pairs")
        self.setWindowTitle("Where the two differ")
        self.resize(1020, 720)
        sheets = QWidget()
        rows = QVBoxLayout(sheets)
        for place, path in enumerate(paths, start=1):
            verdict = path.stem.rpartition("-")[2].capitalize()
            rows.addWidget(QLabel(verdict))
            sheet = named(QLabel(), f"pairs.{place}", f"{verdict}, {place} of {len(paths)}")
            sheet.setPixmap(QPixmap(str(path)))
            rows.addWidget(sheet)
        area = named(QScrollArea(), "pairs.area", "Pairs of pictures")
        area.setWidget(sheets)
        buttons = QDialogButtonBox()
        buttons.setObjectName("pairs.buttons")
        close = named(buttons.addButton("Close", QDialogButtonBox.ButtonRole.AcceptRole), "pairs.close", "Close")
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        for widget in (QLabel(_WORDS), area, buttons):
            layout.addWidget(widget)
