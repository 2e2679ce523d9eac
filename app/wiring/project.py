"""Deeds on the whole project: the sample, backups, the layout, what the item before holds."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt, QTimer

from app.actions.board import ActionBoard
from app.front import Front
from app.jobs import Jobs
from app.late import late
from app.opening import Opening
from app.session import Session
from engine import edits
from engine.domain.annotation import Annotation, Provenance, Review
from engine.domain.geometry import Box, Geometry, WholeItem, clipped
from engine.domain.ids import new_id
from engine.domain.media import MediaItem
from engine.domain.project import AnnotationFilter, ItemFilter
from engine.edits import Edit

_MINUTE_MS = 60_000


def connect_project(board: ActionBoard, session: Session, opening: Opening, front: Front, jobs: Jobs) -> None:
    def backup() -> None:
        _back_up(session, jobs, lambda path: session.noted.emit(f"Backed up as {path.name}."))

    def copy() -> None:
        edit = _copied(session)
        if edit is None:
            session.told.emit("The item before has nothing verified that could be copied.")
        else:
            session.apply(edit)

    hourly = QTimer(front, interval=_MINUTE_MS)
    hourly.timeout.connect(lambda: _back_up(session, jobs) if session.store and session.store.backup_due else None)
    hourly.start()
    board.bind(
        {
            "project.sample": lambda: open_sample(front.places.data, opening, jobs, session),
            "project.backup": backup,
            "edit.copy_previous": copy,
            "go.search_annotations": lambda: front.annotations.search.setFocus(Qt.FocusReason.ShortcutFocusReason),
        }
    )


def open_sample(data: Path, opening: Opening, jobs: Jobs, session: Session) -> None:
    """Open the user's copy of the sample project, laid down when it is not there yet."""
    folder = data / "Sample"
    if (folder / "project.db").exists():
        opening.open_paths([folder])
        return
    jobs.run(
        lambda _report: late("engine.store.sample").lay_down(folder),
        done=lambda _: opening.open_paths([folder]),
        failed=lambda error: session.told.emit(str(error)),
    )


def _back_up(session: Session, jobs: Jobs, told: Callable[[Path], object] | None = None) -> None:
    """In a job, on a connection of its own; the window goes on."""
    store = session.store
    if store is None:
        return

    def work(_report: object) -> Path:
        reader = store.reader()
        try:
            return reader.backup()
        finally:
            reader.close()

    def done(path: Path) -> None:
        store.backup_made()
        if told is not None:
            told(path)

    jobs.run(work, done=done, failed=lambda error: session.told.emit(str(error)))


def _copied(session: Session) -> Edit | None:
    """The verified annotations of the item before, as new ones of the shown item to be looked at."""
    store, item = session.store, session.item
    if store is None or item is None:
        return None
    at = store.position(item.id, ItemFilter())
    before = store.items(ItemFilter(), at - 1, 1) if at else []
    if not before:
        return None
    held = store.annotations(AnnotationFilter(item=before[0].id))
    copies = list(_fitting((one for one in held if one.verified), item, session.provenance()))
    return edits.created(f"Copy {len(copies)} from {before[0].path}", copies) if copies else None


def _fitting(annotations: Iterable[Annotation], item: MediaItem, signed: Provenance) -> Iterable[Annotation]:
    for one in annotations:
        geometry: Geometry | None = one.geometry if isinstance(one.geometry, WholeItem) else None
        if isinstance(one.geometry, Box):
            geometry = clipped(one.geometry, item.width, item.height)
        if geometry is not None:
            yield msgspec.structs.replace(
                one,
                id=new_id(),
                item=item.id,
                geometry=geometry,
                review=Review.MISSED,
                provenance=msgspec.structs.replace(signed, revises=one.id),
                query=None,
                score=None,
            )
