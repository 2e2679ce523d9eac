"""The exercise of unseen kinds: what is drawn, what is corrected, and that it goes on where it stopped."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from engine.domain.geometry import Absent, Box
from engine.domain.query import Grounding
from engine.evaluation import learning
from engine.evaluation.cases import Case
from engine.evaluation.curve import drawn, summed, table_of
from engine.evaluation.learning import Exercise, inputs, kinds_of, lay_down, unseen
from engine.evaluation.metrics import Outcome
from engine.messages import LoadModel
from engine.store.project_store import ProjectStore
from engine.synthesis.kinds import HELD_OUT
from engine.training.snapshot import material_of


def test_six_draws_share_no_kind() -> None:
    names = [kind.name for draw in range(6) for kind in kinds_of(draw)]
    assert sorted(names) == sorted(kind.name for kind in HELD_OUT)
    assert len(set(kinds_of(6))) == 5


def test_corrections_box_everything_and_deny_one_kind_that_is_not_there(tmp_path: Path) -> None:
    project = lay_down(tmp_path / "project", 1, 6)
    store = ProjectStore.open(project)
    rows = list(material_of(store))
    store.close()
    names = {kind.name for kind in kinds_of(1)}
    assert len(rows) == 6
    for row in rows:
        there = {one.phrase for one in row.annotations if isinstance(one.geometry, Box)}
        denied = {one.phrase for one in row.annotations if isinstance(one.geometry, Absent)}
        assert there
        assert there | denied <= names
        assert not there & denied
        assert len(denied) == (there != names)


def test_more_corrections_are_the_same_ones_and_more(tmp_path: Path) -> None:
    few, many = lay_down(tmp_path / "few", 0, 2), lay_down(tmp_path / "many", 0, 3)
    assert all((few / name).read_bytes() == (many / name).read_bytes() for name in ("000.png", "001.png"))


def test_nobody_corrects_the_pictures_that_are_asked_about(tmp_path: Path) -> None:
    project = lay_down(tmp_path / "project", 0, 4)
    cases = unseen(tmp_path / "unseen", 0, 4)
    corrected = {path.read_bytes() for path in project.glob("*.png")}
    assert len({Path(case.media[0]).read_bytes() for case in cases} | corrected) == 8
    assert all(case.kind == "box" and case.phrase in {kind.name for kind in kinds_of(0)} for case in cases)


@pytest.mark.parametrize(
    ("boxes", "cost"),
    [
        ([], 3),
        ([Box(0, 0, 10, 10)], 1),
        ([Box(0, 0, 10, 7)], 1),
        ([Box(2, 0, 10, 7)], 2),
        ([Box(2, 2, 8, 8)], 3),
        ([Box(50, 50, 60, 60)], 3),
        ([Box(0, 0, 10, 10), Box(50, 50, 60, 60)], 2),
    ],
    ids=["missed", "fits", "an edge off", "two edges off", "all edges off", "elsewhere", "one too many"],
)
def test_a_better_answer_costs_fewer_inputs(boxes: list[Box], cost: int) -> None:
    case = Case("c", "c", ("c.png",), "Where is it?", "it", (Box(0, 0, 10, 10),), (100, 100))
    assert inputs(case, _outcome("c", boxes)) == cost


def test_the_exercise_goes_on_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waves: None
) -> None:
    trained: list[str] = []

    def retrain(project: Path, run: Path) -> Path:
        trained.append(f"{len(list(project.glob('*.png')))}")
        if len(trained) == 2:
            raise KeyboardInterrupt
        return run / "adapter"

    def asked(cases: Sequence[Case], wish: LoadModel) -> dict[str, Outcome]:
        """Nothing before retraining, everything after it."""
        return {case.id: _outcome(case.id, case.truths if wish.adapter else ()) for case in cases}

    monkeypatch.setattr(learning, "asked", asked)
    exercise = Exercise(tmp_path, LoadModel("", ""), retrain, unseen=3, each=1)
    with pytest.raises(KeyboardInterrupt):
        list(learning.learning(exercise, [0], [2, 3]))
    rows = list(learning.learning(exercise, [0], [2, 3]))
    assert trained == ["2", "3", "3"]
    assert [row.corrected for row in rows] == [0, 2, 3]
    assert [row.new["acc@0.5"].value for row in rows] == [0, 1, 1]
    assert rows[0].fall.value == 0
    assert rows[1].fall.value < 0
    points = summed(rows)
    assert [point.new.mean for point in points] == [0, 1, 1]
    assert len(table_of(points).splitlines()) == 4
    assert ElementTree.fromstring(drawn(points)).tag.endswith("svg")


def _outcome(case: str, places: Sequence[object]) -> Outcome:
    return Outcome(case, "", tuple(Grounding("it", place, 1.0) for place in places))  # type: ignore[arg-type]
