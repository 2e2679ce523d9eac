"""What a run of pre-labelling left out, and why."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from widgets.naming import named


class LeftOutDialog(QDialog):
    """`failures` are sentences by medium and question; they can be selected and copied."""

    def __init__(self, failures: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("left_out")
        self.setWindowTitle("What pre-labelling left out")
        self.resize(720, 360)
        table = named(QTableWidget(len(failures), 2), "left_out.table", "What was left out, and why")
        table.setHorizontalHeaderLabels(["Medium and question", "Why"])
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for row, pair in enumerate(failures.items()):
            for column, words in enumerate(pair):
                cell = QTableWidgetItem(words)
                cell.setToolTip(words)
                table.setItem(row, column, cell)
        buttons = QDialogButtonBox()
        buttons.setObjectName("left_out.buttons")
        close = named(buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole), "left_out.close", "Close")
        close.clicked.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(8)
        layout.addWidget(table)
        layout.addWidget(buttons)
        table.setFocus(Qt.FocusReason.OtherFocusReason)
