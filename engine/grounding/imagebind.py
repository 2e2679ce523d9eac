"""The sound encoder: the audio branch of ImageBind, with the key names of the whole.

A spectrogram is cut into overlapping patches; the class token's way through the trunk and head, at unit length and
scaled, is the window's feature.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.grounding.architecture import EarSize
from engine.grounding.eva import Mlp


class Stem(nn.Module):
    def __init__(self, size: EarSize) -> None:
        super().__init__()
        self.proj = nn.Conv2d(1, size.hidden_size, size.kernel, size.stride, bias=False)
        # Torch's own default eps, not the trunk's.
        self.norm_layer = nn.LayerNorm(size.hidden_size)

    def forward(self, spectrograms: Tensor) -> Tensor:
        return self.norm_layer(self.proj(spectrograms).flatten(2).transpose(1, 2))


class Positions(nn.Module):
    def __init__(self, size: EarSize) -> None:
        super().__init__()
        rows, columns = size.grid
        self.pos_embed = nn.Parameter(torch.zeros(1, rows * columns + 1, size.hidden_size))


class Preprocessor(nn.Module):
    """(B, 1, bins, frames) -> (B, 1 + patches, width)."""

    def __init__(self, size: EarSize) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, size.hidden_size))
        self.rgbt_stem = Stem(size)
        self.pos_embedding_helper = Positions(size)

    def forward(self, spectrograms: Tensor) -> Tensor:
        patches = self.rgbt_stem(spectrograms)
        rows = torch.cat((self.cls_token.expand(len(patches), -1, -1), patches), dim=1)
        return rows + self.pos_embedding_helper.pos_embed


class Attention(nn.Module):
    """Self-attention with one further learned key and value."""

    def __init__(self, size: EarSize) -> None:
        super().__init__()
        width = size.hidden_size
        self.heads = size.num_heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.bias_k = nn.Parameter(torch.empty(1, 1, width))
        self.bias_v = nn.Parameter(torch.empty(1, 1, width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.xavier_normal_(self.bias_k)
        nn.init.xavier_normal_(self.bias_v)

    def forward(self, rows: Tensor) -> Tensor:
        batch, _, width = rows.shape
        q, k, v = functional.linear(rows, self.in_proj_weight, self.in_proj_bias).chunk(3, dim=-1)
        k = torch.cat((k, self.bias_k.expand(batch, -1, -1)), dim=1)
        v = torch.cat((v, self.bias_v.expand(batch, -1, -1)), dim=1)
        q, k, v = (part.unflatten(-1, (self.heads, width // self.heads)).transpose(1, 2) for part in (q, k, v))
        return self.out_proj(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, size: EarSize) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(size.hidden_size, eps=size.layer_norm_eps)
        self.attn = Attention(size)
        self.norm_2 = nn.LayerNorm(size.hidden_size, eps=size.layer_norm_eps)
        self.mlp = Mlp(size.hidden_size, size.intermediate_size)

    def forward(self, rows: Tensor) -> Tensor:
        rows = rows + self.attn(self.norm_1(rows))
        return rows + self.mlp(self.norm_2(rows))


class Trunk(nn.Module):
    def __init__(self, size: EarSize) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(size) for _ in range(size.num_blocks))

    def forward(self, rows: Tensor) -> Tensor:
        for block in self.blocks:
            rows = block(rows)
        return rows


class Scale(nn.Module):
    """Multiplication by e to the stored logarithm."""

    log_logit_scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("log_logit_scale", torch.tensor(math.log(20.0)))

    def forward(self, rows: Tensor) -> Tensor:
        return self.log_logit_scale.exp().clip(max=100.0).to(rows.dtype) * rows


class UnitLength(nn.Module):
    def forward(self, rows: Tensor) -> Tensor:
        return functional.normalize(rows, dim=-1)


class SoundEncoder(nn.Module):
    """(B, 1, bins, frames) -> (B, out_size)."""

    def __init__(self, size: EarSize) -> None:
        super().__init__()
        norm = nn.LayerNorm(size.hidden_size, eps=size.layer_norm_eps)
        project = nn.Linear(size.hidden_size, size.out_size, bias=False)
        self.modality_preprocessors = nn.ModuleDict({"audio": Preprocessor(size)})
        self.modality_trunks = nn.ModuleDict({"audio": Trunk(size)})
        self.modality_heads = nn.ModuleDict({"audio": nn.Sequential(norm, ClassToken(), project)})
        self.modality_postprocessors = nn.ModuleDict({"audio": nn.Sequential(UnitLength(), Scale())})

    def forward(self, spectrograms: Tensor) -> Tensor:
        rows = self.modality_preprocessors["audio"](spectrograms)
        rows = self.modality_trunks["audio"](rows)
        return self.modality_postprocessors["audio"](self.modality_heads["audio"](rows))


class ClassToken(nn.Module):
    def forward(self, rows: Tensor) -> Tensor:
        return rows[:, 0]
