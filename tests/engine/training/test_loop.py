"""The loop ends where it must, wherever it was stopped."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
import torch

from engine.domain.errors import OutOfMemory, TrainingFailed
from engine.domain.training import RunState
from engine.store.run_log import held
from engine.training import checkpoints
from engine.training.crew import Crew
from engine.training.loop import Loop
from engine.training.run_folder import RunFolder
from tests.engine.training.toy import PLAN, ToyBatch, ToyCourse, digest, train

ROOT = Path(__file__).parents[3]


Runs = Callable[[Path], int]


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    """Starts a run in a process of its own and tells its number."""
    command = [sys.executable, "-m", "tests.engine.training.toy"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        asking, answers = server.stdin, server.stdout

        def start(path: Path) -> int:
            asking.write(f"{path}\n")
            asking.flush()
            return int(answers.readline())

        yield start
        asking.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The weights of a run that nothing disturbed."""
    return _finish(tmp_path_factory.mktemp("whole"))


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    train(tmp_path)
    losses = [event.loss for event in RunFolder(tmp_path).events() if event.kind == "update"]
    assert sum(losses[-3:]) < 0.8 * sum(losses[:3])


def test_paused_runs_go_on_to_the_same_weights(tmp_path: Path, whole: str) -> None:
    folder = RunFolder(tmp_path)
    for stop_after in (3, 9, 13):
        course = ToyCourse()
        course.seen = -stop_after
        _pausing(course, folder)
        assert train(tmp_path, course=course) is RunState.PAUSED
        folder.ask("")
    course = ToyCourse()
    assert train(tmp_path, course=course) is RunState.FINISHED
    assert digest(course) == whole


@pytest.mark.parametrize("seed", range(3))
def test_killed_anywhere_it_ends_with_the_same_weights(tmp_path: Path, runs: Runs, whole: str, seed: int) -> None:
    generator = random.Random(seed)
    _kill(runs, tmp_path, lambda: time.sleep(generator.uniform(0.01, 0.25)))
    assert _finish(tmp_path) == whole


@pytest.mark.parametrize("seed", range(3))
def test_killed_inside_a_save_it_ends_with_the_same_weights(tmp_path: Path, runs: Runs, whole: str, seed: int) -> None:
    folder = tmp_path / "checkpoints"
    _kill(runs, tmp_path, lambda: _wait_for_save(folder, 2 + 4 * seed))
    assert _finish(tmp_path) == whole


@pytest.mark.soak
def test_fifty_kills_end_with_the_same_weights(tmp_path: Path, runs: Runs, whole: str) -> None:
    inside = 0
    for seed in range(50):
        path, generator = tmp_path / str(seed), random.Random(seed)
        if seed < 30:
            _kill(runs, path, lambda generator=generator: time.sleep(generator.uniform(0.0, 0.4)))
        else:
            _kill(runs, path, lambda path=path, seed=seed: _wait_for_save(path / "checkpoints", seed - 29))
            inside += bool(list((path / "checkpoints").glob("*.part")))
        assert _finish(path) == whole
    assert inside >= 10


@pytest.mark.parametrize("name", ["weights.safetensors", "optimizer.safetensors", "state.json", "COMPLETE"])
@pytest.mark.parametrize("harm", ["truncate", "flip", "remove"])
def test_a_broken_file_falls_back_to_the_checkpoint_before(tmp_path: Path, whole: str, name: str, harm: str) -> None:
    course, folder = ToyCourse(), RunFolder(tmp_path)
    course.seen = -12
    _pausing(course, folder)
    train(tmp_path, course=course)
    folder.ask("")
    kept = sorted(path for path in folder.checkpoints.iterdir())
    assert len(kept) == 2
    _harm(kept[-1] / name, harm)
    assert not checkpoints.whole(kept[-1])
    course = ToyCourse()
    train(tmp_path, course=course)
    assert digest(course) == whole


def test_a_full_disk_is_told_and_training_goes_on(tmp_path: Path, whole: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, write = [], checkpoints.write

    def full(folder: Path, checkpoint: checkpoints.Checkpoint) -> Path:
        calls.append(folder)
        if 3 <= len(calls) <= 6:
            raise OSError(28, "No space left on device")
        return write(folder, checkpoint)

    monkeypatch.setattr(checkpoints, "write", full)
    course = ToyCourse()
    assert train(tmp_path, course=course) is RunState.FINISHED
    assert digest(course) == whole
    assert sum(event.kind == "unsaved" for event in RunFolder(tmp_path).events()) == 4


def test_a_save_that_fails_half_way_leaves_the_one_before(tmp_path: Path) -> None:
    checkpoint = checkpoints.Checkpoint({"weights": {"a": torch.ones(3)}}, {"n": 1})
    checkpoints.write(tmp_path, checkpoint)
    bad = checkpoints.Checkpoint({"weights": {"a": torch.zeros(3)}}, {"n": object()})
    with pytest.raises((OSError, TypeError)):
        checkpoints.write(tmp_path, bad)
    checkpoints.sweep(tmp_path)
    newest = checkpoints.newest(tmp_path)
    assert newest is not None
    assert torch.equal(newest.tensors["weights"]["a"], torch.ones(3))
    assert [path.name for path in tmp_path.iterdir()] == ["000001"]


def test_no_number_stops_at_the_last_good_weights(tmp_path: Path) -> None:
    course = ToyCourse()
    course.spoil_at = 9
    with pytest.raises(TrainingFailed, match="last good state"):
        train(tmp_path, course=course)
    assert all(torch.isfinite(parameter).all() for parameter in course.parameters().values())
    good = checkpoints.newest(tmp_path / "checkpoints")
    assert good is not None
    assert torch.equal(good.tensors["weights"]["model.layers.0.lora_A.weight"], course.second.weight)


def test_out_of_memory_halves_what_goes_through_at_once(tmp_path: Path) -> None:
    course = _Narrow(rows=2)
    assert train(tmp_path, course=course) is RunState.FINISHED
    events = RunFolder(tmp_path).events()
    assert [event.sentence for event in events if event.kind == "shrunk"] == []
    wide = msgspec.structs.replace(PLAN, room=256)
    assert train(tmp_path / "wide", wide, _Narrow(rows=4)) is RunState.FINISHED
    shrunk = [event for event in RunFolder(tmp_path / "wide").events() if event.kind == "shrunk"]
    assert "64 tokens at once" in shrunk[-1].sentence


def test_a_machine_too_small_for_one_sample_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(OutOfMemory, match="smaller plan"):
        train(tmp_path, course=_Narrow(rows=0))


def test_of_processes_that_go_in_step_none_halves_alone(tmp_path: Path) -> None:
    folder, crew = RunFolder(tmp_path), Crew()
    crew.in_step = True
    folder.hold()
    with pytest.raises(OutOfMemory, match="smaller plan"):
        Loop(_Narrow(rows=4), msgspec.structs.replace(PLAN, room=256), folder, crew=crew).run()
    folder.release()


def test_the_split_of_an_update_changes_its_gradient_by_rounding_only(tmp_path: Path) -> None:
    def steady() -> ToyCourse:
        course = ToyCourse()
        course.drop.p = 0.0
        return course

    one, two = steady(), steady()
    plan = msgspec.structs.replace(PLAN, stages=(msgspec.structs.replace(PLAN.stages[0], updates=4),))
    for course in (one, two):
        course.loss = _quiet(course)  # type: ignore[method-assign]
    train(tmp_path / "a", msgspec.structs.replace(plan, room=1024), one)
    train(tmp_path / "b", msgspec.structs.replace(plan, room=16), two)
    assert torch.allclose(one.first.weight, two.first.weight, atol=1e-6)


def test_two_processes_do_not_train_in_one_folder(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.hold()
    with pytest.raises(TrainingFailed, match="already training"):
        RunFolder(tmp_path).hold()
    folder.release()


def test_a_stage_of_its_own_order_for_every_epoch(tmp_path: Path) -> None:
    seen: list[list[int]] = []
    course = ToyCourse()
    data = course.data(PLAN.stages[0])
    batches = data.batches
    data.batches = lambda units, room: (seen.append(list(units)), batches(units, room))[1]  # type: ignore[method-assign]
    course.data = lambda stage: data  # type: ignore[method-assign]
    train(tmp_path, msgspec.structs.replace(PLAN, stages=PLAN.stages[:1]), course)
    flat = [unit for units in seen for unit in units]
    assert sorted(flat[:40]) == sorted(flat[40:]) == list(range(40))
    assert flat[:40] != flat[40:]


class _Narrow(ToyCourse):
    """Runs out of memory on more than `rows` rows at once."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows

    def loss(self, stage: object, batch: ToyBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        if self.rows != 2 and len(batch.x) > self.rows:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return super().loss(stage, batch)  # type: ignore[arg-type]


def _quiet(course: ToyCourse) -> Callable[..., tuple[torch.Tensor, dict[str, torch.Tensor]]]:
    def loss(stage: object, batch: ToyBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        total = ((course.second(torch.relu(course.first(batch.x))) - batch.y) ** 2).sum()
        return total, {}

    return loss


def _pausing(course: ToyCourse, folder: RunFolder) -> None:
    loss = course.loss

    def watched(stage: object, batch: ToyBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        if course.seen == 0:
            folder.ask("pause")
        return loss(stage, batch)  # type: ignore[arg-type]

    course.loss = watched  # type: ignore[method-assign]


def _harm(path: Path, harm: str) -> None:
    content = path.read_bytes()
    if harm == "remove":
        path.unlink()
    elif harm == "truncate":
        path.write_bytes(content[: len(content) // 2])
    else:
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])


def _finish(path: Path) -> str:
    course = ToyCourse()
    assert train(path, course=course) is RunState.FINISHED
    return digest(course)


def _kill(runs: Runs, path: Path, wait: Callable[[], None]) -> None:
    """Start the run, wait for its first checkpoint and then as asked, and kill it."""
    process = runs(path)
    while not list((path / "checkpoints").glob("0*")):
        time.sleep(0.001)
    wait()
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    while held(path):
        time.sleep(0.005)


def _wait_for_save(folder: Path, count: int) -> None:
    """Until the `count`-th save from now is under way."""
    seen: set[str] = set()
    ends = time.monotonic() + 20
    while len(seen) < count and time.monotonic() < ends:
        seen.update(path.name for path in folder.glob("*.part"))
