"""Several processes train as one."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil
import pytest
import torch
import yaml
from safetensors.torch import load_file
from typer.testing import CliRunner

from engine.cli import app
from engine.domain.training import Lora, RunState
from engine.training import checkpoints
from engine.training.launching import Fleet, write_launch
from engine.training.plans import PLANS
from engine.training.run_folder import RunFolder
from tests.engine.training import tiny, toy_crew

ROOT = Path(__file__).parents[3]


def test_two_processes_take_the_steps_of_one(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    alone = toy_crew.train(one)
    write_launch(two, Fleet(2, cards=False), [])
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(two / "launch/machine-0.yaml")]
    command += ["--num_cpu_threads_per_process", "1", "-m", "tests.engine.training.toy_crew", str(two)]
    subprocess.run(command, cwd=ROOT, env=_calm(), check=True, capture_output=True, timeout=300)
    assert [len(list(run.glob("process-*"))) for run in (one, two)] == [1, 2]
    losses = [[event.loss for event in RunFolder(run).events() if event.kind == "update"] for run in (one, two)]
    assert len(losses[0]) > 15
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    counted = [[event.samples for event in RunFolder(run).events() if event.kind == "update"] for run in (one, two)]
    assert counted[0] == counted[1]
    parts = [[event.parts for event in RunFolder(run).events() if event.kind == "update"] for run in (one, two)]
    assert any("heard" in row for row in parts[0])
    assert parts[1] == [pytest.approx(row, rel=1e-5) for row in parts[0]]
    last = checkpoints.newest(two / "checkpoints")
    assert last is not None
    for name, parameter in alone.parameters().items():
        assert torch.allclose(last.tensors["weights"][name], parameter, atol=1e-5)


@pytest.mark.timeout(900)
def test_a_base_shared_out_ends_with_the_adapter_of_a_whole_one_after_a_kill_too(tmp_path: Path) -> None:
    whole, shared = _launchers(tmp_path)
    subprocess.run(["sh", whole], cwd=ROOT, env=_calm(), check=True, capture_output=True)
    run = RunFolder(tmp_path / "shared")
    with _killed(["sh", str(shared)]):
        while not any((event.kind, event.stage_index, event.update) == ("update", 1, 2) for event in run.events()):
            time.sleep(0.02)
    assert run.status().state is RunState.PAUSED
    subprocess.run(["sh", shared], cwd=ROOT, env=_calm(), check=True, capture_output=True)
    events = run.events()
    assert "resumed" in {event.kind for event in events}
    layers = sum(parameter.nbytes for parameter in tiny.model().model.layers.parameters())
    # The most that one of the two holds, at each of the two starts.
    assert [event.memory for event in events if event.kind == "sharded"] == [layers / 2, layers / 2]
    for name in ("adapter_model.safetensors", "trained.safetensors"):
        one, two = (load_file(tmp_path / kind / "adapter" / name) for kind in ("whole", "shared"))
        assert one.keys() == two.keys()
        assert all(torch.equal(one[key], two[key]) for key in one)


def test_every_machine_is_told_who_it_is(tmp_path: Path) -> None:
    starts = write_launch(tmp_path, Fleet(16, 2, "10.0.0.1"), ["train", "a project", "--run", "r"])
    told = [yaml.safe_load((tmp_path / f"launch/machine-{n}.yaml").read_text()) for n in (0, 1)]
    assert [row["machine_rank"] for row in told] == [0, 1]
    assert {(row["num_processes"], row["num_machines"], row["main_process_ip"]) for row in told} == {
        (16, 2, "10.0.0.1")
    }
    assert all(os.access(start, os.X_OK) for start in starts)
    assert "-m engine train 'a project' --run r" in starts[1].read_text()


def test_the_command_writes_what_starts_several(tmp_path: Path) -> None:
    start = _written(["train", "p", "--run", str(tmp_path / "r"), "--plan", "cpu", "--processes", "2"])
    assert start.parent == tmp_path / "r" / "launch"
    assert f"train {Path('p').resolve()} --run {tmp_path / 'r'} --plan cpu" in start.read_text()


def _launchers(folder: Path) -> list[Path]:
    """What starts two processes on a run with the whole base in each, and on one that shares the base out.

    The second process has no unit of an update in the first stage, and fewer than the other in the second.
    """
    stages = [
        msgspec.structs.replace(stage, batch=batch)
        for stage, batch in zip(PLANS["smoke"].stages, (1, 17, 16), strict=True)
    ]
    plan = msgspec.structs.replace(PLANS["smoke"], stages=tuple(stages), lora=Lora(4, 8, 0.1), room=200)
    (folder / "plan.json").write_bytes(msgspec.json.encode(plan))
    model, project = tiny.model_folder(folder / "model"), tiny.project(folder / "project")
    words = ["train", str(project), "--plan", str(folder / "plan.json"), "--model", str(model), "--processes", "2"]
    return [
        _written([*words, "--run", str(folder / "whole")]),
        _written([*words, "--run", str(folder / "shared"), "--shard"]),
    ]


def _written(words: list[str]) -> Path:
    return Path(CliRunner().invoke(app, words).output.strip().replace("\n", ""))


@contextmanager
def _killed(command: list[str]) -> Iterator[None]:
    """Started before and killed after, with all that it started."""
    with subprocess.Popen(command, cwd=ROOT, env=_calm(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as one:
        try:
            yield
        finally:
            processes = [*psutil.Process(one.pid).children(recursive=True), psutil.Process(one.pid)]
            for process in processes:
                process.kill()
            psutil.wait_procs(processes)


def _calm() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "OMP_NUM_THREADS": "1", "PATH": path}
