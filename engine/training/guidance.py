"""Where the language model should look: attention that is taught directly, as the truth says what is meant.

Learning from the words alone, only the very first layer looked at patches, before it could know of “leftmost” or
“red”: among twins it mixed the edges of all. So chosen heads are told which patches (or steps of time) an answer is
about, at the places from which the answer goes on. Which heads, the model's manifest says; a model without such heads
learns from its words alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch
from msgspec import Struct
from numpy.typing import NDArray
from torch import Tensor
from transformers import LlamaForCausalLM
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from engine import grammar
from engine.domain.media import MediaKind
from engine.grammar import Span
from engine.grounding.architecture import Architecture
from engine.grounding.tokens import Tokenizer

Edges = tuple[float, float, float, float]
Heads = Mapping[str, tuple[tuple[int, int], ...]]
"""Layers and heads by the sort of place that they look from."""
_COVERED, _FILLED = 0.4, 0.5
_OPENINGS = {b"[0.", b"{0."}
_GOING_ON = {b", 0.", b",0."}


class Look(Struct, frozen=True):
    """At token `place` the heads of `sort` look at what is covered (N,) of the rows of a medium."""

    place: int
    kind: MediaKind
    sort: str
    covered: NDArray[np.bool_]


class Looks(Struct, frozen=True):
    """The looks of one kind and sort in a block: row and place (L,), and what is covered (L, N)."""

    kind: MediaKind
    sort: str
    rows: Tensor
    places: Tensor
    covered: Tensor


def looks(
    words: Tokenizer, size: Architecture, kinds: Sequence[MediaKind], question: list[int], answer: list[int]
) -> list[Look]:
    """Where to look in one turn of those ids; places count from its first."""
    found: list[Look] = []
    end, asked = len(question) - 1, grammar.read(words.decode(question))[-1:]
    for span in asked:
        found += _looks(size, kinds, span, (("asked", end),))
    begun = [place for place, number in enumerate(answer) if words.piece(number) in _OPENINGS]
    for place, span in zip(begun, grammar.read(words.decode(answer)), strict=False):
        at, named = len(question) + place, place > 1 and words.piece(answer[place - 1]) == b":"
        seen = _looks(size, kinds, span, (("begun", at), ("named", at - 1), ("name", at - 2))[: 3 if named else 1])
        found += seen
        found += [look for one in seen[:1] for look in _inside(one, span, at, _steps(words, answer[place:]))]
    return found if asked else [*found, *_sought(found, end)]


def _steps(words: Tokenizer, ids: Sequence[int]) -> Iterator[tuple[int, int]]:
    """How far behind the beginning of a place the first two digits of a number follow, and of which number."""
    before, number = b"", 0
    for step, piece in enumerate(map(words.piece, ids)):
        number += piece in _GOING_ON
        if piece in _OPENINGS | _GOING_ON or (piece.isdigit() and before in _OPENINGS | _GOING_ON):
            yield step, number
        elif not piece.isdigit():
            return
        before = piece


def _inside(seen: Look, span: Span, at: int, steps: Iterable[tuple[int, int]]) -> Iterator[Look]:
    """All of a thing tells of its box; the first and the last moment tell when it begins and ends."""
    edges = np.flatnonzero(seen.covered)[[0, -1]]
    for step, number in steps:
        cells = seen.covered if span.box else np.arange(len(seen.covered)) == edges[min(number, 1)]
        yield Look(at + step, seen.kind, "inside", cells)


def _sought(found: Sequence[Look], end: int) -> Iterator[Look]:
    """All that an answer is about, as looked for from the end of its question."""
    for kind in dict.fromkeys(look.kind for look in found):
        cells = [look.covered for look in found if look.kind is kind and look.sort == "begun"]
        yield Look(end, kind, "sought", np.logical_or.reduce(cells))


def _looks(size: Architecture, kinds: Sequence[MediaKind], span: Span, places: Sequence[tuple[str, int]]) -> list[Look]:
    mine = MediaKind.IMAGE if span.box else next((kind for kind in kinds if kind is not MediaKind.IMAGE), None)
    if mine is None or mine not in kinds or not span.well_formed:
        return []
    if span.box:
        x0, y0, x1, y1 = span.numbers
        cells = covered((x0, y0, x1, y1), size.clip.image_size // size.clip.patch_size).reshape(-1)
    else:
        start, end = span.numbers
        part = shares(start, end, np.linspace(0, 1, size.tokens(mine) + 1))
        cells = part >= min(_FILLED, 0.8 * float(part.max()))
    return [Look(place, mine, sort, cells) for sort, place in places] if cells.any() else []


def gathered(rows: Sequence[Sequence[Look]]) -> list[Looks]:
    """The looks of a block's rows, those of one kind and sort together."""
    groups: dict[tuple[MediaKind, str], list[tuple[int, Look]]] = {}
    for number, row in enumerate(rows):
        for look in row:
            groups.setdefault((look.kind, look.sort), []).append((number, look))
    return [
        Looks(
            kind,
            sort,
            torch.tensor([number for number, _ in group]),
            torch.tensor([look.place for _, look in group]),
            torch.from_numpy(np.stack([look.covered for _, look in group])),
        )
        for (kind, sort), group in groups.items()
    ]


class Sight(Struct, frozen=True):
    """What heads of one layer see: states of the tokens that look (L, width) and their positions (L,), the keys of the
    rows looked at (L, heads, N, size)."""

    states: Tensor
    positions: Tensor
    keys: Tensor


def missed(model: LlamaForCausalLM, number: int, head: int, sight: Sight, covered: Tensor) -> Tensor:
    """How far a head looks elsewhere: summed cross-entropy of what is covered (L, N) among the rows of a medium."""
    layer = model.model.layers[number]
    size = layer.self_attn.head_dim
    asking = layer.self_attn.q_proj(layer.input_layernorm(sight.states))[None, None, :, head * size : (head + 1) * size]
    turn = model.model.rotary_emb(asking, sight.positions[None])
    asking, _ = apply_rotary_pos_emb(asking, asking, *turn)
    keys = sight.keys[:, head // layer.self_attn.num_key_value_groups]
    likely = (torch.einsum("ld,lnd->ln", asking[0, 0], keys).float() * size**-0.5).log_softmax(dim=-1)
    return -likely.masked_fill(~covered, -torch.inf).logsumexp(dim=-1).sum()


def keys(model: LlamaForCausalLM, number: int, states: Tensor, positions: Tensor) -> Tensor:
    """The keys of layer `number` of states (U, N, width) at positions (U, N) -> (U, heads, N, size)."""
    layer = model.model.layers[number]
    made = layer.self_attn.k_proj(layer.input_layernorm(states)).unflatten(-1, (-1, layer.self_attn.head_dim))
    made = made.transpose(1, 2)
    turned, _ = apply_rotary_pos_emb(made, made, *model.model.rotary_emb(made, positions))
    return turned


def covered(place: Edges, grid: int) -> NDArray[np.bool_]:
    """Which patches a box covers, at least those that it covers most."""
    x0, y0, x1, y1 = place
    edges = np.arange(grid + 1) / grid
    across, down = shares(x0, x1, edges), shares(y0, y1, edges)
    cover = down[:, None] * across[None]
    return np.asarray(cover >= min(_COVERED, 0.8 * float(cover.max())))


def shares(low: float, high: float, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of each cell of a row lies between `low` and `high`, 0..1."""
    length = edges[1] - edges[0]
    return np.clip(np.minimum(high, edges[1:]) - np.maximum(low, edges[:-1]), 0, None) / length
