"""From a project to an adapter, by the command that the window starts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file

from engine.domain.errors import TrainingFailed
from engine.domain.training import HELD_OUT, RunState
from engine.grounding.adapter_folder import marker_ids, merge, read_record
from engine.grounding.checkpoint import load_model
from engine.grounding.loading import load
from engine.messages import LoadModel
from engine.trainer import Job, train
from engine.training.markers import embedded
from engine.training.plans import PLANS
from engine.training.preparation import prepared
from engine.training.run_folder import Event, RunFolder
from tests.engine.training import tiny

ROOT = Path(__file__).parents[2]
SMOKE = PLANS["smoke"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model_folder(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.project(tmp_path_factory.mktemp("media") / "project")


@pytest.fixture(scope="module")
def whole(model: Path, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing disturbed."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    assert train(Job(project, run, SMOKE, model)).state is RunState.FINISHED
    return run


def test_every_stage_takes_its_steps_and_leaves_an_adapter(whole: Path, model: Path) -> None:
    steps = [event for event in RunFolder(whole).events() if event.kind == "update"]
    assert [(event.stage, event.update) for event in steps] == [
        (stage.name, update) for stage in SMOKE.stages for update in (1, 2, 3, 4)
    ]
    record = read_record(whole / "adapter")
    assert record.plan == "smoke"
    assert record.samples > 20
    names = {path.name for path in (whole / "adapter").iterdir()}
    assert names == {
        "adapter.json",
        "adapter_config.json",
        "adapter_model.safetensors",
        "adapter.gguf",
        "trained.safetensors",
    }


def test_the_loss_on_held_out_media_is_told_beside_that_of_training(whole: Path) -> None:
    looks = [event for event in RunFolder(whole).events() if event.kind == HELD_OUT]
    assert [(event.stage_index, event.update) for event in looks] == [(n, k) for n in range(3) for k in (1, 2, 3, 4)]
    assert all(event.loss > 0 for event in looks)
    assert len({event.loss for event in looks}) > 3


def test_the_adapter_changes_what_the_model_answers(whole: Path, model: Path) -> None:
    plain, merged = load_model(model), load_model(model)
    merge(merged, whole / "adapter")
    changed = {
        name for name, tensor in merged.state_dict().items() if not torch.equal(tensor, plain.state_dict()[name])
    }
    assert any(name.startswith("model.layers.") for name in changed)
    assert any(name.startswith("model.mm_vision_projector.") for name in changed)
    assert not any(name.startswith(("vision_tower.", "model.visual_encoder.", "lm_head.")) for name in changed)


def test_media_markers_learn_alone_of_all_embeddings(whole: Path, model: Path) -> None:
    size = tiny.architecture()
    plain, merged = load_model(model), load_model(model)
    merge(merged, whole / "adapter")
    rows = load_file(whole / "adapter" / "trained.safetensors")["markers.rows"]
    before, after = plain.model.embed_tokens.weight, merged.model.embed_tokens.weight
    assert torch.equal(after[marker_ids(size)], rows)
    moved = (before != after).any(1).nonzero()[:, 0].tolist()
    # The project has pictures and a sound, and no clip.
    seen = [edge for kind in (size.image_ids, size.sound_ids) for edge in (kind.start, kind.end)]
    assert set(moved) == set(seen)


def test_media_markers_reach_the_model_that_answers(whole: Path, model: Path) -> None:
    loaded = load(LoadModel("", str(model), str(whole / "adapter"), backbone="torch"), model)
    rows = load_file(whole / "adapter" / "trained.safetensors")["markers.rows"]
    assert list(loaded.rows) == marker_ids(tiny.architecture())
    assert all(torch.equal(torch.from_numpy(row)[0], rows[at]) for at, row in enumerate(loaded.rows.values()))


def test_going_on_begins_with_the_markers_that_were_learned(whole: Path, model: Path) -> None:
    network = prepared(model, SMOKE, tiny.CPU, whole / "adapter")
    rows = load_file(whole / "adapter" / "trained.safetensors")["markers.rows"]
    ids = torch.tensor([marker_ids(tiny.architecture())])
    assert torch.equal(embedded(network, ids)[0], rows)
    words = torch.tensor([[5, 6, 7]])
    assert torch.equal(embedded(network, words), network.model.embed_tokens(words))


def test_the_held_out_media_are_written_down(whole: Path) -> None:
    sheet = RunFolder(whole).data()["sheet"]
    learned = {json.loads(line)["id"].split("/")[0] for line in (whole / "records.jsonl").read_text().splitlines()}
    assert sheet["held_out"]
    assert not learned & set(sheet["held_out"])


def test_the_command_resumes_after_a_kill_to_the_same_adapter(whole: Path, model: Path, project: Path) -> None:
    run = whole.parent / "killed"
    process = subprocess.Popen(_command(project, run, model), cwd=ROOT, stdout=subprocess.PIPE, env=_alone())
    assert process.stdout is not None
    for line in process.stdout:
        event = msgspec.json.decode(line, type=Event)
        if (event.kind, event.stage_index, event.update) == ("update", 1, 2):
            break
    process.kill()
    process.communicate()
    assert RunFolder(run).status().state is RunState.PAUSED
    again = subprocess.run(_command(project, run, model), cwd=ROOT, capture_output=True, env=_alone(), check=True)
    assert b'"resumed"' in again.stdout
    for name in ("adapter_model.safetensors", "trained.safetensors"):
        one, two = (load_file(path / "adapter" / name) for path in (whole, run))
        assert one.keys() == two.keys()
        assert all(torch.equal(one[key], two[key]) for key in one)


def test_an_adapter_is_gone_on_from(whole: Path, model: Path, project: Path) -> None:
    run = whole.parent / "further"
    train(Job(project, run, SMOKE, model, continues=whole / "adapter"))
    assert read_record(run / "adapter").continues == str(whole / "adapter")
    one, two = (load_file(path / "adapter" / "adapter_model.safetensors") for path in (whole, run))
    assert one.keys() == two.keys()
    far = sum(float((one[key] - two[key]).norm()) for key in one)
    assert 0 < far < sum(float(tensor.norm()) for tensor in one.values())


def test_a_project_without_corrections_is_told_so(tmp_path: Path, model: Path) -> None:
    empty = tiny.project(tmp_path / "empty", pictures=0)
    run = tmp_path / "run"
    store = tiny.ProjectStore.open(empty)
    while store.undo():
        pass
    store.close()
    command = _command(empty, run, model)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=_alone(), check=False)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith(f"“{empty}” has no verified annotations")
    assert "Traceback" not in done.stderr


def test_media_that_cannot_be_read_are_left_out_and_named(tmp_path: Path, model: Path) -> None:
    project = tiny.project(tmp_path / "project")
    (project / "p0.png").write_bytes(b"no picture")
    (project / "p1.png").write_bytes(b"no picture")
    train(Job(project, tmp_path / "run", SMOKE, model))
    told = [event.sentence for event in RunFolder(tmp_path / "run").events() if event.kind == "skipped"]
    assert any("p0.png" in sentence or "p1.png" in sentence for sentence in told)


def test_another_model_is_refused_for_a_run(whole: Path, model: Path, project: Path, tmp_path: Path) -> None:
    other = tiny.model_folder(tmp_path / "model", seed=1)
    run = tmp_path / "run"
    train(Job(project, run, SMOKE, other))
    tiny.model_folder(other, seed=2)
    with pytest.raises(TrainingFailed, match="not the one"):
        train(Job(project, run, SMOKE, other))


def _command(project: Path, run: Path, model: Path) -> list[str]:
    command = [sys.executable, "-m", "engine", "train", str(project), "--run", str(run)]
    return [*command, "--plan", "smoke", "--model", str(model), "--json"]


def _alone() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}
