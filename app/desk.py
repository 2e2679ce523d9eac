"""What the hands work with: the open project, the media that are played, and what drawing means."""

from collections.abc import Callable

from app.actions.board import ActionBoard
from app.drawing import Drawing
from app.filmstrip import Filmstrip
from app.jobs import Jobs
from app.player import Player
from app.session import Session
from app.small_copy import SmallCopies
from app.soundscape import Soundscape
from app.stills import Stills


class Desk:
    """The parts that canvas, timeline and player bar share. `close` lets the medium go."""

    def __init__(self, session: Session, board: ActionBoard, jobs: Jobs, listen: Callable[[], bool]) -> None:
        """`listen` says whether a predicted segment plays by itself when it comes up for review."""
        self.session, self.board, self.listen = session, board, listen
        self.stills = Stills(jobs)
        self.player = Player(jobs)
        self.strip = Filmstrip(jobs)
        self.sound = Soundscape()
        self.copies = SmallCopies()
        self.drawing = Drawing(session, lambda: self.player.seen, lambda: board.run("edit.relabel"))

    def close(self) -> None:
        self.player.prepare(None)
        self.player.close()
        self.copies.close()
        self.strip.open(None, None)
        self.sound.close()
        self.stills.show(None, 0)

    def open_words(self, annotation: str) -> None:
        """Let the user write what an annotation is."""
        self.session.select(annotation)
        self.board.run("edit.relabel")
