"""Where everything behind the window is made and put together; nothing is decided here."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from app.asking import Asking
from app.comparing import Comparison
from app.desk import Desk
from app.front import Front
from app.grounder import Grounder
from app.jobs import Jobs
from app.mending import Mending
from app.opening import Opening
from app.prelabelling import Prelabelling
from app.propagating import Propagating
from app.session import Session
from app.wiring.annotation_table import connect_annotation_table
from app.wiring.checks import connect_checks
from app.wiring.comparing import connect_comparing
from app.wiring.desk import connect_panel, place_desk
from app.wiring.dialogs import connect_dialogs
from app.wiring.effort import connect_effort
from app.wiring.engine import connect_engine
from app.wiring.exchange import connect_exchange
from app.wiring.first_minutes import connect_first_minutes
from app.wiring.focus import connect_focus, settle
from app.wiring.history_list import connect_history_list
from app.wiring.media_list import connect_media_list
from app.wiring.mending import connect_mending
from app.wiring.models import connect_models
from app.wiring.prelabelling import LookAhead, connect_prelabelling
from app.wiring.project import connect_project, open_sample
from app.wiring.propagating import connect_propagating
from app.wiring.query_panel import connect_query_panel
from app.wiring.review import connect_review
from app.wiring.status import connect_status
from app.wiring.training import connect_training
from app.wiring.travelling import connect_travelling
from app.wiring.updates import connect_updates
from app.wiring.window import connect_facts, connect_moving, connect_opening
from app.wiring.words import asking_words, connect_words
from widgets.canvas.view import CanvasView
from widgets.history_list import HistoryList
from widgets.timeline.view import TimelineView


class Application(QObject):
    """One window on one project at a time. `open` shows what the user named, `close` ends all work behind it."""

    def __init__(self, front: Front, qt: QApplication, *, engine: Sequence[str] = ()) -> None:
        super().__init__(front)
        self.front, self.window, self.board, self.preferences = front, front.window, front.board, front.preferences
        self.session = Session()
        self.jobs = Jobs()
        self.jobs.bug.connect(front.guard.tell)
        self.opening = Opening(self.session, self.jobs, lambda: self.preferences.value.author)
        self.mending = Mending(self.session, self.opening, self.jobs)
        self.engine = Grounder(engine, parent=self)
        self.asking = Asking(self.session, self.engine, self.preferences)
        self.queue = Prelabelling(self.session, self.engine, self.asking)
        self.desk = Desk(self.session, self.board, self.jobs, lambda: self.preferences.value.listen)
        place_desk(self.desk, self.window, front.stage)
        self.history = HistoryList()
        right = Qt.DockWidgetArea.RightDockWidgetArea
        self.window.place("history", "History", self.history, right, tabbed="annotations", shown=False)
        self._connect(qt)
        connect_panel(front, self.session)
        self.window.closing.connect(self.close)

    def open(self, paths: Sequence[Path]) -> None:
        if self.preferences.trouble:
            self.front.notice.say(self.preferences.trouble)
        if paths:
            self.opening.open_paths(paths)
        else:
            open_sample(self.front.places.data, self.opening, self.jobs, self.session)

    def close(self) -> None:
        """End jobs, remember the layout, let the project go."""
        self.opening.stop()
        self.mending.stop()
        self.front.layouts.keep()
        self.engine.close()
        self.desk.close()
        self.jobs.close()
        self.session.close()
        self.front.guard.release()

    def _connect(self, qt: QApplication) -> None:
        front, session, board = self.front, self.session, self.board
        connect_updates(front)
        self.first_minutes = connect_first_minutes(front, connect_checks(front))
        connect_facts(board, session)
        connect_opening(board, self.window, self.opening, self.preferences)
        connect_moving(board, self.window, session, front.media)
        connect_dialogs(front)
        connect_media_list(front.media, session, self.jobs)
        comparison = Comparison(session, self.preferences, self.jobs)
        ask_words = asking_words(self.window, session)
        connect_words(board, self.window, session, ask_words)
        connect_annotation_table(front.annotations, session, self.preferences, comparison, ask_words)
        connect_comparing(front, session, comparison)
        connect_history_list(self.history, session)
        connect_travelling(front, session)
        connect_query_panel(front.questions, session, self.asking, board)
        connect_engine(front, session, self.engine)
        self.models = connect_models(front, self.engine)
        connect_training(front, session, self.engine)
        connect_mending(front, session, self.opening, self.mending)
        connect_project(board, session, self.opening, front, self.jobs)
        connect_prelabelling(front, session, self.queue)
        connect_propagating(front, Propagating(session, self.engine, self.jobs, lambda: self.desk.player.seen))
        LookAhead(front, session, self.engine, self.asking)
        connect_exchange(board, self.window, session, self.jobs)
        connect_status(self.window, session, self.opening)
        self.review = connect_review(board, session, self.preferences, self.asking)
        for view in (front.stage.findChild(CanvasView), self.window.findChild(TimelineView)):
            if view is not None:
                view.repaired.connect(self.review.repaired)
        connect_effort(qt, board, self.window, session, self.review)
        for source in (session.told, self.mending.told, self.preferences.told):
            source.connect(front.notice.say)
        self.opening.told.connect(partial(front.notice.say, lasting=True))
        session.noted.connect(partial(front.notice.say, calm=True))
        for step in (front.welcome.wanted, front.media.media_wanted):
            step.connect(lambda: board.run("project.open_folder"))
        session.item_changed.connect(lambda _: QTimer.singleShot(0, front.stage, lambda: settle(front.stage)))
        connect_focus(qt, board, self.window, front.stage)
