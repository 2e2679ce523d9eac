"""Corrections become conversations that say what was corrected, and nothing that was not."""

import json
from pathlib import Path

import msgspec
import pytest

from engine import grammar
from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.errors import ExchangeError
from engine.domain.geometry import Absent, Box, Geometry, Key, Segment, Track, WholeItem, box_iou
from engine.domain.media import Clock, MediaItem, MediaKind
from engine.domain.query import Query
from engine.exchange.training_set import (
    STAGES,
    Material,
    Options,
    from_conversations,
    held_out,
    to_conversations,
    training_set,
)

BY = Provenance(Origin.HUMAN, "", "2026-01-01T00:00:00Z")
CAR = Box(10.0, 20.0, 110.0, 80.0)
ALL = Options(wordings=99, held_out=0.0, replay=0.0)


def test_boxes_are_written_in_the_square_that_the_model_sees() -> None:
    answers = _answers(_picture(("car", CAR, Review.ACCEPTED)), "Where is the car?")
    (span,) = grammar.read(answers[0])
    (found,) = grammar.groundings([span], (200, 100), None, score=1.0)
    assert isinstance(found.geometry, Box)
    assert box_iou(found.geometry, CAR) > 0.98
    assert found.phrase == "car"


def test_boxes_of_one_phrase_are_one_answer() -> None:
    row = _picture(("dog", CAR, Review.MISSED), ("dog", Box(120.0, 0.0, 190.0, 90.0), Review.ADJUSTED))
    assert [len(grammar.read(answer)) for answer in _answers(row, "Where is the dog?")] == [2]


def test_what_was_not_reviewed_teaches_nothing() -> None:
    made = training_set([_picture(("car", CAR, Review.PREDICTED))], [], ALL)
    assert made.records == ()
    assert made.sheet.skipped == {"not reviewed": 1}


def test_rejections_and_absences_teach_what_is_not_there() -> None:
    row = _picture(("cat", CAR, Review.REJECTED), ("cow", Absent(), Review.MISSED))
    assert _answers(row, "Where is the cat?") == _answers(row, "Where is the cow?") == [grammar.ABSENT]


def test_a_rejected_double_of_something_there_is_no_absence() -> None:
    row = _picture(("car", CAR, Review.ACCEPTED), ("car", Box(0.0, 0.0, 9.0, 9.0), Review.REJECTED))
    assert grammar.ABSENT not in _answers(row, "Where is the car?")


def test_times_tracks_and_captions() -> None:
    item = MediaItem("v", "v.mp4", MediaKind.VIDEO, 200, 100, Clock(1, 100, 50, 1000))
    track = Track((Key(150, CAR), Key(550, CAR, outside=True)))
    row = Material(
        item,
        "/v.mp4",
        (
            _said("a", "v", "jump", Segment(250, 450), Review.ACCEPTED),
            _said("b", "v", "rocket", track, Review.MISSED),
            _said("c", "v", "A rocket starts.", WholeItem(), Review.MISSED),
        ),
    )
    assert _answers(row, "When does the jump appear?") == ["jump:{0.20,0.40}"]
    assert _answers(row, "When does the rocket appear?") == ["rocket:{0.10,0.50}"]
    assert _answers(row, "What happens in {0.20,0.40}?") == ["jump"]
    assert _answers(row, "Describe the video.") == ["A rocket starts."]


def test_a_track_says_where_its_thing_is_on_some_of_its_frames() -> None:
    item = MediaItem("v", "v.mp4", MediaKind.VIDEO, 200, 100, Clock(1, 100, 0, 1000))
    keys = tuple(Key(pts, Box(pts / 10, 0.0, pts / 10 + 50, 50.0)) for pts in range(0, 1000, 100))
    other = Track((Key(0, CAR), Key(1000, CAR, outside=True)))
    said = (
        _said("a", "v", "rocket", Track(keys), Review.MISSED),
        _said("b", "v", "rocket", other, Review.ACCEPTED),
        _said("c", "v", "kite", other, Review.PREDICTED),
    )
    made = training_set([Material(item, "/v.mp4", said)], [], ALL)
    frames = [one for one in made.records if one.frame is not None]
    assert sorted({one.frame for one in frames if one.frame is not None}) == [0, 200, 500, 800]
    assert all(one.media == {MediaKind.IMAGE: "/v.mp4"} and one.stage == "fine-grained" for one in frames)
    (answer,) = {one.turns[0].answer for one in frames if one.frame == 500}
    found = grammar.groundings(grammar.read(answer), (200, 100), None, score=1.0)
    places = [one.geometry for one in found]
    truths = (Box(50.0, 0.0, 100.0, 50.0), CAR)
    assert len(places) == 2
    for place, truth in zip(places, truths, strict=True):
        assert isinstance(place, Box)
        assert box_iou(place, truth) > 0.95
    assert made.sheet.media["image"] == len(frames)


def test_a_box_on_one_frame_of_a_clip_says_where_and_not_when() -> None:
    item = MediaItem("v", "v.mp4", MediaKind.VIDEO, 200, 100, Clock(1, 100, 0, 1000))
    one = Track((Key(400, CAR), Key(401, CAR, outside=True)))
    made = training_set([Material(item, "/v.mp4", (_said("a", "v", "kite", one, Review.ADJUSTED),))], [], ALL)
    assert {(record.frame, *record.media) for record in made.records} == {(400, MediaKind.IMAGE)}
    assert made.sheet.skipped == {}


def test_the_users_own_question_is_one_of_the_wordings() -> None:
    query = Query("q", "i", "Spot the motor for me", "")
    row = _picture(("car", CAR, Review.ACCEPTED))
    one = msgspec.structs.replace(row.annotations[0], query="q")
    asked = msgspec.structs.replace(row, annotations=(one,), queries=(query,))
    assert len(_answers(asked, "Spot the motor for me")) == 1


def test_a_label_names_what_has_no_phrase() -> None:
    row = _picture(("", CAR, Review.ACCEPTED))
    one = msgspec.structs.replace(row.annotations[0], label="l")
    made = training_set([msgspec.structs.replace(row, annotations=(one,))], [Label("l", "truck")], ALL)
    assert any("truck:[" in record.turns[0].answer for record in made.records)


def test_stages_are_the_papers() -> None:
    row = _picture(
        ("car", CAR, Review.ACCEPTED), ("dog", CAR, Review.ACCEPTED), ("A street.", WholeItem(), Review.MISSED)
    )
    made = training_set([row], [], ALL)
    by_stage = {stage: [record for record in made.records if record.stage == stage] for stage in STAGES}
    assert {record.turns[0].answer for record in by_stage["alignment"]} == {"A street.", "car, dog"}
    assert all(len(record.turns) == 1 for record in by_stage["fine-grained"])
    assert [len(record.turns) for record in by_stage["instruction"]] == [4]
    assert made.sheet.stages == {stage: len(records) for stage, records in by_stage.items()}


def test_held_out_media_are_never_learned_and_stay_held_out() -> None:
    rows = [_picture(("car", CAR, Review.ACCEPTED), item=str(number)) for number in range(60)]
    options = msgspec.structs.replace(ALL, held_out=0.2)
    few, many = (training_set(rows[:count], [], options) for count in (30, 60))
    assert 2 <= len(few.held_out) <= 12
    assert set(few.held_out) <= set(many.held_out)
    learned = {record.id.split("/")[0] for record in many.records}
    assert not learned & set(many.held_out)
    assert learned | set(many.held_out) == {row.item.id for row in rows}


def test_of_a_few_media_one_is_held_out() -> None:
    rows = [_picture(("car", CAR, Review.ACCEPTED), item=str(number)) for number in range(5)]
    assert len(held_out([row.item for row in rows], Options(held_out=1e-9))) == 1


def test_later_stages_replay_a_share_of_earlier_ones() -> None:
    rows = [
        _picture(("car", CAR, Review.ACCEPTED), ("A street.", WholeItem(), Review.MISSED), item=str(number))
        for number in range(50)
    ]
    made = training_set(rows, [], Options(held_out=0.0, replay=0.2))
    again = [record for record in made.records if "/again-fine-grained" in record.id]
    assert len(again) / made.sheet.stages["fine-grained"] == pytest.approx(0.2, abs=0.01)
    assert {record.stage for record in again} == {"fine-grained"}


def test_the_same_project_gives_the_same_digest() -> None:
    rows = [_picture(("car", CAR, Review.ACCEPTED), item=str(number)) for number in range(9)]
    one, two = (training_set(rows, [], Options()).sheet.digest for _ in range(2))
    assert one == two
    assert one != training_set(rows[:8], [], Options()).sheet.digest


def test_conversations_go_to_the_published_form_and_back(tmp_path: Path) -> None:
    made = training_set([_picture(("car", CAR, Review.ACCEPTED), ("dog", CAR, Review.ACCEPTED))], [], ALL)
    path = tmp_path / "set.json"
    path.write_text(json.dumps(list(to_conversations(made.records))))
    back = from_conversations(path, Path("/"), "fine-grained")
    assert [record.turns for record in back] == [record.turns for record in made.records]
    assert [record.media for record in back] == [record.media for record in made.records]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[1]",
        '[{"id": 1}]',
        '[{"conversations": []}]',
        '[{"conversations": [{"from": "gpt", "value": "x"}]}]',
        "[[",
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "set.json"
    path.write_text(text)
    with pytest.raises(ExchangeError, match=r"set\.json"):
        from_conversations(path, tmp_path, "alignment")


def _said(id_: str, item: str, phrase: str, geometry: Geometry, review: Review) -> Annotation:
    return Annotation(id_, item, phrase, geometry, review, BY)


def _picture(*said: tuple[str, Geometry, Review], item: str = "i") -> Material:
    annotations = tuple(_said(f"{item}{place}", item, *one) for place, one in enumerate(said))
    return Material(MediaItem(item, f"{item}.png", MediaKind.IMAGE, 200, 100), f"/{item}.png", annotations)


def _answers(row: Material, question: str) -> list[str]:
    made = training_set([row], [], ALL)
    return [
        turn.answer
        for record in made.records
        if record.stage != STAGES[2]
        for turn in record.turns
        if turn.question == question
    ]
