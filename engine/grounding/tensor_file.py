"""Safetensors files read and written one tensor at a time, so that memory holds one tensor and never the file.

A header is believed only after its own check: sizes, types and places must describe the file exactly.
"""

import json
import math
from collections.abc import Iterable, Mapping
from io import BufferedReader
from pathlib import Path

import numpy as np
import torch
from msgspec import Struct
from numpy.typing import NDArray
from torch import Tensor

from engine.domain.errors import ModelError

TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
NAMES = {kind: name for name, kind in TYPES.items()}

_LARGEST_HEADER = 32 << 20
_MOST_DIMENSIONS = 8


class Stored(Struct, frozen=True):
    """A tensor in a file: `start` and `end` are bytes from the file's beginning."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


def read_header(path: Path) -> dict[str, Stored]:
    """The tensors of a safetensors file by name; a ModelError where the header does not describe the file."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(size - 8, _LARGEST_HEADER):
                raise refused(path, "its header is longer than the file")
            header = json.loads(file.read(length))
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read; install the model again.") from error
    except (ValueError, RecursionError) as error:
        raise refused(path, "its header is not readable") from error
    if not isinstance(header, dict):
        raise refused(path, "its header is not a table")
    header.pop("__metadata__", None)
    tensors = {name: _stored(path, row, 8 + length, size) for name, row in header.items()}
    _check_places(path, tensors.values(), 8 + length, size)
    return tensors


def read_tensor(file: BufferedReader, stored: Stored) -> Tensor:
    """The tensor at its place of an open file."""
    data = bytearray(stored.end - stored.start)
    file.seek(stored.start)
    if file.readinto(data) != len(data):
        raise ModelError("A model file ends too early; install the model again.")
    flat = torch.frombuffer(data, dtype=TYPES[stored.dtype]) if data else torch.empty(0, dtype=TYPES[stored.dtype])
    return flat.reshape(stored.shape)


def header_bytes(tensors: Mapping[str, tuple[str, tuple[int, ...]]]) -> bytes:
    """The header of a file with those types and shapes, in that order; the data follow back to back."""
    rows, place = {}, 0
    for name, (dtype, shape) in tensors.items():
        end = place + math.prod(shape) * TYPES[dtype].itemsize
        rows[name] = {"dtype": dtype, "shape": shape, "data_offsets": (place, end)}
        place = end
    text = json.dumps({"__metadata__": {"format": "pt"}, **rows}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def tensor_bytes(tensor: Tensor) -> NDArray[np.uint8]:
    """A tensor's bytes in order, without a copy where it is contiguous."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()


def refused(path: Path, reason: str) -> ModelError:
    return ModelError(f"{path.name} is refused because {reason}; install the model again from a source you trust.")


def _stored(path: Path, row: object, begin: int, size: int) -> Stored:
    match row:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(start), int(end)], **rest} if not rest:
            pass
        case _:
            raise refused(path, "a tensor of it is not described as it should be")
    if dtype not in TYPES:
        raise refused(path, f"it holds numbers of the unknown type {dtype[:16]!r}")
    if len(shape) > _MOST_DIMENSIONS or not all(type(edge) is int and 0 <= edge <= size for edge in shape):
        raise refused(path, "a tensor of it has an impossible shape")
    if not 0 <= start <= end <= size - begin or math.prod(shape) * TYPES[dtype].itemsize != end - start:
        raise refused(path, "a tensor of it does not fit its place")
    return Stored(dtype, tuple(shape), begin + start, begin + end)


def _check_places(path: Path, tensors: Iterable[Stored], begin: int, size: int) -> None:
    place = begin
    for tensor in sorted(tensors, key=lambda tensor: (tensor.start, tensor.end)):
        if tensor.start != place:
            raise refused(path, "its tensors overlap or leave gaps")
        place = tensor.end
    if place != size:
        raise refused(path, "it is longer or shorter than its tensors")
