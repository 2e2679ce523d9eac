"""A LoRA on disk in peft's layout: `adapter_config.json` and `adapter_model.safetensors`."""

from pathlib import Path

import msgspec
from msgspec import Struct
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from engine.domain.errors import ModelError
from engine.grounding.architecture import LlamaSize
from engine.grounding.backbone import head_width

PROJECTIONS = (
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
)
"""The seven matrices of a LLaMA layer."""


def projection_sizes(size: LlamaSize) -> dict[str, tuple[int, int]]:
    """(out, in) of each projection."""
    queries, keys = (heads * head_width(size) for heads in (size.num_attention_heads, size.num_key_value_heads))
    width, inner = size.hidden_size, size.intermediate_size
    sizes = ((queries, width), (keys, width), (keys, width), (width, queries))
    return dict(zip(PROJECTIONS, (*sizes, (inner, width), (inner, width), (width, inner)), strict=True))


class _Config(Struct, frozen=True):
    r: int
    lora_alpha: float
    use_rslora: bool = False


class Lora(Struct, frozen=True):
    """(A (rank, in), B (out, rank)) by (layer, projection); `scaling` multiplies B A."""

    pairs: dict[tuple[int, str], tuple[Tensor, Tensor]]
    rank: int
    alpha: float
    scaling: float


def read_lora(folder: Path) -> Lora:
    """The LoRA in `folder`; matrices outside the language model's layers are refused."""
    try:
        config = msgspec.json.decode((folder / "adapter_config.json").read_bytes(), type=_Config)
        tensors = load_file(folder / "adapter_model.safetensors")
    except (OSError, msgspec.MsgspecError, SafetensorError) as error:
        raise ModelError(f"The LoRA in “{folder}” cannot be read: train or copy it again.") from error
    halves: dict[tuple[int, str], dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        layer, projection, half = _place(name, folder)
        halves.setdefault((layer, projection), {})[half] = tensor
    if config.r < 1 or any(set(pair) != {"A", "B"} for pair in halves.values()):
        raise ModelError(f"The LoRA in “{folder}” is incomplete: train or copy it again.")
    pairs = {place: (pair["A"], pair["B"]) for place, pair in halves.items()}
    scaling = config.lora_alpha / (config.r**0.5 if config.use_rslora else config.r)
    return Lora(pairs, config.r, config.lora_alpha, scaling)


def _place(name: str, folder: Path) -> tuple[int, str, str]:
    """Layer, projection and half ("A" or "B") of `…layers.N.self_attn.q_proj.lora_A.weight`."""
    inner = name.partition("layers.")[2].removesuffix(".weight").replace(".default", "")
    number, _, rest = inner.partition(".")
    projection, _, half = rest.rpartition(".lora_")
    if not number.isdecimal() or projection not in PROJECTIONS or half not in {"A", "B"}:
        raise ModelError(f"The LoRA in “{folder}” changes “{name}”, which is no part of the language model's layers.")
    return int(number), projection, half
