"""Something nobody foresaw happened: say so calmly, keep the work open, offer the report."""

from pathlib import Path

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QLabel, QPlainTextEdit, QVBoxLayout, QWidget


class CrashDialog(QDialog):
    """Shows a report that the user may save; nothing is ever sent."""

    def __init__(self, report: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("crash")
        self.setWindowTitle("Something went wrong")
        self.resize(720, 460)
        title = QLabel("Something went wrong inside Groundwork")
        title.setProperty("role", "title")
        self._words = QLabel(
            "Your annotations are safe: each one was written to the project when you made it. You can go on working. "
            "The report below stays on this computer unless you pass it on."
        )
        self._words.setWordWrap(True)
        self._text = QPlainTextEdit(report)
        self._text.setReadOnly(True)
        self._text.setObjectName("crash.report")
        self._text.setAccessibleName("Report")
        buttons = QDialogButtonBox()
        buttons.setObjectName("crash.buttons")
        save = buttons.addButton("Save report…", QDialogButtonBox.ButtonRole.ActionRole)
        go_on = buttons.addButton("Go on", QDialogButtonBox.ButtonRole.AcceptRole)
        save.setObjectName("crash.save")
        go_on.setObjectName("crash.go_on")
        for button in (save, go_on):
            button.setAccessibleName(button.text().rstrip("…"))
        save.clicked.connect(self._ask_where)
        buttons.accepted.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        for widget in (title, self._words, self._text, buttons):
            layout.addWidget(widget)

    def save(self, path: Path) -> None:
        try:
            path.write_text(self._text.toPlainText(), encoding="utf-8")
        except OSError as error:
            self._words.setText(f"{path} could not be written ({error.strerror}); choose another place.")

    def _ask_where(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save report", "groundwork-report.txt", "Text (*.txt)")
        if name:
            self.save(Path(name))
