"""The language model's matrices at the precisions torch can multiply with; a LoRA is added beside, never merged in."""

from collections.abc import Callable, Sequence
from importlib import import_module

import torch
from torch import Tensor
from torch.nn import functional

from engine.domain.errors import ModelError

Product = Callable[[Tensor], Tensor]

_FEW_ROWS = 16
"""Below this the packed int8 product wins over widening the weights to bf16 (measured, AVX-512)."""


class Linear:
    """y = x W^T, plus (x A^T) B^T while a LoRA is on. x is (rows, in)."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._lora: tuple[Tensor, Tensor] | None = None

    def set_lora(self, a: Tensor, b: Tensor) -> None:
        """`a` (rank, in) and `b` (out, rank), the scale already inside `b`."""
        self._lora = (a, b)

    def clear_lora(self) -> None:
        self._lora = None

    def __call__(self, x: Tensor) -> Tensor:
        y = self._product(x)
        if self._lora is None:
            return y
        a, b = self._lora
        return y + functional.linear(functional.linear(x.to(a.dtype), a), b).to(y.dtype)


def _plain(weight: Tensor, device: torch.device, dtype: torch.dtype) -> Product:
    held = weight.to(device, dtype)
    return lambda x: functional.linear(x, held)


def _packed_int8(weight: Tensor, device: torch.device, dtype: torch.dtype) -> Product:
    """One scale a row, rounded to bf16 before the weights are, so that its rounding costs nothing."""
    wide = weight.to(device).float()
    scale = (wide.abs().amax(1).clamp(min=1e-8) / 127).to(dtype)
    held = (wide / scale.float()[:, None]).round().clamp(-127, 127).to(torch.int8)

    def product(x: Tensor) -> Tensor:
        if x.shape[0] < _FEW_ROWS:
            return torch._weight_int8pack_mm(x, held, scale)  # noqa: SLF001
        return functional.linear(x, held.to(x.dtype)) * scale

    return product


def _bitsandbytes(kind: str) -> Callable[[Tensor, torch.device, torch.dtype], Product]:
    """Imported only when asked for: the library takes a second and is of use on CUDA alone."""

    def make(weight: Tensor, device: torch.device, dtype: torch.dtype) -> Product:
        module = import_module("engine.grounding.backbones.bitsandbytes_linear")
        product: Product = getattr(module, kind)(weight, device, dtype)
        return product

    return make


_PRODUCTS: dict[tuple[str, str], Callable[[Tensor, torch.device, torch.dtype], Product]] = {
    ("fp32", "cpu"): _plain,
    ("bf16", "cpu"): _plain,
    ("fp16", "cpu"): _plain,
    ("int8", "cpu"): _packed_int8,
    ("nf4", "cpu"): _bitsandbytes("nf4"),
    ("fp32", "cuda"): _plain,
    ("bf16", "cuda"): _plain,
    ("fp16", "cuda"): _plain,
    ("int8", "cuda"): _bitsandbytes("int8"),
    ("nf4", "cuda"): _bitsandbytes("nf4"),
}


def linear(weights: Sequence[Tensor], precision: str, device: torch.device) -> Linear:
    """One product for the matrices `weights`, (out, in) each, stacked along their rows."""
    make = _PRODUCTS.get((precision, device.type))
    if make is None:
        known = ", ".join(sorted({name for name, _ in _PRODUCTS}))
        raise ModelError(
            f"The torch backbone knows no precision “{precision}” on {device.type}: choose one of {known}."
        )
    weight = torch.cat(list(weights)) if len(weights) > 1 else weights[0]
    return Linear(make(weight, device, arithmetic(precision)))


def arithmetic(precision: str) -> torch.dtype:
    """What activations are computed in."""
    return {"fp32": torch.float32, "fp16": torch.float16}.get(precision, torch.bfloat16)


def stacked_lora(pairs: Sequence[tuple[Tensor, Tensor] | None], rows: Sequence[int]) -> tuple[Tensor, Tensor] | None:
    """One (A, B) for matrices stacked along their rows, of which some have none.

    `pairs` are A (rank, in) and B (out, rank); `rows` the out sizes.
    """
    present = [pair for pair in pairs if pair]
    if not present:
        return None
    ranks = [pair[0].shape[0] if pair else 0 for pair in pairs]
    b = present[0][1].new_zeros(sum(rows), sum(ranks))
    row = column = 0
    for pair, out, rank in zip(pairs, rows, ranks, strict=True):
        if pair:
            b[row : row + out, column : column + rank] = pair[1]
        row, column = row + out, column + rank
    return torch.cat([pair[0] for pair in present]), b
