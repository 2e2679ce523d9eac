import numpy as np
import pytest

from engine import grammar
from engine.domain.geometry import box_iou
from engine.synthesis import pictures, questions
from engine.synthesis.kinds import HELD_OUT, KNOWN
from engine.synthesis.pictures import World


def asked(seed: int):
    rng = np.random.default_rng(seed)
    _, scene = pictures.picture(rng, World(things=(3, 6), twins=0.6), 200)
    return scene, questions.of_picture(rng, scene, KNOWN, 12)


@pytest.mark.parametrize("seed", range(12))
def test_answers_read_back_as_the_truth(seed):
    scene, rows = asked(seed)
    for row in rows:
        found = grammar.groundings(grammar.read(row.answer), scene.size, None, score=1.0)
        assert len(found) == len(row.truth)
        for place, true in zip(found, row.truth, strict=True):
            assert box_iou(place.geometry, true) > 0.9


def test_every_task_is_asked_sooner_or_later():
    tasks = {row.task for seed in range(40) for row in asked(seed)[1]}
    assert tasks >= {*questions.TASKS, "colour"}


def test_what_is_not_there_is_really_not_there():
    for seed in range(30):
        scene, rows = asked(seed)
        for row in rows:
            if row.task == "absent":
                assert row.answer == grammar.ABSENT
                assert not questions.named(scene, row.phrase)


def test_questions_of_one_picture_differ():
    for seed in range(10):
        rows = asked(seed)[1]
        assert len({row.question for row in rows}) == len(rows)


def test_held_out_kinds_are_never_named():
    names = {kind.name for kind in HELD_OUT}
    words = {word.strip("?.,") for seed in range(60) for row in asked(seed)[1] for word in row.question.split()}
    assert not names & words


def followed(seed: int):
    rng = np.random.default_rng(seed)
    _, scene = pictures.picture(rng, World(things=(3, 6), twins=0.6), 200)
    for before in questions.of_picture(rng, scene, KNOWN, 12):
        after = questions.following(rng, scene, KNOWN, before)
        if after:
            yield scene, before, after


def test_what_follows_is_true_of_what_was_spoken_of():
    seen = set()
    for seed in range(40):
        for scene, before, after in followed(seed):
            seen.add(after.task)
            found = grammar.groundings(grammar.read(after.answer), scene.size, None, score=1.0)
            assert len(found) == len(after.truth)
            if after.task in ("it", "they"):
                assert before.answer not in ("no", "0")
                assert before.phrase == after.phrase
                assert all(box in {thing.box for thing in scene.things} for box in after.truth)
            elif after.task == "absent" and before.task in ("exists", "count"):
                assert before.answer in ("no", "0")
    assert seen >= {"it", "they", "name", "absent"}
