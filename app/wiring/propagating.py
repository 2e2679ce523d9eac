"""Following a box through its clip: the keys, and a line that says how far it is."""

from app.front import Front
from app.propagating import Propagating
from widgets.progress_line import ProgressLine


def connect_propagating(front: Front, following: Propagating) -> None:
    line = ProgressLine("propagating")
    front.window.statusBar().addWidget(line)
    following.moved.connect(line.show_progress)
    following.rested.connect(line.finish)
    line.stopped.connect(following.stop)
    front.board.bind(
        {
            "ask.propagate": lambda: following.start(back=False, on=True),
            "ask.propagate_back": lambda: following.start(back=True, on=False),
            "ask.propagate_both": lambda: following.start(back=True, on=True),
        }
    )
