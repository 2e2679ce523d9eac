"""Differences between model and human: listed in buckets, and walked through by key."""

from PySide6.QtCore import QObject

from app.comparing import Comparison, counts, ranked
from app.front import Front
from app.review import Gap
from app.session import Session
from widgets.progress_line import ProgressLine


class DifferenceWalk(QObject):
    """From difference to difference through the project, the least overlap first."""

    def __init__(self, front: Front, session: Session, comparison: Comparison) -> None:
        super().__init__(front)
        self._table, self._session, self._comparison = front.annotations, session, comparison
        self._wish = 0
        self._tells = False
        comparison.changed.connect(self._known)

    def compare(self) -> None:
        """List all differences of the project and say how many there are of each kind."""
        self._table.show_gap("any")
        self._tells = True
        self._soon()

    def go(self, step: int) -> None:
        self._wish = step
        self._soon()

    def _soon(self) -> None:
        if self._comparison.fresh:
            self._known()
        else:
            self._comparison.want()

    def _known(self) -> None:
        if not self._comparison.fresh:
            return
        step, self._wish = self._wish, 0
        tells, self._tells = self._tells, False
        tally = counts(self._comparison.found)
        words = ", ".join(f"{tally[gap.value]:,} × {gap.value}" for gap in Gap if tally[gap.value])
        if tells or (step and not tally["any"]):
            self._session.noted.emit(f"Where model and human differ in this project: {words or 'nowhere'}.")
        elif step:
            self._move(step)

    def _move(self, step: int) -> None:
        rows = ranked(self._comparison.found)
        chosen = self._session.selected.id if self._session.selected else ""
        here = next((at for at, (_, one) in enumerate(rows) if one.annotation == chosen), None)
        start = here if here is not None else -1 if step > 0 else 0
        item, one = rows[(start + step) % len(rows)]
        self._session.show_item(item)
        self._session.select(one.annotation)


def connect_comparing(front: Front, session: Session, comparison: Comparison) -> None:
    walk, line = DifferenceWalk(front, session, comparison), ProgressLine("comparing")
    front.window.statusBar().addWidget(line)
    comparison.moved.connect(line.show_progress)
    comparison.rested.connect(line.finish)
    line.stopped.connect(comparison.stop)
    front.board.bind(
        {
            "review.compare": walk.compare,
            "review.next_difference": lambda: walk.go(1),
            "review.previous_difference": lambda: walk.go(-1),
        }
    )
