"""Several processes train as one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from typer.testing import CliRunner

from engine.cli import app
from engine.training import checkpoints
from engine.training.launching import Fleet, write_launch
from engine.training.run_folder import RunFolder
from tests.engine.training import toy_crew

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
    last = checkpoints.newest(two / "checkpoints")
    assert last is not None
    for name, parameter in alone.parameters().items():
        assert torch.allclose(last.tensors["weights"][name], parameter, atol=1e-5)


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
    told = CliRunner().invoke(app, ["train", "p", "--run", str(tmp_path / "r"), "--plan", "cpu", "--processes", "2"])
    start = Path(told.output.strip().replace("\n", ""))
    assert start.parent == tmp_path / "r" / "launch"
    assert f"train {Path('p').resolve()} --run {tmp_path / 'r'} --plan cpu" in start.read_text()


def _calm() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}
