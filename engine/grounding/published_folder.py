"""The files of a published checkpoint, looked at with suspicion: where each tensor lies, what the JSON files say.

Shards are safetensors or, for conversion alone, PyTorch archives read with `weights_only` on storages that are not
there, which yields types, shapes and places without a byte of data.
"""

import json
import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from msgspec import Struct
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from engine.domain.errors import ModelError
from engine.grounding.tensor_file import NAMES, Stored, read_header, refused

_LARGEST_JSON = 16 << 20
_LARGEST_PICKLE = 16 << 20
_SHARD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.(safetensors|bin)", re.ASCII)
# Keys by which a configuration asks for code to be loaded or run.
_CODE = re.compile(r"auto_map|trust_remote_code|_attn_implementation|custom_", re.IGNORECASE)
# What torch raises over an archive that is damaged or made up.
_BROKEN = (
    *(OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, AssertionError),
    *(ArithmeticError, MemoryError, ImportError, pickle.UnpicklingError, zipfile.BadZipFile),
)


class Located(Struct, frozen=True):
    """A tensor of a checkpoint and the file it lies in."""

    path: Path
    stored: Stored


def read_json(path: Path, *, optional: bool = False) -> dict[str, Any]:
    """A JSON table; refused when it is huge or asks for code to be run. An optional one may be missing."""
    if optional and not path.exists():
        return {}
    try:
        if path.stat().st_size > _LARGEST_JSON:
            raise refused(path, "it is far too large")
        table = json.loads(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path} cannot be read; choose the folder of a whole checkpoint.") from error
    except (ValueError, RecursionError) as error:
        raise refused(path, "it is no readable JSON") from error
    if not isinstance(table, dict):
        raise refused(path, "it is not a table")
    tables = [table, *(value for value in table.values() if isinstance(value, dict))]
    asked = next((key for part in tables for key in part if _CODE.search(key)), None)
    if asked is not None:
        raise refused(path, f"its entry “{asked[:40]}” asks for code to be run")
    return table


def locate(folder: Path, *, archives: bool = False) -> dict[str, Located]:
    """Every tensor of a checkpoint folder by name. PyTorch archives only where `archives`."""
    found: dict[str, Located] = {}
    for path in _shards(folder, archives=archives):
        table = read_header(path) if path.suffix == ".safetensors" else _read_archive(path)
        for name, stored in table.items():
            if name in found:
                raise refused(path, f"“{name[:60]}” is in two files")
            found[name] = Located(path, stored)
    return found


def _shards(folder: Path, *, archives: bool) -> list[Path]:
    for suffix in ("safetensors", "bin") if archives else ("safetensors",):
        index = next(iter(sorted(folder.glob(f"*.{suffix}.index.json"))), None)
        if index is not None:
            names = read_json(index).get("weight_map")
            if not isinstance(names, dict) or not all(_plain(name) for name in names.values()):
                raise refused(index, "it names files outside the folder")
            return [folder / name for name in sorted(set(names.values()))]
        shards = sorted(path for path in folder.glob(f"*.{suffix}") if path.name != "training_args.bin")
        if shards:
            return shards
    raise ModelError(f"{folder} holds no model weights; choose the folder of a whole checkpoint.")


def _plain(name: object) -> bool:
    return isinstance(name, str) and _SHARD.fullmatch(name) is not None


def _read_archive(path: Path) -> dict[str, Stored]:
    """Types, shapes and places of a PyTorch archive's tensors."""
    try:
        with zipfile.ZipFile(path) as archive:
            if any(row.filename.endswith(".pkl") and row.file_size > _LARGEST_PICKLE for row in archive.infolist()):
                raise refused(path, "its table of contents is far too large")
        with FakeTensorMode():
            table = torch.load(path, weights_only=True)
    except _BROKEN as error:
        raise refused(path, "it is no archive of tensors alone") from error
    if not isinstance(table, Mapping):
        raise refused(path, "it is no table of tensors")
    size = path.stat().st_size
    return {str(name): _archived(path, tensor, size) for name, tensor in table.items()}


def _archived(path: Path, tensor: object, size: int) -> Stored:
    if not isinstance(tensor, Tensor) or tensor.dtype not in NAMES or not tensor.is_contiguous():
        raise refused(path, "it holds something else than plain tensors")
    offset = getattr(tensor.untyped_storage(), "_checkpoint_offset", None)
    start = -1 if offset is None else offset + tensor.storage_offset() * tensor.dtype.itemsize
    end = start + tensor.numel() * tensor.dtype.itemsize
    if not 0 < start <= end <= size:
        raise refused(path, "a tensor of it lies outside the file")
    return Stored(NAMES[tensor.dtype], tuple(tensor.shape), start, end)
