"""The frame encoder: a plain pre-norm vision transformer (EVA-CLIP), without the final norm."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.grounding.architecture import EvaSize


class PatchEmbed(nn.Module):
    def __init__(self, size: EvaSize) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, size.hidden_size, size.patch_size, size.patch_size)

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, patches, width), row by row."""
        return self.proj(pixels).flatten(2).transpose(1, 2)


class Attention(nn.Module):
    """Self-attention whose queries and values have a bias and whose keys have none."""

    def __init__(self, size: EvaSize) -> None:
        super().__init__()
        self.heads = size.num_attention_heads
        self.qkv = nn.Linear(size.hidden_size, 3 * size.hidden_size, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(size.hidden_size))
        self.v_bias = nn.Parameter(torch.zeros(size.hidden_size))
        self.proj = nn.Linear(size.hidden_size, size.hidden_size)

    def forward(self, rows: Tensor) -> Tensor:
        batch, length, width = rows.shape
        bias = torch.cat((self.q_bias, torch.zeros_like(self.v_bias), self.v_bias))
        qkv = functional.linear(rows, self.qkv.weight, bias)
        q, k, v = qkv.view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        return self.proj(mixed.transpose(1, 2).reshape(batch, length, width))


class Mlp(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)

    def forward(self, rows: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(rows)))


class Block(nn.Module):
    def __init__(self, size: EvaSize) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(size.hidden_size, eps=size.layer_norm_eps)
        self.attn = Attention(size)
        self.norm2 = nn.LayerNorm(size.hidden_size, eps=size.layer_norm_eps)
        self.mlp = Mlp(size.hidden_size, size.intermediate_size)

    def forward(self, rows: Tensor) -> Tensor:
        rows = rows + self.attn(self.norm1(rows))
        return rows + self.mlp(self.norm2(rows))


class EvaEncoder(nn.Module):
    """(B, 3, S, S) -> (B, 1 + patches, width), the class token first."""

    def __init__(self, size: EvaSize) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, size.hidden_size))
        self.pos_embed = nn.Parameter(torch.zeros(1, size.tokens, size.hidden_size))
        self.patch_embed = PatchEmbed(size)
        self.blocks = nn.ModuleList(Block(size) for _ in range(size.num_hidden_layers))

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.patch_embed(pixels)
        rows = torch.cat((self.cls_token.expand(len(patches), -1, -1), patches), dim=1) + self.pos_embed
        for block in self.blocks:
            rows = block(rows)
        return rows


class WideLayerNorm(nn.LayerNorm):
    """A layer norm computed in float32 whatever the precision of the rest."""

    def forward(self, rows: Tensor) -> Tensor:
        weight, bias = self.weight.float(), self.bias.float()
        return functional.layer_norm(rows.float(), self.normalized_shape, weight, bias, self.eps).to(rows.dtype)
