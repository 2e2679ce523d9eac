"""The media list shows the session's project and says which item to show."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QImage, QPixmap

from app.jobs import Jobs
from app.late import late
from app.search import item_filter, offers
from app.session import Session
from engine.domain.media import MediaItem
from engine.domain.project import ItemFilter
from engine.store.project_store import ProjectStore
from widgets.media_list import MediaList, NoMedia
from widgets.media_row import THUMBNAIL

_CALM_MS = 60


class StoredMedia:
    """The rows of an open project."""

    def __init__(self, store: ProjectStore) -> None:
        self._store = store

    def count(self, wanted: ItemFilter) -> int:
        return self._store.count_items(wanted)

    def page(self, wanted: ItemFilter, offset: int, limit: int) -> Sequence[MediaItem]:
        return self._store.items(wanted, offset, limit)

    def pending(self, items: Sequence[str]) -> dict[str, int]:
        return self._store.pending(items) if items else {}

    def position(self, id_: str, wanted: ItemFilter) -> int | None:
        return self._store.position(id_, wanted)


class Thumbnails(QObject):
    """Keeps one job at a time; what came into view last is made first, what scrolled away is dropped."""

    def __init__(self, panel: MediaList, session: Session, jobs: Jobs) -> None:
        super().__init__(panel)
        self._panel, self._session, self._jobs = panel, session, jobs
        self._waiting: list[tuple[MediaItem, Path]] = []
        self._busy = False
        panel.thumbnails_wanted.connect(self.want)

    def want(self, items: Sequence[MediaItem]) -> None:
        store = self._session.store
        if store is not None:
            self._waiting = ([(item, store.path_of(item)) for item in items] + self._waiting)[:400]
            self._go_on()

    def _go_on(self) -> None:
        if self._busy or not self._waiting:
            return
        batch, self._waiting = self._waiting[:8], self._waiting[8:]
        self._busy = True
        size, ratio = (THUMBNAIL.width(), THUMBNAIL.height()), self._panel.devicePixelRatioF()
        self._jobs.run(lambda report: late("app.thumbnails").thumbnails(batch, size, ratio, report), done=self._show)

    def _show(self, made: Sequence[tuple[str, QImage | str]]) -> None:
        self._busy = False
        self._panel.set_thumbnails(
            (id_, found if isinstance(found, str) else QPixmap.fromImage(found)) for id_, found in made
        )
        self._go_on()


def connect_media_list(panel: MediaList, session: Session, jobs: Jobs) -> None:
    """Selection both ways, rows of the project, thumbnails, progress after each edit."""
    Thumbnails(panel, session, jobs)
    calm = QTimer(panel, singleShot=True, interval=_CALM_MS)

    def refresh() -> None:
        panel.refresh()
        panel.show_current(session.item.id if session.item else None)

    calm.timeout.connect(refresh)
    session.edited.connect(lambda _: calm.start())
    session.project_changed.connect(
        lambda: panel.show_media(StoredMedia(session.store) if session.store else NoMedia())
    )
    session.item_changed.connect(lambda item: panel.show_current(item.id if item else None))
    panel.filter_changed.connect(lambda _: panel.show_current(session.item.id if session.item else None))
    panel.item_chosen.connect(session.show_item)
    panel.read_words(lambda words, chosen: item_filter(words, session.labels, chosen))
    session.labels_changed.connect(lambda labels: panel.search.offer(offers(labels.values())))
