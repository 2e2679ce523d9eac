from collections.abc import Iterator
from pathlib import Path

import pytest

from app.session import Session
from engine import edits
from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.geometry import Box
from engine.domain.media import MediaItem, MediaKind
from engine.store.project_store import ProjectStore

ITEM = MediaItem("I", "kite.jpg", MediaKind.IMAGE, 640, 480)
OTHER = MediaItem("J", "dog.jpg", MediaKind.IMAGE, 640, 480)
BOX = Annotation(
    "A",
    "I",
    "kite",
    Box(1, 2, 30, 40),
    Review.PREDICTED,
    Provenance(Origin.MODEL, "m", "2026-01-01T00:00:00Z"),
    score=0.7,
)


@pytest.fixture
def session(tmp_path: Path, qapp: object) -> Iterator[Session]:
    session = Session()
    session.open(ProjectStore.create(tmp_path / "p"))
    session.apply(edits.created("Add", [ITEM, OTHER, BOX]))
    session.show_item("I")
    yield session
    session.close()


def test_the_shown_item_brings_its_annotations(session: Session) -> None:
    assert session.item == ITEM
    assert session.annotations == (BOX,)
    session.show_item("J")
    assert session.annotations == ()


def test_an_edit_shows_at_once_and_undo_takes_it_back(session: Session) -> None:
    session.select("A")
    assert session.apply(edits.accept(BOX))
    assert session.annotations[0].review is Review.ACCEPTED
    assert session.selected is not None
    assert session.selected.review is Review.ACCEPTED
    session.undo()
    assert session.annotations == (BOX,)
    session.redo()
    assert session.annotations[0].review is Review.ACCEPTED


def test_a_stale_edit_is_told_in_a_sentence_and_changes_nothing(session: Session) -> None:
    told: list[str] = []
    session.told.connect(told.append)
    session.apply(edits.accept(BOX))
    assert not session.apply(edits.reject(BOX))
    assert len(told) == 1
    assert session.annotations[0].review is Review.ACCEPTED


def test_undo_shows_the_item_where_it_happened(session: Session) -> None:
    session.apply(edits.accept(BOX))
    session.show_item("J")
    session.undo()
    assert session.item == ITEM
    assert session.selected == BOX


def test_removing_the_shown_item_shows_nothing(session: Session) -> None:
    session.apply(edits.Edit("Remove", (edits.Change(BOX, None), edits.Change(ITEM, None))))
    assert session.item is None


def test_labels_follow_edits(session: Session) -> None:
    session.apply(edits.created("Label", [Label("L", "kite")]))
    assert session.labels == {"L": Label("L", "kite")}
    session.undo()
    assert session.labels == {}
