"""The torch backbone below float32: close to the exact answer, and honest about what it cannot do."""

import numpy as np
import pytest
from torch import Tensor

from engine.domain.errors import ModelError
from engine.grounding.architecture import LlamaSize
from engine.grounding.backbone import Backbone
from engine.grounding.backbones.torch_lean import TorchRunner

WORDS = np.random.default_rng(0).integers(3, 500, 120).tolist()


def _logits(size: LlamaSize, weights: dict[str, Tensor], precision: str) -> np.ndarray:
    backbone = Backbone(TorchRunner(size, weights, precision=precision, threads=1))
    prefix = backbone.prefix([WORDS[:100]])
    return np.concatenate([backbone.logits(prefix, WORDS[100:]), backbone.logits(prefix, WORDS[:5])])


@pytest.mark.parametrize(
    ("precision", "similarity"), [("bf16", 0.999), ("fp16", 0.9999), ("int8", 0.998), ("nf4", 0.95)]
)
def test_a_smaller_precision_stays_close(
    size: LlamaSize, weights: dict[str, Tensor], precision: str, similarity: float
) -> None:
    exact, near = (_logits(size, weights, name).ravel() for name in ("fp32", precision))
    assert exact @ near / np.sqrt((exact @ exact) * (near @ near)) > similarity


def test_an_unknown_precision_names_the_known_ones(size: LlamaSize, weights: dict[str, Tensor]) -> None:
    with pytest.raises(ModelError, match="bf16, fp16, fp32, int8, nf4"):
        TorchRunner(size, weights, precision="q3")


def test_a_missing_tensor_is_named(size: LlamaSize, weights: dict[str, Tensor]) -> None:
    less = {name: tensor for name, tensor in weights.items() if "layers.1.mlp.up" not in name}
    with pytest.raises(ModelError, match=r"layers\.1\.mlp\.up_proj"):
        TorchRunner(size, less)
