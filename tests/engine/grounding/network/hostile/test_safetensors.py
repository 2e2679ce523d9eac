"""Mutated safetensors files."""

import json
import struct
from pathlib import Path

import msgspec
import pytest

from engine.grounding.checkpoint import load_model
from engine.grounding.manifest import entry, read_manifest
from engine.grounding.trust import trusted
from tests.engine.grounding.network.hostile.refusal import refused


def _safetensors(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def _row(shape: object = (2,), offsets: object = (0, 8), dtype: object = "F32", **more: object) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets, **more}


_EIGHT = bytes(8)
SAFETENSORS: dict[str, bytes] = {
    "empty": b"",
    "shorter than its length": b"\x01\x02",
    "header longer than the file": struct.pack("<Q", 1 << 20) + b"{}",
    "header of 2^63 bytes": struct.pack("<Q", 1 << 63) + b"{}",
    "header of 2^64-1 bytes": struct.pack("<Q", (1 << 64) - 1) + b"{}",
    "no JSON": _safetensors(b"\x80\x04\x95"),
    "a list": _safetensors([1, 2]),
    "deep nesting": _safetensors(b'{"a":' + b"[" * 100_000),
    "not UTF-8": _safetensors(b'{"\xff\xfe": 1}'),
    "a number for a tensor": _safetensors({"a": 7}),
    "unknown type": _safetensors({"a": _row(dtype="F128")}, _EIGHT),
    "type that is no text": _safetensors({"a": _row(dtype=4)}, _EIGHT),
    "no type": _safetensors({"a": {"shape": [2], "data_offsets": [0, 8]}}, _EIGHT),
    "further keys": _safetensors({"a": _row(code="import os")}, _EIGHT),
    "negative edge": _safetensors({"a": _row(shape=[-2])}, _EIGHT),
    "edge of 2^62": _safetensors({"a": _row(shape=[1 << 62, 4])}, _EIGHT),
    "edges whose product wraps": _safetensors({"a": _row(shape=[1 << 32, 1 << 32, 2])}, _EIGHT),
    "fractional edge": _safetensors({"a": _row(shape=[2.0])}, _EIGHT),
    "boolean edge": _safetensors({"a": _row(shape=[True, 2])}, _EIGHT),
    "nine edges": _safetensors({"a": _row(shape=[1] * 8 + [2])}, _EIGHT),
    "place beyond the end": _safetensors({"a": _row(shape=[2000], offsets=[0, 8000])}, _EIGHT),
    "place before the data": _safetensors({"a": _row(offsets=[-8, 0])}, _EIGHT),
    "place back to front": _safetensors({"a": _row(offsets=[8, 0])}, _EIGHT),
    "place of another size": _safetensors({"a": _row(shape=[3])}, _EIGHT),
    "overlap": _safetensors({"a": _row(), "b": _row(offsets=[4, 12])}, bytes(12)),
    "gap": _safetensors({"a": _row(), "b": _row(offsets=[16, 24])}, bytes(24)),
    "bytes after the last tensor": _safetensors({"a": _row()}, bytes(64)),
    "NaN for a place": _safetensors(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[NaN,8]}}', _EIGHT),
    "three places": _safetensors({"a": _row(offsets=[0, 4, 8])}, _EIGHT),
    "a tensor of no network": _safetensors({"evil": _row()}, _EIGHT),
}


def _swap(folder: Path, name: str, data: bytes) -> None:
    """Another content under a manifest that vouches for it."""
    manifest = read_manifest(folder)
    (folder / name).write_bytes(data)
    files = {**manifest.files, name: entry(folder / name)}
    (folder / "manifest.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, files=files)))


@pytest.mark.parametrize("kind", SAFETENSORS)
def test_mutated_safetensors_arerefused(folder: Path, kind: str) -> None:
    _swap(folder, "senses.safetensors", SAFETENSORS[kind])
    refused(lambda: load_model(folder))
    if kind != "a tensor of no network":
        refused(lambda: trusted(folder))
