"""Manifests that ask for what is not theirs."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.grounding.checkpoint import load_model
from engine.grounding.manifest import FileEntry, read_manifest
from engine.grounding.trust import trusted
from tests.engine.grounding.network.hostile.payload import Payload
from tests.engine.grounding.network.hostile.refusal import refused
from tests.engine.grounding.network.hostile.test_checkpoints import CONFIGS, PICKLES
from tests.engine.grounding.network.hostile.test_gguf import GGUF
from tests.engine.grounding.network.hostile.test_safetensors import SAFETENSORS


def _in(*path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(table: dict[str, Any]) -> None:
        for step in path[:-1]:
            table = table[step]
        table[path[-1]] = value

    return change


MANIFESTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "an unknown key": _in("auto_map", value={"AutoModel": "evil.Evil"}),
    "an unknown key within": _in("architecture", "_attn_implementation", value="evil"),
    "another format": _in("format", value=2),
    "10^9 layers": _in("architecture", "llama", "num_hidden_layers", value=10**9),
    "more layers than the files have": _in("architecture", "llama", "num_hidden_layers", value=3),
    "a width of 2^40": _in("architecture", "eva", "hidden_size", value=1 << 40),
    "heads that do not divide": _in("architecture", "llama", "num_attention_heads", value=7),
    "a name with a path": _in("tokenizer", value="../tokenizer.model"),
    "a name with a null": _in("tokenizer", value="tokenizer\x00.model"),
    "a file without a hash": _in("tokenizer", value="other.model"),
    "a wrong size": _in("files", "tokenizer.model", "size", value=7),
    "a short hash": _in("files", "tokenizer.model", "sha256", value="00"),
    "an unknown precision": _in("languages", value=[{"backbone": "torch", "precision": "q1", "files": []}]),
    "an unknown backbone": _in("languages", value=[{"backbone": "evil", "precision": "bf16", "files": []}]),
    "an activation that is code": _in("architecture", "clip", "hidden_act", value="__import__"),
    "a negative window": _in("hearing", "windows", value=-1),
    "media tokens that are one": _in("architecture", "sound_ids", value={"patch": 200, "start": 201, "end": 202}),
    "pictures of another size": _in("seeing", "crop", value=20),
    "an unknown resampling": _in("seeing", "resample", value=99),
    "an edge of no colour": _in("seeing", "pad", value=[256, 0, 0]),
    "colours without deviation": _in("seeing", "deviation", value=[0, 1, 1]),
    "frames of another size": _in("watching", "side", value=32),
    "more frames than positions": _in("watching", "limit", value=8),
    "more windows than positions": _in("hearing", "windows", value=7),
    "other bins": _in("hearing", "bins", value=16),
    "other columns": _in("hearing", "frames", value=204),
    "media that are never shown": _in("prompt", "order", value=[]),
    "a medium shown twice": _in("prompt", "order", value=["audio", "video", "image", "image"]),
    "answers without an end": _in("prompt", "stop", value=""),
    "a guided head that is not there": _in("guided", value={"box": [[0, 6]]}),
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_manifests_with_unknown_or_absurd_entries_arerefused(folder: Path, kind: str) -> None:
    path = folder / "manifest.json"
    table = json.loads(path.read_text())
    MANIFESTS[kind](table)
    path.write_text(json.dumps(table))
    refused(lambda: load_model(folder))


def test_a_link_out_of_the_folder_isrefused(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.model"
    (folder / "tokenizer.model").rename(outside)
    (folder / "tokenizer.model").symlink_to(outside)
    refused(lambda: trusted(folder))


def test_another_content_than_the_hash_says_isrefused(folder: Path) -> None:
    manifest = read_manifest(folder)
    told = manifest.files["tokenizer.model"]
    files = {**manifest.files, "tokenizer.model": FileEntry(told.size, "0" * 64)}
    (folder / "manifest.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, files=files)))
    assert "damaged or was changed" in refused(lambda: trusted(folder))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "weights.pt", "model.pkl", "code.py", "../../evil.safetensors"])
def test_a_manifest_may_not_name_what_runs(folder: Path, tmp_path: Path, name: str) -> None:
    data = pickle.dumps(Payload(tmp_path / "canary"))
    if "/" not in name:
        (folder / name).write_bytes(data)
    table = json.loads((folder / "manifest.json").read_text())
    table["files"][name] = {"size": len(data), "sha256": "0" * 64}
    table["senses"] = [name]
    (folder / "manifest.json").write_text(json.dumps(table))
    assert "refused" in refused(lambda: load_model(folder))


def test_there_are_enough_hostile_files() -> None:
    assert len(SAFETENSORS) + len(GGUF) + len(PICKLES) + len(CONFIGS) + len(MANIFESTS) >= 100
