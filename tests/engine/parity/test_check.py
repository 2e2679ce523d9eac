"""The engine against the recorded outputs of the published code, and the check against itself: faults must be seen."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.domain.errors import GroundworkError, ModelError
from engine.parity.check import check
from engine.parity.rows import Row

ROOT = Path(__file__).parents[3]
_ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
GOLDEN = ROOT / "tests" / "golden" / "parity" / "set_A"


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN, tmp_path / "set"))


def _failed(folder: Path) -> list[str]:
    return [row.name for row in check(folder) if not row.ok]


def _change_json(path: Path, change: Callable[[Any], None]) -> None:
    table = json.loads(path.read_text())
    change(table)
    path.write_text(json.dumps(table))


def _change_tensor(path: Path, name: str, by: float) -> None:
    tensors = load_file(path)
    tensors[name] = tensors[name] + by
    save_file(tensors, path)


def test_everything_recorded_is_reproduced() -> None:
    rows = list(check(GOLDEN))
    assert not [row for row in rows if not row.ok]
    stems = (
        "image.",
        "video.",
        "sound.",
        "enc.image",
        "enc.video",
        "enc.sound",
        "case.",
        "boxes.",
        "record.",
        "batch.",
    )
    for stem in (*stems, "frame indices", "stage1", "stage2"):
        assert [row for row in rows if row.name.startswith(stem)], stem
    assert len(rows) > 450


def test_no_limit_is_looser_than_the_description_of_the_golden_data() -> None:
    limits = {
        "enc.": 2e-4,
        ".inputs_embeds": 2e-4,
        ".logits": 1e-3,
        ".pixel_values": 1e-6,
        ".norm.": 1e-3,
        ".loss": 1e-3,
    }
    for row in check(GOLDEN):
        for part, limit in limits.items():
            assert part not in row.name or row.limit <= limit, row.name


def _wider_norm(told: dict[str, Any]) -> None:
    told["llama"]["rms_norm_eps"] = 3e-2


def _fewer_heads(told: dict[str, Any]) -> None:
    told["qformer"]["num_attention_heads"] = 2


def _other_ear_heads(told: dict[str, Any]) -> None:
    told["imagebind"]["audio_num_heads"] = 6


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (_wider_norm, "case.image.logits"),
        (_fewer_heads, "enc.video.qformer"),
        (_other_ear_heads, "enc.sound.projected"),
    ],
)
def test_sizes_and_epsilons_come_from_the_folder(folder: Path, change: Callable[[Any], None], seen: str) -> None:
    _change_json(folder / "arch.json", change)
    assert seen in _failed(folder)


@pytest.mark.parametrize(
    ("file", "name", "by", "seen"),
    [
        ("model", "enc.sound.audio_qformer", 3e-4, "enc.sound.audio_qformer"),
        ("model", "case.video.logits", 2e-3, "case.video.logits"),
        ("model", "case.video.inputs_embeds", 1e-5, "case.video.text_rows"),
        ("preprocess", "image.wide.png.pixel_values", 3e-6, "image.wide.png.pixel_values"),
        ("preprocess", "sound.mono16k.wav.clips", 2e-4, "sound.mono16k.wav.clips"),
        ("training", "batch.logits_at_supervised", 2e-3, "batch.logits"),
    ],
)
def test_an_error_just_above_a_limit_is_seen(folder: Path, file: str, name: str, by: float, seen: str) -> None:
    _change_tensor(folder / f"{file}.safetensors", name, by)
    assert _failed(folder)[0] == seen


def _prompt(told: dict[str, Any]) -> None:
    told["conversation"]["sep"] = "@@@"


def _greedy(told: dict[str, Any]) -> None:
    told["cases"]["sound"]["greedy_ids"][3] += 1


def test_another_prompt_or_answer_is_seen(folder: Path) -> None:
    _change_json(folder / "model.json", _greedy)
    assert _failed(folder) == ["case.sound.greedy_ids"]
    _change_json(folder / "model.json", _prompt)
    assert "case.text_only.prompt" in _failed(folder)


def test_training_faults_are_seen(folder: Path) -> None:
    def change(told: dict[str, Any]) -> None:
        told["encoded"][0]["labels"][40] = 7
        stage = told["stages"]["stage1_adapter_alignment"]
        stage["trainable"].append(stage["frozen"].pop())
        stage["loss_batch"] *= 1.002
        stage["grad_norms_batch"]["model.llama_proj.weight"] *= 0.998
        stage["embed_rows_with_grad_batch"].pop()

    _change_json(folder / "training.json", change)
    failed = _failed(folder)
    assert {"record.img-1.labels", "batch.labels", "stage1_adapter_alignment.loss"} <= set(failed)
    assert "stage1_adapter_alignment.norm.model.llama_proj.weight" in failed
    assert "stage1_adapter_alignment.trainable (alignment)" in failed
    assert "stage1_adapter_alignment.embed_rows" in failed


def test_a_feature_that_nothing_is_known_of_fails(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["enc.image.surprise"] = torch.zeros(3)
    save_file(tensors, path)
    assert _failed(folder) == ["enc.image.surprise"]


def test_what_is_recorded_and_no_row_speaks_of_fails(folder: Path) -> None:
    _change_json(folder / "model.json", lambda told: told["cases"].pop("image_tall"))
    _change_json(folder / "preprocess.json", lambda told: told["sounds"].pop("short16k.wav"))
    failed = _failed(folder)
    assert "case.image_tall.logits" in failed
    assert "sound.short16k.wav.clips" in failed
    assert all(name.startswith(("case.image_tall.", "sound.short16k.wav.")) for name in failed)


def test_golden_data_without_media_or_cases_fail(folder: Path) -> None:
    _change_json(folder / "model.json", lambda told: told.update(cases={}))
    _change_json(folder / "preprocess.json", lambda told: told.update(images={}, videos={}, sounds={}))
    recorded = [*load_file(folder / "preprocess.safetensors"), *load_file(folder / "model.safetensors")]
    assert set(_failed(folder)) == {name for name in recorded if not name.startswith(("enc.", "in."))}


@pytest.mark.parametrize(
    "lost",
    [
        *("media/wide.png", "media/mono16k.wav", "checkpoint/model-00002-of-00002.safetensors"),
        *("checkpoint/tokenizer.model", "model.json", "model.safetensors", "clip_vision_tower/model.safetensors"),
    ],
)
def test_a_missing_file_of_golden_data_is_told_as_such(folder: Path, lost: str) -> None:
    (folder / lost).unlink()
    with pytest.raises(ModelError) as caught:
        list(check(folder))
    assert "whole" in str(caught.value)
    assert Path(lost).parts[0] in str(caught.value)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "arch.json").write_text("{"),
        lambda folder: (folder / "model.json").unlink(),
        lambda folder: (folder / "media" / "wide.png").write_bytes(b"not a picture"),
        lambda folder: (folder / "media" / "clip_long.mp4").unlink(),
        lambda folder: (folder / "checkpoint" / "tokenizer.model").write_bytes(b"\x00" * 50),
        lambda folder: (folder / "checkpoint" / "model-00001-of-00002.safetensors").write_bytes(b"\xff" * 64),
        lambda folder: _change_json(folder / "arch.json", lambda told: told["llama"].update(hidden_size=-1)),
        lambda folder: _change_json(folder / "training.json", lambda told: told.update(records=7)),
    ],
)
def test_a_bad_folder_is_one_sentence(folder: Path, damage: Callable[[Path], Any]) -> None:
    damage(folder)
    with pytest.raises(GroundworkError) as caught:
        list(check(folder))
    assert "\n" not in str(caught.value)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "engine", "parity", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=_ENVIRONMENT)


def test_the_command_ends_with_status_0_only_if_all_rows_hold(folder: Path) -> None:
    good = _run(str(GOLDEN), "--json")
    report = json.loads(good.stdout)
    assert good.returncode == 0
    assert report["ok"]
    assert report["passed"] == len(report["rows"]) > 450
    assert {"name", "largest", "mean", "limit", "ok"} <= set(report["rows"][0])
    _change_tensor(folder / "model.safetensors", "enc.image.projected", 1.0)
    bad = _run(str(folder))
    assert bad.returncode == 2
    assert "FAIL" in bad.stdout
    assert bad.stderr.count("\n") == 1


def test_rows_say_what_differs() -> None:
    assert next(iter(check(GOLDEN))) == Row("image.wide.png.square_uint8", True, 0.0, 0.0, 0.0, "59643 numbers")
