"""Pickles, configurations and indexes of a checkpoint to be converted."""

import io
import json
import pickle
import random
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from engine.domain.errors import ModelError
from engine.grounding.convert import convert
from engine.grounding.published_folder import locate
from tests.engine.grounding.network.hostile.payload import Payload
from tests.engine.grounding.network.hostile.refusal import refused

GOLDEN = Path(__file__).parents[5] / "tests" / "golden" / "parity" / "set_A"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    shutil.copytree(GOLDEN / "checkpoint", tmp_path / "source")
    shutil.copytree(GOLDEN / "clip_vision_tower", tmp_path / "clip")
    told = json.loads((GOLDEN / "arch.json").read_text())
    # The language model is described by config.json alone, as in a published checkpoint.
    (tmp_path / "arch.json").write_text(json.dumps({part: told[part] for part in told if part != "llama"}))
    return tmp_path / "source"


def _convert(source: Path) -> object:
    return convert(source, source.parent / "clip", source.parent / "model", ["bf16"])


def _only(source: Path, data: bytes) -> None:
    for path in (*source.glob("*.safetensors"), *source.glob("*.index.json")):
        path.unlink()
    (source / "pytorch_model.bin").write_bytes(data)


def _saved(value: object, *, zipped: bool = True) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def _swapped(saved: bytes, name: str, data: bytes) -> bytes:
    """The same archive with another content of one member."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved)) as old, zipfile.ZipFile(buffer, "w") as new:
        for row in old.infolist():
            new.writestr(row, data if row.filename.endswith(name) else old.read(row))
    return buffer.getvalue()


def _global(canary: Path) -> bytes:
    return f"cos\nsystem\n(S'touch {canary}'\ntR.".encode()


PICKLES: dict[str, Callable[[Path], bytes]] = {
    "a call in a table": lambda canary: _saved({"a": Payload(canary)}),
    "a call alone": lambda canary: _saved(Payload(canary)),
    "a call in the old format": lambda canary: _saved({"a": Payload(canary)}, zipped=False),
    "a bare pickle": lambda canary: pickle.dumps(Payload(canary)),
    "a protocol 0 pickle": _global,
    "an archive whose table is a payload": lambda canary: _swapped(
        _saved({"a": torch.ones(2)}), "data.pkl", _global(canary)
    ),
    "a tensor table in the old format": lambda _: _saved({"a": torch.ones(2)}, zipped=False),
    "no archive": lambda _: b"PK\x03\x04" + bytes(100),
    "an empty file": lambda _: b"",
    "a list": lambda _: _saved([torch.ones(2)]),
    "a text for a tensor": lambda _: _saved({"a": "weights"}),
    "a table of contents of 20 MB": lambda _: _swapped(_saved({"a": torch.ones(2)}), "data.pkl", bytes(20 << 20)),
    "an archive of other tensors": lambda _: _saved({"a": torch.ones(2)}),
}


@pytest.mark.parametrize("kind", PICKLES)
def test_pickles_are_refused_in_the_conversion(source: Path, tmp_path: Path, kind: str) -> None:
    _only(source, PICKLES[kind](tmp_path / "canary"))
    refused(lambda: _convert(source))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_table_of_contents_with_changed_bytes_is_read_or_refused(tmp_path: Path) -> None:
    saved, drawn = _saved({"a": torch.ones(3, 4), "b": torch.zeros(5, dtype=torch.bfloat16)}), random.Random(1)
    with zipfile.ZipFile(io.BytesIO(saved)) as archive:
        table = archive.read(next(name for name in archive.namelist() if name.endswith(".pkl")))
    for _ in range(150):
        changed = bytearray(table)
        for _ in range(drawn.choice([1, 2, 4])):
            changed[drawn.randrange(len(changed))] = drawn.randrange(256)
        (tmp_path / "pytorch_model.bin").write_bytes(_swapped(saved, ".pkl", bytes(changed)))
        with suppress(ModelError):
            locate(tmp_path, archives=True)


def _config(source: Path, **values: object) -> None:
    path = source / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


CONFIGS: dict[str, dict[str, object]] = {
    "auto_map": {"auto_map": {"AutoModel": "evil.Evil"}},
    "trust_remote_code": {"trust_remote_code": True},
    "_attn_implementation_internal": {"_attn_implementation_internal": "hub/evil"},
    "_attn_implementation": {"_attn_implementation": "hub/evil"},
    "_attn_implementation_autoset": {"_attn_implementation_autoset": "hub/evil"},
    "custom_pipelines": {"custom_pipelines": {"evil": {"impl": "evil.Evil"}}},
    "nested auto_map": {"text_config": {"auto_map": {"AutoModel": "evil.Evil"}}},
    "a width of 10^18": {"hidden_size": 10**18},
    "a negative width": {"hidden_size": -64},
    "10^9 layers": {"num_hidden_layers": 10**9},
    "no heads": {"num_attention_heads": 0},
    "a text for a number": {"intermediate_size": "144; import os"},
    "a list for a number": {"num_hidden_layers": [3]},
    "an infinite epsilon": {"rms_norm_eps": 1e308},
    "scaled positions": {"rope_scaling": {"type": "yarn", "factor": 4}},
    "another layer of the tower": {"mm_vision_select_layer": 10**9},
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_configurations_that_ask_for_code_or_the_absurd_arerefused(source: Path, kind: str) -> None:
    (source / "evil.py").write_text(f"open({str(source.parent / 'canary')!r}, 'w')")
    _config(source, **CONFIGS[kind])
    sentence = refused(lambda: _convert(source))
    if "code" in sentence:
        assert any(key in sentence for key in (*CONFIGS[kind], "auto_map"))
    assert not (source.parent / "model").exists()


def test_the_unchanged_checkpoint_is_notrefused(source: Path) -> None:
    _convert(source)


@pytest.mark.parametrize(
    "table",
    [
        {"weight_map": {"a": "../../evil.safetensors"}},
        {"weight_map": {"a": "/etc/passwd"}},
        {"weight_map": {"a": "evil.py"}},
        {"weight_map": ["a"]},
        {"weight_map": {"a": 7}},
        {},
    ],
)
def test_an_index_that_points_elsewhere_isrefused(source: Path, table: dict[str, object]) -> None:
    (source / "model.safetensors.index.json").write_text(json.dumps(table))
    refused(lambda: _convert(source))


@pytest.mark.parametrize("data", [b"", b"\x00" * 100, b"\n\xff\xff\xff\xff\x0f", b"[" * 100])
def test_a_damaged_tokenizer_isrefused(source: Path, data: bytes) -> None:
    (source / "tokenizer.model").write_bytes(data)
    refused(lambda: _convert(source))
