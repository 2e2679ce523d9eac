"""Attention over packed rows that computes only what may be seen: heads among themselves, questions on head and self.

A dense mask over a row of one head and its eight questions is mostly empty, and costs as if it were full. Here each
head and each question is a row of its own for attention, questions with the keys of their head before their own.
"""

from typing import Any

import torch
from msgspec import Struct
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel

_NAME = "packed"


class Layout(Struct, frozen=True):
    """Places of a batch's tokens, counted through its rows, as attention wants them; shorter rows are filled up.

    `heads` (H, P), `asks` (Q, L); `seen` (Q, P + L) is what each of `asks` may see and `mask` (Q, 1, L, P + L) when.
    `back` (tokens) says where each token's result lies among those of heads and asks, one after the other.
    """

    heads: Tensor
    asks: Tensor
    seen: Tensor
    mask: Tensor
    back: Tensor

    def to(self, device: torch.device) -> "Layout":
        return Layout(*(getattr(self, name).to(device) for name in self.__struct_fields__))


def layout(spans: list[tuple[range, list[range]]], tokens: int) -> Layout:
    """From the places of every head and of the questions after it, out of `tokens` in all."""
    heads = _filled([head for head, _ in spans if head])
    asks = _filled([ask for _, row in spans for ask in row])
    before = _filled([head for head, row in spans for _ in row])
    lengths = torch.tensor([len(head) for head, row in spans for _ in row])
    length, reach = asks.shape[1], before.shape[1]
    there = torch.arange(reach)[None] < lengths[:, None]
    own = torch.ones(length, length, dtype=torch.bool).tril()
    mask = torch.cat(
        [
            there[:, None].expand(-1, length, -1),
            own[None].expand(len(asks), -1, -1),
        ],
        dim=2,
    )
    back = torch.zeros(tokens, dtype=torch.long)
    # Backwards, as what a short row is filled up with repeats its first place.
    order = torch.cat([heads.flatten(), asks.flatten()])
    back[order.flip(0)] = torch.arange(len(order)).flip(0)
    return Layout(heads, asks, torch.cat([before, asks], dim=1), mask[:, None], back)


def attend(
    _module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,  # noqa: ARG001
    *,
    packed: Layout,
    scaling: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """query (rows, heads, length, size), keys and values likewise -> (rows, length, heads, size), and no weights."""
    rows, length = query.shape[0], query.shape[2]
    grouped = query.shape[1] != key.shape[1]
    q, k, v = (part.transpose(1, 2).flatten(0, 1) for part in (query, key, value))
    alone = scaled_dot_product_attention(
        _taken(q, packed.heads),
        _taken(k, packed.heads),
        _taken(v, packed.heads),
        is_causal=True,
        scale=scaling,
        enable_gqa=grouped,
    )
    asked = scaled_dot_product_attention(
        _taken(q, packed.asks),
        _taken(k, packed.seen),
        _taken(v, packed.seen),
        attn_mask=packed.mask,
        scale=scaling,
        enable_gqa=grouped,
    )
    made = torch.cat([part.transpose(1, 2).flatten(0, 1) for part in (alone, asked)])
    return made.index_select(0, packed.back).unflatten(0, (rows, length)), None


def _taken(tokens: Tensor, places: Tensor) -> Tensor:
    """tokens (T, heads, size), places (N, L) -> (N, heads, L, size)."""
    return tokens.index_select(0, places.flatten()).unflatten(0, places.shape).transpose(1, 2)


def _filled(rows: list[range]) -> Tensor:
    """Rows of one length; a short one goes on with its first place, an empty one with the very first."""
    length = max(map(len, rows), default=0)
    return torch.tensor([[*row, *[row[0] if row else 0] * (length - len(row))] for row in rows], dtype=torch.long).view(
        len(rows), length
    )


def use(model: PreTrainedModel) -> None:
    """From now on `model` is to be given a `packed` layout whenever it is called."""
    AttentionInterface.register(_NAME, attend)
    model.set_attn_implementation(_NAME)
