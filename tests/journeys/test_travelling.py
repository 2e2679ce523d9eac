"""A very large step is undone and redone by a program of its own; the window goes on, and other edits wait."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.application import Application
from engine import edits
from engine.domain.annotation import Annotation, Origin, Provenance, Review
from engine.domain.geometry import Box
from engine.store.project_store import ProjectStore
from widgets.progress_line import ProgressLine

Opened = Callable[..., Application]
SIGNED = Provenance(Origin.IMPORTED, "x.json", "2026-01-01T00:00:00Z")
BOXES = 3000


@pytest.fixture
def large(opened: Opened, folder: Path, qtbot: QtBot) -> Application:
    """A project whose newest step holds very many boxes."""
    application = opened(folder)
    session = application.session
    qtbot.waitUntil(lambda: session.store is not None and session.store.count_items() == 4, timeout=120_000)
    items = store_of(application).items()
    boxes = (
        Annotation(f"{at:05d}", items[at % 4].id, "kite", Box(1, 1, 9 + at % 40, 9), Review.ACCEPTED, SIGNED)
        for at in range(BOXES)
    )
    store_of(application).apply_changes("Import x.json", edits.created("Import x.json", boxes).changes)
    session.refresh()
    return application


def store_of(application: Application) -> ProjectStore:
    store = application.session.store
    assert store is not None
    return store


def rested(application: Application, qtbot: QtBot) -> None:
    line = application.window.findChild(ProgressLine, "travelling")
    assert line is not None
    qtbot.waitUntil(line.isHidden, timeout=120_000)


def test_a_large_step_goes_and_comes_back_while_other_edits_are_refused(large: Application, qtbot: QtBot) -> None:
    session, store = large.session, store_of(large)
    shown = session.annotations
    assert session.item is not None
    large.board.run("go.work")
    qtbot.keyClick(large.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    # The key came back before the step was undone, and nothing can be drawn meanwhile.
    assert store.count_annotations() == BOXES
    with qtbot.waitSignal(session.told) as told:
        session.apply(edits.draw(edits.missed(session.item.id, "dog", Box(1, 1, 5, 5), session.provenance())))
    assert "is being written by an undo or redo; try again when it is done." in told.args[0]
    rested(large, qtbot)
    assert (store.count_annotations(), session.annotations, session.writable) == (0, (), True)
    large.board.run("edit.redo")
    rested(large, qtbot)
    assert (store.count_annotations(), session.annotations) == (BOXES, shown)


def test_stopped_it_has_changed_nothing(large: Application, qtbot: QtBot) -> None:
    large.board.run("edit.undo")
    large.window.findChild(QPushButton, "travelling.stop").click()
    rested(large, qtbot)
    assert store_of(large).count_annotations() == BOXES
    assert large.session.writable


def test_so_many_are_listed_as_they_came_and_the_table_says_so(large: Application, qtbot: QtBot) -> None:
    scope = large.window.findChild(QComboBox, "annotations.scope")
    note = large.window.findChild(QLabel, "annotations.note")
    assert note.text() == ""
    scope.setCurrentIndex(1)
    qtbot.waitUntil(lambda: note.text().startswith("More than 2,000 stand in the order in which they came."))
    assert large.front.annotations.model.rowCount() == BOXES
