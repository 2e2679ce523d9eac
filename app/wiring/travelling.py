"""The keys of undo and redo, and a line that says how far a large step is."""

from app.front import Front
from app.session import Session
from app.travelling import Travelling
from widgets.progress_line import ProgressLine


def connect_travelling(front: Front, session: Session) -> None:
    travelling, line = Travelling(session), ProgressLine("travelling", timed=True)
    front.window.statusBar().addWidget(line)
    travelling.moved.connect(line.show_progress)
    travelling.rested.connect(line.finish)
    line.stopped.connect(travelling.stop)
    front.window.closing.connect(travelling.close)
    front.board.bind({"edit.undo": travelling.undo, "edit.redo": travelling.redo})
