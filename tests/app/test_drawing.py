from collections.abc import Iterator
from pathlib import Path

import pytest

from app.drawing import Drawing
from app.session import Session
from engine import edits
from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.geometry import Box, Key, Segment, Track
from engine.domain.media import Clock, MediaItem, MediaKind
from engine.store.project_store import ProjectStore

PICTURE = MediaItem("P", "kite.jpg", MediaKind.IMAGE, 640, 480)
CLIP = MediaItem("C", "run.mp4", MediaKind.VIDEO, 640, 480, Clock(1, 1000, 0, 9000), 270)
LABELS = [Label("l", "kite"), Label("m", "dog", key="7")]
SOURCE = Provenance(Origin.MODEL, "m", "2026-01-01T00:00:00Z")
NOW = 400


@pytest.fixture
def session(tmp_path: Path, qapp: object) -> Iterator[Session]:
    session = Session()
    session.open(ProjectStore.create(tmp_path / "p"))
    session.apply(edits.created("Add", [PICTURE, CLIP, *LABELS]))
    session.show_item("C")
    yield session
    session.close()


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def drawing(session: Session, asked: list[str]) -> Drawing:
    return Drawing(session, lambda: NOW, lambda: asked.append("words"))


def put(session: Session, geometry: Box | Segment | Track) -> str:
    one = Annotation("A", "C", "runner", geometry, Review.PREDICTED, SOURCE, score=0.5)
    session.apply(edits.created("Add", [one]))
    session.select("A")
    return "A"


def test_a_first_box_of_a_picture_is_drawn_and_its_words_asked_for(
    session: Session, drawing: Drawing, asked: list[str]
) -> None:
    session.show_item("P")
    drawing.draw(Box(1, 2, 30, 40))
    assert session.selected is not None
    assert (session.selected.geometry, session.selected.review) == (Box(1, 2, 30, 40), Review.MISSED)
    assert asked == ["words"]


def test_the_next_one_gets_the_words_of_the_last(session: Session, drawing: Drawing, asked: list[str]) -> None:
    put(session, Segment(0, 100))
    drawing.draw(Segment(200, 300))
    assert session.selected is not None
    assert session.selected.phrase == "runner"
    assert asked == []


def test_a_segment_drawn_in_a_lane_gets_its_label(session: Session, drawing: Drawing) -> None:
    drawing.draw(Segment(200, 300), "m")
    assert session.selected is not None
    assert (session.selected.label, session.selected.phrase) == ("m", "dog")


def test_a_box_drawn_on_a_clip_is_a_track_that_begins_now(session: Session, drawing: Drawing) -> None:
    drawing.draw(Box(1, 2, 30, 40))
    assert session.selected is not None
    assert session.selected.geometry == Track((Key(NOW, Box(1, 2, 30, 40)),))


def test_a_reshaped_track_gets_a_keyframe_now(session: Session, drawing: Drawing) -> None:
    id_ = put(session, Track((Key(0, Box(0, 0, 9, 9)),)))
    assert drawing.reshape_box(id_, Box(5, 5, 9, 9))
    assert session.selected is not None
    assert session.selected.geometry == Track((Key(0, Box(0, 0, 9, 9)), Key(NOW, Box(5, 5, 9, 9))))
    assert session.selected.review is Review.ADJUSTED


def test_a_shared_boundary_is_one_step_of_the_history(session: Session, drawing: Drawing) -> None:
    drawing.draw(Segment(0, 100), "l")
    drawing.draw(Segment(100, 300), "l")
    a, b = (one.id for one in session.annotations)
    assert drawing.reshape_segments([(a, Segment(0, 150)), (b, Segment(150, 300))])
    session.undo()
    assert [one.geometry for one in session.annotations] == [Segment(0, 100), Segment(100, 300)]


def test_a_thing_that_left_comes_back(session: Session, drawing: Drawing) -> None:
    put(session, Track((Key(0, Box(0, 0, 9, 9)),)))
    drawing.outside()
    track = session.selected.geometry if session.selected else None
    assert isinstance(track, Track)
    assert track.box_at(NOW) is None
    drawing.outside()
    track = session.selected.geometry if session.selected else None
    assert isinstance(track, Track)
    assert track.box_at(NOW) == Box(0, 0, 9, 9)


def test_keyframes_are_set_removed_and_walked(session: Session, drawing: Drawing) -> None:
    told: list[str] = []
    session.told.connect(told.append)
    put(session, Track((Key(0, Box(0, 0, 9, 9)), Key(800, Box(8, 8, 17, 17)))))
    assert (drawing.next_key(1), drawing.next_key(-1)) == (800, 0)
    drawing.set_key()
    geometry = session.selected.geometry if session.selected else None
    assert isinstance(geometry, Track)
    assert geometry.keys[1] == Key(NOW, Box(4, 4, 13, 13))
    drawing.remove_key()
    drawing.remove_key()
    assert len(told) == 1


def test_a_box_becomes_a_track(session: Session, drawing: Drawing) -> None:
    put(session, Box(1, 2, 3, 4))
    drawing.make_track()
    assert session.selected is not None
    assert session.selected.geometry == Track((Key(NOW, Box(1, 2, 3, 4)),))


def test_splitting_and_joining_go_back_to_the_start(session: Session, drawing: Drawing) -> None:
    id_ = put(session, Segment(0, 100))
    drawing.split(id_, 40)
    first, second = sorted(session.annotations, key=lambda one: one.geometry.start)
    assert (first.geometry, second.geometry) == (Segment(0, 40), Segment(40, 100))
    drawing.join(first.id, second.id)
    assert [one.geometry for one in session.annotations] == [Segment(0, 100)]


def test_what_cannot_be_done_is_told_in_a_sentence(session: Session, drawing: Drawing) -> None:
    told: list[str] = []
    session.told.connect(told.append)
    id_ = put(session, Segment(0, 100))
    drawing.split(id_, 500)
    drawing.set_key()
    assert len(told) == 2


@pytest.mark.parametrize(("number", "label"), [(1, "l"), (7, "m")])
def test_digits_give_labels_by_key_or_place(session: Session, drawing: Drawing, number: int, label: str) -> None:
    put(session, Segment(0, 100))
    drawing.give_label(number)
    assert session.selected is not None
    assert session.selected.label == label
