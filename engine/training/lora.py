"""Low-rank corrections on the language model's seven matrices per layer, through peft, and the base they sit on."""

from importlib import import_module

import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import nn

from engine.domain.errors import TrainingFailed
from engine.domain.training import Lora
from engine.grounding.lora import Lora as SavedLora
from engine.grounding.network import GroundingModel

_MATRICES = r"model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"
_NAME = "default"


def add_lora(model: GroundingModel, lora: Lora, seed: int) -> None:
    """Put a LoRA that changes nothing yet on the language model; it learns in float32 whatever the base is."""
    torch.manual_seed(seed)
    config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=_MATRICES)
    inject_adapter_in_model(config, model, _NAME)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.float()


def put_lora(model: GroundingModel, lora: SavedLora) -> None:
    """Go on from a LoRA of the same rank."""
    own = dict(model.named_parameters())
    for (layer, projection), halves in lora.pairs.items():
        for half, tensor in zip("AB", halves, strict=True):
            parameter = own.get(f"model.layers.{layer}.{projection}.lora_{half}.{_NAME}.weight")
            if parameter is None or parameter.shape != tensor.shape:
                raise TrainingFailed("The adapter to go on from belongs to another model; choose one of this model.")
            parameter.data.copy_(tensor)


def published(name: str) -> str:
    """A parameter's published key, without what wrapping it in a LoRA put in between."""
    return name.replace(".base_layer.", ".")


def peft_key(name: str) -> str:
    """The key of a LoRA matrix in peft's files."""
    return f"base_model.model.{name.replace(f'.{_NAME}.', '.')}"


def to_nf4(model: GroundingModel, device: torch.device) -> None:
    """Replace the language model's matrices by 4-bit ones with bf16 arithmetic (QLoRA). Needs bitsandbytes."""
    try:
        kinds = import_module("bitsandbytes").nn
    except (ImportError, RuntimeError, OSError) as error:
        raise TrainingFailed("4-bit training needs bitsandbytes for this card; choose a plan without it.") from error
    for layer in model.model.layers:
        for part in (layer.self_attn, layer.mlp):
            for name, linear in list(part.named_children()):
                if isinstance(linear, nn.Linear):
                    setattr(part, name, _nf4(kinds, linear, device))


def _nf4(kinds: object, linear: nn.Linear, device: torch.device) -> nn.Module:
    small = kinds.Linear4bit(  # type: ignore[attr-defined]
        linear.in_features,
        linear.out_features,
        bias=False,
        compute_dtype=torch.bfloat16,
        compress_statistics=True,
        quant_type="nf4",
    )
    weight = linear.weight.data.to(torch.bfloat16)
    small.weight = kinds.Params4bit(  # type: ignore[attr-defined]
        weight, requires_grad=False, quant_type="nf4", compress_statistics=True
    )
    return small.to(device)
