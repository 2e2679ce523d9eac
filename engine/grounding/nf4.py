"""Four-bit weights as bitsandbytes stores them: NF4 in blocks of 64 with doubly quantised scales."""

from collections.abc import Mapping

import torch
from bitsandbytes.functional import QuantState, dequantize_4bit, quantize_4bit
from torch import Tensor

from engine.domain.errors import ModelError


def packed(name: str, weight: Tensor) -> dict[str, Tensor]:
    """The packed weight and its tables, by their names in a file."""
    data, state = quantize_4bit(weight.to(torch.bfloat16), compress_statistics=True, quant_type="nf4")
    return {
        name: data,
        **{f"{name}.{suffix}": part.contiguous() for suffix, part in state.as_dict(packed=True).items()},
    }


def unpacked(name: str, data: Tensor, tables: Mapping[str, Tensor]) -> Tensor:
    """The plain weight; a ModelError where its tables do not belong to it."""
    try:
        state = QuantState.from_dict(dict(tables), device=torch.device("cpu"))
        shape, count = state.shape, state.shape.numel()
        fits = data.numel() == -(-count // 2) and state.absmax.numel() == -(-count // state.blocksize)
        # On processors, rows that are no multiple of a block come back wrong; a single row does not.
        state.shape = torch.Size((count,))
        plain: Tensor | None = dequantize_4bit(data, state).reshape(shape) if fits else None
    except (ValueError, LookupError, TypeError, RuntimeError, AssertionError, AttributeError) as error:
        raise ModelError(f"The packed weight “{name}” is damaged; convert the model again.") from error
    if plain is None:
        raise ModelError(f"The packed weight “{name}” has tables of another size; convert the model again.")
    return plain
