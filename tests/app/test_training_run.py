"""The window follows a run by its folder alone."""

from pathlib import Path

import msgspec
from pytestqt.qtbot import QtBot

from app.training_run import TrainingRun
from engine.domain.training import RunEvent, RunState, RunStatus
from engine.training.run_folder import RunFolder


def test_a_run_that_is_there_is_attached_to(qtbot: QtBot, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "20260101-000000")
    folder.hold()
    _step(folder, 1, 3.0)
    run = TrainingRun()
    run.attach(tmp_path)
    assert run.status.state is RunState.TRAINING
    _step(folder, 2, 2.0)
    with qtbot.waitSignal(run.changed):
        run.look()
    assert run.losses() == ([3.0, 2.0], [])
    folder.release()
    run.look()
    assert run.status.state is RunState.PAUSED
    run.close()


def test_wishes_reach_the_run(qtbot: QtBot, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "1")
    folder.path.mkdir(parents=True)
    _step(folder, 1, 3.0)
    run = TrainingRun()
    run.attach(tmp_path)
    run.wish("stop")
    assert folder.wish() == "stop"
    run.close()


def test_the_end_is_told_once(qtbot: QtBot, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "1")
    folder.hold()
    _step(folder, 1, 3.0)
    run = TrainingRun()
    told: list[object] = []
    run.ended.connect(told.append)
    run.attach(tmp_path)
    folder.add(RunEvent("ended", RunState.FINISHED, sentence="Done."))
    folder.release()
    run.look()
    run.look()
    assert [status.sentence for status in told] == ["Done."]  # type: ignore[attr-defined]
    run.close()


def test_a_run_that_begins_and_ends_between_two_looks_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "1")
    folder.path.mkdir(parents=True)
    folder.add(RunEvent("ended", RunState.FAILED, sentence="Before."))
    run = TrainingRun()
    told: list[RunStatus] = []
    run.ended.connect(told.append)
    run.attach(tmp_path)
    run.look()
    assert not told
    assert not run.lacked_memory
    for event in (RunEvent("began", RunState.ENCODING), RunEvent("refused", RunState.ENCODING, memory=9)):
        folder.add(event)
    folder.add(RunEvent("ended", RunState.FAILED, sentence="Too little."))
    run.look()
    run.look()
    assert [status.sentence for status in told] == ["Too little."]
    assert run.lacked_memory
    run.close()


def test_losses_after_a_checkpoint_that_was_gone_back_to_are_forgotten(tmp_path: Path, qtbot: QtBot) -> None:
    folder = RunFolder(tmp_path / "runs" / "1")
    folder.path.mkdir(parents=True)
    for update, loss in ((1, 3.0), (2, 2.0), (3, 1.0)):
        _step(folder, update, loss)
    folder.add(RunEvent("resumed", update=1))
    _step(folder, 2, 2.5)
    run = TrainingRun()
    run.attach(tmp_path)
    assert run.losses()[0] == [3.0, 2.5]
    run.close()


def test_a_torn_line_waits_for_its_end(tmp_path: Path, qtbot: QtBot) -> None:
    folder = RunFolder(tmp_path / "runs" / "1")
    folder.path.mkdir(parents=True)
    line = msgspec.json.encode(RunEvent("update", update=1, loss=3.0)) + b"\n"
    path = folder.path / "events.jsonl"
    path.write_bytes(line[:10])
    run = TrainingRun()
    run.attach(tmp_path)
    assert run.losses()[0] == []
    path.write_bytes(line)
    run.look()
    assert run.losses()[0] == [3.0]
    run.close()


def _step(folder: RunFolder, update: int, loss: float) -> None:
    folder.add(RunEvent("update", update=update, updates=9, stage="alignment", stages=3, loss=loss, seconds=1.0))
