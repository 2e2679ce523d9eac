"""The arithmetic of a LLaMA over plain tensors: what the torch backbone and its recorded graph share.

Numerics follow the published model: RMS norm, rotary halves (not interleaved), SwiGLU.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from engine.domain.errors import ModelError
from engine.grounding.architecture import LlamaSize
from engine.grounding.backbone import head_width
from engine.grounding.backbones.torch_linear import Linear, arithmetic, linear, stacked_lora
from engine.grounding.lora import PROJECTIONS, Lora, projection_sizes

_FUSED = (PROJECTIONS[:3], PROJECTIONS[3:4], PROJECTIONS[4:6], PROJECTIONS[6:])


class Layer(NamedTuple):
    """One block; queries, keys and values are one product, gate and up another."""

    attention_norm: Tensor
    qkv: Linear
    out: Linear
    mlp_norm: Tensor
    gate_up: Linear
    down: Linear

    @property
    def products(self) -> tuple[Linear, ...]:
        return self.qkv, self.out, self.gate_up, self.down


class Llama:
    """`weights` are named as published (`model.embed_tokens.weight`, `model.layers.N.…`, `lm_head.weight`).

    `cache` is (layers, 2, key heads, places, head_dim); `cosine` and `sine` are (places, head_dim).
    """

    def __init__(self, size: LlamaSize, weights: Mapping[str, Tensor], precision: str, device: torch.device) -> None:
        self.size, self.device, self.dtype = size, device, arithmetic(precision)
        self.head_width = head_width(size)
        self._precision = precision
        try:
            self._take(weights)
        except KeyError as error:
            raise ModelError(f"The language model lacks the tensor {error}: convert or copy it again.") from error
        self.cosine, self.sine = self._rotations()
        places = (size.num_hidden_layers, 2, size.num_key_value_heads, size.max_position_embeddings, self.head_width)
        self.cache = torch.zeros(places, dtype=self.dtype, device=device)

    def queries_keys_values(self, layer: Layer, x: Tensor, cosine: Tensor, sine: Tensor) -> tuple[Tensor, ...]:
        """(heads, rows, head_dim) each, queries and keys turned to their places."""
        size = self.size
        heads, groups = size.num_attention_heads, size.num_key_value_heads
        fused = layer.qkv(self._normed(x, layer.attention_norm))
        straight, v = fused.view(x.shape[0], heads + 2 * groups, self.head_width).split([heads + groups, groups], 1)
        half = self.head_width // 2
        swapped = torch.cat([-straight[..., half:], straight[..., :half]], -1)
        turned = straight * cosine[:, None] + swapped * sine[:, None]
        q, k = turned.transpose(0, 1).split([heads, groups])
        return q, k, v.transpose(0, 1)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, *, causal: bool = False) -> Tensor:
        """(rows, heads * head_dim)."""
        shared = self.size.num_attention_heads != self.size.num_key_value_heads
        out = functional.scaled_dot_product_attention(
            q[None], k[None], v[None], attn_mask=mask, is_causal=causal, enable_gqa=shared
        )
        return out[0].transpose(0, 1).reshape(q.shape[1], -1)

    def after(self, layer: Layer, x: Tensor, attended: Tensor) -> Tensor:
        """The rest of the block behind its attention."""
        x = x + layer.out(attended)
        gate, up = layer.gate_up(self._normed(x, layer.mlp_norm)).chunk(2, -1)
        return x + layer.down(functional.silu(gate) * up)

    def logits(self, x: Tensor) -> Tensor:
        """(rows, vocabulary)."""
        return self._head(self._normed(x, self._norm))

    def set_lora(self, lora: Lora | None, scale: float) -> None:
        rows = projection_sizes(self.size)
        for index, layer in enumerate(self.layers):
            for product, group in zip(layer.products, _FUSED, strict=True):
                pairs = [lora.pairs.get((index, projection)) if lora else None for projection in group]
                stacked = stacked_lora(pairs, [rows[projection][0] for projection in group])
                if lora and stacked:
                    a, b = stacked[0], stacked[1] * (lora.scaling * scale)
                    product.set_lora(a.to(self.device, self.dtype), b.to(self.device, self.dtype))
                else:
                    product.clear_lora()

    def _take(self, weights: Mapping[str, Tensor]) -> None:
        self.embedding = self._vector(weights, "model.embed_tokens.weight")
        self._norm = self._vector(weights, "model.norm.weight")
        self.layers = [self._layer(weights, f"model.layers.{index}") for index in range(self.size.num_hidden_layers)]
        head = "model.embed_tokens.weight" if self.size.tie_word_embeddings else "lm_head.weight"
        self._head = linear([weights[head]], self._precision, self.device)

    def _layer(self, weights: Mapping[str, Tensor], name: str) -> Layer:
        qkv, out, gate_up, down = (
            linear([weights[f"{name}.{part}.weight"] for part in group], self._precision, self.device)
            for group in _FUSED
        )
        before = self._vector(weights, f"{name}.input_layernorm.weight")
        between = self._vector(weights, f"{name}.post_attention_layernorm.weight")
        return Layer(before, qkv, out, between, gate_up, down)

    def _vector(self, weights: Mapping[str, Tensor], name: str) -> Tensor:
        return weights[name].to(self.device, self.dtype)

    def _rotations(self) -> tuple[Tensor, Tensor]:
        steps = torch.arange(0, self.head_width, 2, dtype=torch.float32) / self.head_width
        angles = torch.outer(torch.arange(self.size.max_position_embeddings).float(), self.size.rope_theta**-steps)
        angles = torch.cat([angles, angles], -1)
        return angles.cos().to(self.device, self.dtype), angles.sin().to(self.device, self.dtype)

    def _normed(self, x: Tensor, weight: Tensor) -> Tensor:
        return functional.rms_norm(x, (x.shape[-1],), weight, self.size.rms_norm_eps)
