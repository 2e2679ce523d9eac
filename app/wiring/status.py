"""The status bar: what is under way, when the last edit was kept, what waits for review."""

from PySide6.QtCore import QDateTime

from app.main_window import MainWindow
from app.opening import Opening
from app.session import Session
from widgets.progress_line import ProgressLine


def connect_status(window: MainWindow, session: Session, opening: Opening) -> None:
    line = ProgressLine()
    window.statusBar().addWidget(line)
    opening.progressed.connect(line.show_progress)
    opening.finished.connect(line.finish)
    line.stopped.connect(opening.stop)
    saved = window.place_status("saved", "Last edit kept")

    def tell(*_: object) -> None:
        if session.store is None:
            saved.setText("")
        elif session.writable:
            saved.setText(f"saved {QDateTime.currentDateTime().toString('HH:mm:ss')}")
        else:
            saved.setText("read-only")

    session.edited.connect(tell)
    session.project_changed.connect(tell)
