"""From a run's adapter into use and back, with the engine's own program as the judge."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.front import Front
from app.grounder import Status
from app.places import Places
from app.session import Session
from app.training_run import TrainingRun
from app.wiring.training import Candidate, Room
from engine.domain.query import ModelRef
from engine.domain.training import REFUSED, AdapterRecord, RunState, RunStatus, Standing
from engine.messages import LoadModel, Ready
from engine.store.adapter_shelf import AdapterShelf
from engine.store.project_store import ProjectStore
from engine.training.adapter import write_adapter
from engine.training.plans import PLANS
from engine.training.preparation import prepared
from engine.training.run_folder import Event, RunFolder
from tests.engine.training import tiny

SMOKE = PLANS["smoke"]
JUDGED = 280_000
Button = QMessageBox.StandardButton


class Engine:
    """Remembers which adapters it was told to load."""

    def __init__(self) -> None:
        self.adapters: list[str] = []

    def load(self, wish: LoadModel) -> None:
        self.adapters.append(wish.adapter)


class Scene:
    """A project whose run kept `held_out` of its media back and left an adapter that changes nothing yet."""

    def __init__(self, folder: Path, front: Front, *, held_out: int) -> None:
        model = tiny.model_folder(folder / "model")
        front.preferences.change(model=str(model))
        project = tiny.project(folder / "project", pictures=12)
        self.session, self.engine, self.run = Session(), Engine(), TrainingRun(front)
        run = project / "runs" / "1"
        items = [f"p{number}" for number in range(held_out)]
        log = RunFolder(run)
        log.hold()
        log.begin(SMOKE, {"sheet": {"held_out": items}})
        log.add(Event("ended", RunState.FINISHED))
        log.release()
        network = prepared(model, SMOKE, tiny.CPU, None)
        record = AdapterRecord("one", "first", "one", str(model), "", "smoke", "", "2026-01-01T00:00:00+00:00")
        write_adapter(run / "adapter", network, SMOKE, record)
        self.store = ProjectStore.open(project)
        self.session.open(self.store)
        self.run.attach(project)
        self.candidate = Candidate(front, self.session, self.engine, self.run)  # type: ignore[arg-type]
        self.shelf = AdapterShelf(project)


@pytest.fixture
def front(qtbot: QtBot, tmp_path: Path) -> Iterator[Front]:
    places = Places(*(tmp_path / name for name in Places.__struct_fields__))
    made = Front(places)
    qtbot.addWidget(made.window)
    yield made
    made.guard.release()


def test_what_is_not_worse_is_used_and_can_be_taken_back(front: Front, qtbot: QtBot, tmp_path: Path) -> None:
    scene = Scene(tmp_path, front, held_out=12)
    _compared(scene, qtbot)
    record = scene.shelf.in_use()
    assert record is not None
    assert record.passes is True
    assert scene.candidate.pairs() == sorted((scene.run.folder / "pairs").glob("*.png"))  # type: ignore[operator]
    assert (scene.run.folder / "pairs").is_dir()  # type: ignore[operator]
    assert scene.engine.adapters == [str(scene.shelf.path(record))] == [front.preferences.value.adapter]
    scene.candidate.back()
    assert scene.shelf.in_use() is None
    assert scene.engine.adapters[-1] == front.preferences.value.adapter == ""
    assert scene.shelf.get("first").standing is Standing.CANDIDATE
    _closed(scene)


def test_too_few_questions_leave_the_choice_to_the_user(
    front: Front, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = iter((Button.No, Button.Yes))

    def answer(_parent: object, _title: str, text: str) -> Button:
        asked.append(text)
        return next(answers)

    monkeypatch.setattr(QMessageBox, "question", answer)
    scene = Scene(tmp_path, front, held_out=2)
    _compared(scene, qtbot)
    assert "4 questions on held-out media are too few to judge" in asked[0]
    assert scene.shelf.in_use() is None
    assert not scene.engine.adapters
    record = scene.shelf.get("first")
    scene.candidate._judged(scene.shelf, record.id)
    used = scene.shelf.in_use()
    assert used is not None
    assert used.id == record.id
    assert scene.engine.adapters == [str(scene.shelf.path(record))]
    _closed(scene)


class Loaded(QObject):
    """An engine with a model, that is closed and loaded."""

    def __init__(self) -> None:
        super().__init__()
        ref = ModelRef("Some")
        self.model: Ready | None = Ready("1", ref, "cpu", 1)
        self.deeds: list[str] = []

    @property
    def status(self) -> Status:
        return Status(model=self.model)

    def close(self, why: str) -> None:
        self.deeds.append(why)
        self.model = None

    def load(self, _wish: LoadModel) -> None:
        self.deeds.append("load")


@pytest.mark.parametrize("fits", [True, False], ids=["fits then", "does not even then"])
def test_where_memory_does_not_do_for_both_the_engine_rests_until_the_run_is_over(
    front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fits: bool
) -> None:
    log = RunFolder(tmp_path / "runs" / "1")
    log.path.mkdir(parents=True)
    log.add(Event("began", RunState.ENCODING))
    run, engine = TrainingRun(front), Loaded()
    run.attach(tmp_path)
    resumed: list[bool] = []
    monkeypatch.setattr(run, "resume", lambda: resumed.append(True))
    room = Room(front, engine, run)  # type: ignore[arg-type]
    over: list[RunStatus] = []
    room.over.connect(over.append)
    refusal = (Event(REFUSED, RunState.ENCODING), Event("ended", RunState.FAILED, sentence="Too little."))
    for event in refusal:
        log.add(event)
    run.look()
    assert resumed == [True]
    assert not over
    assert "too little memory for both" in engine.deeds[0]
    for event in (Event("ended", RunState.FINISHED, sentence="Done."),) if fits else refusal:
        log.add(event)
    run.look()
    assert [status.sentence for status in over] == ["Done." if fits else "Too little."]
    assert engine.deeds[1:] == ["load"]
    assert resumed == [True]
    run.close()


def _compared(scene: Scene, qtbot: QtBot) -> None:
    with qtbot.waitSignal(scene.candidate.judged, timeout=JUDGED):
        scene.candidate.compare()


def _closed(scene: Scene) -> None:
    scene.run.close()
    scene.store.close()
