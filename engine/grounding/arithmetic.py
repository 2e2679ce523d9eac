"""What the processor calculates well in."""

import torch

_BF16 = ("avx512_bf16", "amx_bf16", "bf16")


def has_bf16() -> bool:
    """Whether the processor multiplies bf16 numbers itself; where it does not, float32 is several times faster."""
    known = torch.cpu.get_capabilities()
    return any(known.get(name, False) for name in _BF16)
