import msgspec
import pytest

from engine import answers
from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.geometry import Absent, Box, Track
from engine.domain.query import Grounding, ModelRef, Prediction, Query
from engine.edits import Edit

ASKED = Query("Q", "I", "Where is the red kite?", "2026-01-01T00:00:00Z")
KITE, DOG = Box(10, 10, 50, 50), Box(60, 60, 90, 90)


def said(*boxes: Box | None, answer: str = "here", query: str = "Q") -> Prediction:
    groundings = tuple(Grounding("kite", box, 0.8) for box in boxes)
    return Prediction("P", query, "I", answer, groundings, ModelRef("m"), "2026-01-02T00:00:00Z")


def stored(id_: str, box: Box, review: Review, query: str = "Q") -> Annotation:
    signed = Provenance(Origin.MODEL, "m", "2026-01-01T00:00:00Z", "old")
    return Annotation(id_, "I", "kite", box, review, signed, query=query, score=0.5)


def created(edit: Edit) -> list[Annotation]:
    return [one.after for one in edit.changes if one.before is None and isinstance(one.after, Annotation)]


@pytest.mark.parametrize(
    ("question", "thing"),
    [
        ("Where is the red kite?", "red kite"),
        ("When does the dog bark?", "dog bark"),
        ("Find a cat", "cat"),
        ("Where can you hear a siren?", "siren"),
        ("Show me the boats.", "boats"),
        ("red kite", "red kite"),
        ("Where are animals?", "animals"),
        ("Find doors", "doors"),
        ("Find an island", "island"),
        ("?", "?"),
        ("  Where is\n the  red kite ?! ", "red kite"),
        ("Where is x" + " " * 300 + "y" + "?" * 300 + " " * 300 + "z", f"x y{'?' * 300} z"),
    ],
)
def test_the_subject_of_a_question(question: str, thing: str) -> None:
    assert answers.subject(question) == thing


def test_an_answer_is_one_step_with_question_evidence_and_predictions() -> None:
    edit = answers.answer_edit(ASKED, said(KITE, DOG), [], {}, new=True)
    assert [type(one.after).__name__ for one in edit.changes] == ["Query", "Prediction", "Annotation", "Annotation"]
    assert {one.review for one in created(edit)} == {Review.PREDICTED}
    assert {one.provenance.prediction for one in created(edit)} == {"P"}


def test_asking_again_replaces_only_what_waits_for_the_same_question() -> None:
    mine = stored("mine", DOG, Review.ADJUSTED)
    waits = stored("waits", DOG, Review.PREDICTED)
    foreign = stored("foreign", DOG, Review.PREDICTED, query="other")
    edit = answers.answer_edit(ASKED, said(KITE), [mine, waits, foreign], {}, new=False)
    assert [one.before for one in edit.changes if one.before] == [waits]
    assert [one.geometry for one in created(edit)] == [KITE]


def test_a_locked_prediction_stays() -> None:
    locked = msgspec.structs.replace(stored("a", DOG, Review.PREDICTED), locked=True)
    assert all(one.before is None for one in answers.answer_edit(ASKED, said(KITE), [locked], {}, new=False).changes)


def test_what_a_human_decided_is_not_asked_again() -> None:
    decided = [stored("a", KITE, Review.ACCEPTED), stored("b", DOG, Review.REJECTED)]
    assert created(answers.answer_edit(ASKED, said(KITE, DOG), decided, {}, new=False)) == []


def test_a_place_that_could_not_be_read_makes_no_annotation_and_keeps_the_numbers() -> None:
    edit = answers.answer_edit(ASKED, said(None, KITE), [], {}, new=True)
    prediction = said(None, KITE)
    assert list(answers.links(prediction, created(edit))) == [1]


def test_not_there_is_a_statement_to_review() -> None:
    [statement] = created(answers.answer_edit(ASKED, said(answer="The red kite is not there."), [], {}, new=True))
    assert (statement.geometry, statement.phrase) == (Absent(), "red kite")


def test_a_phrase_that_is_a_labels_name_gets_the_label() -> None:
    [one] = created(answers.answer_edit(ASKED, said(KITE), [], {"L": Label("L", "Kite")}, new=True))
    assert one.label == "L"


def test_a_box_found_on_one_frame_holds_for_that_frame() -> None:
    asked = msgspec.structs.replace(ASKED, frame=3000)
    [one] = created(answers.answer_edit(asked, said(KITE), [], {}, new=True))
    assert isinstance(one.geometry, Track)
    assert one.geometry.box_at(3000) == KITE
    assert one.geometry.box_at(3001) is None


def test_the_same_words_about_the_same_part_are_the_same_question() -> None:
    draft = msgspec.structs.replace(ASKED, id="new", at="2027-01-01T00:00:00Z")
    assert answers.question(draft, [ASKED]) == (ASKED, False)
    about = msgspec.structs.replace(draft, region=KITE)
    assert answers.question(about, [ASKED]) == (about, True)


def evidence(edit: Edit) -> Prediction:
    [found] = [one.after for one in edit.changes if isinstance(one.after, Prediction)]
    return found


@pytest.mark.parametrize("review", list(Review))
def test_what_another_question_found_is_noted_and_not_said_again(review: Review) -> None:
    there = stored("there", Box(10, 10, 50, 51), review, query="in other words")
    edit = answers.answer_edit(ASKED, said(KITE, DOG), [there], {}, new=True)
    assert [one.geometry for one in created(edit)] == [DOG]
    assert evidence(edit).same == {0: "there"}
    assert all(one.before is None for one in edit.changes)
    assert answers.links(evidence(edit), [there, *created(edit)]) == {0: "there", 1: created(edit)[0].id}


@pytest.mark.parametrize(
    ("box", "phrase"), [(Box(10, 10, 50, 55), "kite"), (KITE, "toy")], ids=["another place", "another thing"]
)
def test_what_only_resembles_it_is_said(box: Box, phrase: str) -> None:
    there = msgspec.structs.replace(stored("there", box, Review.ACCEPTED, query="other"), phrase=phrase)
    edit = answers.answer_edit(ASKED, said(KITE), [there], {}, new=True)
    assert [one.geometry for one in created(edit)] == [KITE]
    assert evidence(edit).same == {}


def test_the_same_label_is_the_same_thing_whatever_the_words() -> None:
    labels = {"L": Label("L", "kite")}
    there = msgspec.structs.replace(stored("there", KITE, Review.ACCEPTED, query="other"), phrase="toy", label="L")
    assert created(answers.answer_edit(ASKED, said(KITE), [there], labels, new=True)) == []


def test_an_answer_that_repeats_itself_says_it_once() -> None:
    edit = answers.answer_edit(ASKED, said(KITE, KITE), [], {}, new=True)
    [one] = created(edit)
    assert answers.links(evidence(edit), [one]) == {0: one.id, 1: one.id}


def test_that_something_is_not_there_is_said_once() -> None:
    gone = msgspec.structs.replace(stored("gone", KITE, Review.PREDICTED, query="other"), geometry=Absent())
    same = msgspec.structs.replace(gone, phrase="red kite")
    nothing = said(answer="The kite is not there.")
    assert created(answers.answer_edit(ASKED, nothing, [same], {}, new=True)) == []
    assert len(created(answers.answer_edit(ASKED, nothing, [gone], {}, new=True))) == 1


def test_a_link_to_what_was_removed_since_is_dead() -> None:
    there = stored("there", KITE, Review.ACCEPTED, query="other")
    edit = answers.answer_edit(ASKED, said(KITE), [there], {}, new=True)
    assert answers.links(evidence(edit), []) == {}
