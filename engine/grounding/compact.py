"""Weights of the language model at rest: plain, or packed as bitsandbytes packs them (NF4, int8).

Matrices of the layers are packed; embeddings, norms and the head stay bfloat16. Reading gives plain tensors back, so
that a backbone packs them again as its device wants. Packing unpacked NF4 once more changes nothing.
"""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor

from engine.grounding.tensor_file import Stored, read_header, read_tensor

PLAIN = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
PACKED = ("nf4", "int8")

_MATRIX = re.compile(r"model\.layers\.\d+\.(?:self_attn|mlp)\.\w+_proj\.weight")
_STATE = ".quant_state.bitsandbytes__nf4"
_NF4_PARTS = (".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map", _STATE)
_SCALES = ".SCB"


def packed(name: str, tensor: Tensor, precision: str) -> dict[str, Tensor]:
    """The tensors that stand for one weight in a file of that precision."""
    if precision in PLAIN:
        # A scalar costs nothing and sets the scale of all that follows.
        keep = not tensor.is_floating_point() or tensor.ndim == 0
        return {name: tensor if keep else tensor.to(PLAIN[precision])}
    if not _MATRIX.fullmatch(name):
        return {name: tensor.to(torch.bfloat16)}
    if precision == "int8":
        return _int8(name, tensor)
    parts: dict[str, Tensor] = _nf4().packed(name, tensor)
    return parts


class LanguageTensors(Mapping[str, Tensor]):
    """The plain weights of language files, each read when it is asked for."""

    def __init__(self, folder: Path, files: tuple[str, ...]) -> None:
        self._places: dict[str, tuple[Path, Stored]] = {}
        for file in files:
            path = folder / file
            self._places |= {name: (path, stored) for name, stored in read_header(path).items()}
        suffixes = (*_NF4_PARTS, _SCALES)
        self._names = [name for name in self._places if not name.endswith(suffixes)]

    def __getitem__(self, name: str) -> Tensor:
        held = self._read(name)
        if f"{name}{_STATE}" in self._places:
            return self._from_nf4(name, held)
        if f"{name}{_SCALES}" in self._places:
            return (held * (self._read(f"{name}{_SCALES}") / 127)[:, None]).to(torch.bfloat16)
        return held

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _read(self, name: str) -> Tensor:
        path, stored = self._places[name]
        with path.open("rb") as file:
            return read_tensor(file, stored)

    def _from_nf4(self, name: str, held: Tensor) -> Tensor:
        parts = {f"{name}{suffix}": self._read(f"{name}{suffix}") for suffix in _NF4_PARTS}
        plain: Tensor = _nf4().unpacked(name, held, parts)
        return plain


def _int8(name: str, tensor: Tensor) -> dict[str, Tensor]:
    rows = tensor.float()
    largest = rows.abs().amax(dim=1)
    numbers = (rows * (127 / largest.clamp(min=torch.finfo(torch.float32).tiny))[:, None]).round().to(torch.int8)
    return {name: numbers, f"{name}{_SCALES}": largest}


def _nf4() -> ModuleType:
    """Only packing asks for bitsandbytes, which takes seconds to load."""
    return import_module("engine.grounding.nf4")
