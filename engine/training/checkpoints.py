"""Checkpoints that a crash cannot half-write: a folder counts only when its COMPLETE file vouches for every byte.

A checkpoint is written beside its final name, each file and the folder are flushed to the disk, then it is renamed. The
newest complete one wins; broken or unfinished ones are passed over. Only safetensors and JSON: nothing that executes.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

COMPLETE = "COMPLETE"
_PART = ".part"
_KEEP = 2


class Checkpoint(msgspec.Struct):
    """Tensors by file ("weights", "optimizer"), each by name, and the rest of the state as plain values."""

    tensors: dict[str, dict[str, torch.Tensor]]
    state: dict[str, Any]


def write(folder: Path, checkpoint: Checkpoint) -> Path:
    """Save as the newest checkpoint under `folder`, keep the two newest. OSError when the disk will not take it."""
    folder.mkdir(parents=True, exist_ok=True)
    serial = max((_serial(path) for path in _finished(folder)), default=0) + 1
    final = folder / f"{serial:06d}"
    part = folder / f"{serial:06d}{_PART}"
    shutil.rmtree(part, ignore_errors=True)
    try:
        _fill(part, checkpoint)
        part.rename(final)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise OSError(f"{folder}: {error}") from error
    flush_folder(folder)
    _prune(folder)
    return final


def newest(folder: Path) -> Checkpoint | None:
    """The newest checkpoint whose every file is as it was written, or None."""
    return next(candidates(folder), None)


def candidates(folder: Path) -> Iterator[Checkpoint]:
    """All whole checkpoints, newest first."""
    for path in sorted(_finished(folder), key=_serial, reverse=True):
        if whole(path):
            yield _read(path)


def whole(path: Path) -> bool:
    """Whether COMPLETE is there and every file still has the digest it names."""
    try:
        named = msgspec.json.decode((path / COMPLETE).read_bytes(), type=dict[str, str])
        return bool(named) and all(_digest(path / name) == digest for name, digest in named.items())
    except (OSError, msgspec.MsgspecError):
        return False


def sweep(folder: Path) -> None:
    """Remove what an interrupted save left behind."""
    for part in folder.glob(f"*{_PART}"):
        shutil.rmtree(part, ignore_errors=True)


def write_file(path: Path, fill: Callable[[Path], object]) -> None:
    """Have `fill` write a new file, flush it and put it in place of `path` in one step."""
    part = path.with_name(path.name + _PART)
    try:
        fill(part)
        flush(part)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def flush(path: Path) -> None:
    """Wait until the file's bytes lie on the disk."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def flush_folder(folder: Path) -> None:
    """Wait until the folder's entries lie on the disk, where the system can do that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _fill(part: Path, checkpoint: Checkpoint) -> None:
    part.mkdir(parents=True)
    for name, tensors in checkpoint.tensors.items():
        save_file({key: value.detach().contiguous() for key, value in tensors.items()}, part / f"{name}.safetensors")
    (part / "state.json").write_bytes(msgspec.json.encode(checkpoint.state))
    digests = {}
    for path in sorted(part.iterdir()):
        flush(path)
        digests[path.name] = _digest(path)
    (part / COMPLETE).write_bytes(msgspec.json.encode(digests))
    flush(part / COMPLETE)
    flush_folder(part)


def _read(path: Path) -> Checkpoint:
    state = msgspec.json.decode((path / "state.json").read_bytes())
    return Checkpoint({file.stem: load_file(file) for file in sorted(path.glob("*.safetensors"))}, state)


def _prune(folder: Path) -> None:
    for path in sorted(_finished(folder), key=_serial)[:-_KEEP]:
        shutil.rmtree(path, ignore_errors=True)


def _finished(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.isdigit()] if folder.is_dir() else []


def _serial(path: Path) -> int:
    return int(path.name)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
