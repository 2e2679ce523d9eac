"""The history panel follows the store."""

from PySide6.QtCore import QTimer

from app.session import Session
from widgets.history_list import HistoryList

_CALM_MS = 120


def connect_history_list(panel: HistoryList, session: Session) -> None:
    calm = QTimer(panel, singleShot=True, interval=_CALM_MS)

    def show() -> None:
        store = session.store
        panel.show_rows(store.history if store else lambda _limit, _before: ())

    calm.timeout.connect(show)
    session.edited.connect(lambda _: calm.start())
    session.project_changed.connect(calm.start)
