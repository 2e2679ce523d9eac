"""Where the language model should look: attention that is taught directly, as the generator knows what is meant.

Learning from the words alone, only the very first layer looked at patches, before it could know of “leftmost” or
“red”: among twins it mixed the edges of all. So chosen heads are told which patches (or steps of time) an answer is
about, at the places from which the answer goes on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch
from msgspec import Struct
from numpy.typing import NDArray
from torch import Tensor
from transformers.cache_utils import Cache
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from engine import grammar
from engine.domain.media import MediaKind
from engine.grammar import Span
from engine.grounding.architecture import Architecture
from engine.grounding.network import GroundingModel
from engine.grounding.tokens import Tokenizer
from engine.groundling.dense import covered, shares
from engine.groundling.design import STEPS

_HEADS: Mapping[str, tuple[tuple[int, int], ...]] = {
    "name": ((1, 0),),
    "named": ((1, 0), (1, 2), (2, 0)),
    "begun": ((1, 2),),
    "inside": ((2, 1), (3, 2)),
    "asked": ((1, 1), (2, 1), (3, 1)),
    "sought": ((2, 1), (3, 1)),
}
"""Layers and heads that look: on a name, behind it, where a place begins, wherever one of the first two digits of a
number follows, and at the end of a question, which may be about a place or answered by places."""
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
        part = shares(start, end, np.arange(STEPS + 1) / STEPS)
        cells = part >= min(0.5, 0.8 * float(part.max()))
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


class Read(Struct, frozen=True):
    """Ids of the prefix (B, P) and its keys, a block's hidden states by layer (R, L, width), its rows' lessons (R,)."""

    prefix: Tensor
    shared: Cache
    hidden: Sequence[Tensor]
    owner: Tensor


def astray(model: GroundingModel, looks: Looks, read: Read) -> Tensor:
    """How far the heads look elsewhere: summed cross-entropy of what is covered among a medium's rows."""
    first = int((read.prefix[0] == model.architecture.ids(looks.kind).patch).nonzero()[0])
    seen = slice(first, first + looks.covered.shape[1])
    turn = model.model.rotary_emb(read.hidden[0], (read.prefix.shape[1] + looks.places)[None])
    total = torch.zeros(())
    for number, head in _HEADS[looks.sort]:
        layer = model.model.layers[number]
        size = layer.self_attn.head_dim
        part = layer.input_layernorm(read.hidden[number][looks.rows, looks.places])
        asking = layer.self_attn.q_proj(part)[None, None, :, head * size : (head + 1) * size]
        asking, _ = apply_rotary_pos_emb(asking, asking, *turn)
        keys = read.shared.layers[number].keys[read.owner[looks.rows], head, seen]
        likely = (torch.einsum("nd,nkd->nk", asking[0, 0], keys).float() * size**-0.5).log_softmax(dim=-1)
        total = total - likely.masked_fill(~looks.covered, -torch.inf).logsumexp(dim=-1).sum()
    return total
