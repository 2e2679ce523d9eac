"""Matrices held by bitsandbytes: NF4 with double quantisation, and LLM.int8 without outlier columns."""

import torch
from bitsandbytes.nn import Int8Params, Linear4bit, Linear8bitLt, Params4bit
from torch import Tensor

from engine.domain.errors import ModelError
from engine.grounding.backbones.torch_linear import Product

_BLOCK = 64
"""Elements that share a scale; bitsandbytes misreads rows of another multiple on processors."""


def nf4(weight: Tensor, device: torch.device, dtype: torch.dtype) -> Product:
    """`weight` (out, in) in 4.1 bits an element."""
    rows, columns = weight.shape
    if columns % _BLOCK and device.type == "cpu":
        raise ModelError("4-bit weights need widths that are multiples of 64 on a processor: choose int8 or bf16.")
    module = Linear4bit(columns, rows, bias=False, compute_dtype=dtype, compress_statistics=True, quant_type="nf4")
    module.weight = Params4bit(weight.to(dtype), requires_grad=False, compress_statistics=True, quant_type="nf4")
    placed: Product = module.to(device).eval()
    return placed


def int8(weight: Tensor, device: torch.device, dtype: torch.dtype) -> Product:
    """`weight` (out, in) in 8 bits an element. Outlier columns depend on the data, which a CUDA graph cannot record."""
    rows, columns = weight.shape
    module = Linear8bitLt(columns, rows, bias=False, has_fp16_weights=False, threshold=0.0)
    module.weight = Int8Params(weight.to(torch.float16), requires_grad=False, has_fp16_weights=False)
    placed = module.to(device).eval()
    return lambda x: placed(x.to(torch.float16)).to(dtype)
