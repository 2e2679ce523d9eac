"""The fixed questions lie ready beside their media, and all of them can be judged."""

from collections import Counter
from pathlib import Path

import msgspec

from engine.evaluation.asking import asked
from engine.evaluation.cases import read_cases
from engine.evaluation.metrics import values
from engine.evaluation.regression import EACH, TASKS, draw_regression, regression_cases
from engine.grounding.embedded import model_folder
from engine.messages import LoadModel
from engine.synthesis import wording


def test_places_times_and_refusals_are_asked_for() -> None:
    cases = regression_cases()
    assert len(cases) == EACH * len(TASKS)
    kinds = Counter(case.kind for case in cases)
    assert kinds["segment"] == 2 * EACH
    assert kinds["absent"] == EACH
    assert all(Path(medium).is_file() for case in cases for medium in case.media)


def test_what_is_drawn_can_be_read_from_any_place(tmp_path: Path, waves: None) -> None:
    drawn = draw_regression(tmp_path / "first", 1)
    (tmp_path / "first").rename(tmp_path / "moved")
    read = read_cases(tmp_path / "moved" / "questions.jsonl")
    assert [case.question for case in read] == [case.question for case in drawn]
    assert all(Path(medium).is_file() for case in read for medium in case.media)


def test_the_embedded_model_understands_what_only_a_conversation_explains() -> None:
    cases = [case for case in regression_cases() if case.before]
    outcomes = asked(cases, LoadModel("", str(model_folder("")), device="cpu"))
    right = [values(case, outcomes[case.id])["acc@0.5"] for case in cases]
    alone = [msgspec.structs.replace(case, before=()) for case in cases if case.question in wording.IT]
    lost = asked(alone, LoadModel("", str(model_folder("")), device="cpu"))
    assert len(right) == 2 * EACH
    assert sum(right) / len(right) >= 0.75
    assert alone
    assert sum(values(case, lost[case.id])["acc@0.5"] for case in alone) < len(alone)
