from pathlib import Path

import pytest

from engine.domain.query import Grounding
from engine.evaluation.groundling import POSES, posed
from engine.evaluation.metrics import Outcome, values
from engine.media.probe import media_item


def test_truth_given_as_answer_meets_every_task(tmp_path, waves):
    asking = list(posed(3, 1, tmp_path))
    assert [one.task for one in asking] == list(POSES)
    for one in asking:
        if one.case.truths:
            found = tuple(Grounding("", truth, 1.0) for truth in one.case.truths)
            measured = values(one.case, Outcome(one.case.id, "", found))
            assert all(value == pytest.approx(1.0) for value in measured.values()), one.task


def test_times_are_those_of_the_written_file(tmp_path, waves):
    asking = {one.task: one for one in posed(4, 1, tmp_path)}
    for task in ("clip", "sound"):
        case = asking[task].case
        clock = media_item(Path(case.media[0]), tmp_path).clock
        assert case.clock == clock
        assert all(
            clock.start <= truth.start < truth.end <= clock.start + clock.duration * 1.01 for truth in case.truths
        )


def test_the_same_seed_asks_the_same_questions(tmp_path, waves):
    first, second = (
        [one.case.question for one in posed(8, 1, tmp_path / name)] for name in _made(tmp_path, ("one", "two"))
    )
    assert first == second


def _made(root, names):
    for name in names:
        (root / name).mkdir()
    return names
