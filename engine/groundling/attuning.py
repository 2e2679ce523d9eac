"""Between the encoders' dense lessons and the first words: senses and language model start out speaking alike.

From nothing, a language model this small took far longer to look at the patch that a word means than to learn anything
else. So a patch begins as the embedding of the name that the dense reader gives it, beside what the reader says of its
box, one attention head of the first two layers begins by looking for places like its own, and four later heads hand on
what a name has met to the first digits of its box. All of it goes on learning.
"""

from collections.abc import Iterable

import torch
from msgspec import Struct
from torch import Tensor, nn
from transformers.models.llama.modeling_llama import LlamaAttention

from engine.grounding.network import GroundingModel
from engine.grounding.tokens import Tokenizer
from engine.groundling.dense import NAMES, SHADES, VOICES, Dense

_NAMED = slice(0, len(NAMES))
_SHADED = slice(len(NAMES), len(NAMES) + len(SHADES))
_TENTHS = slice(_SHADED.stop, _SHADED.stop + 40)
_STEPS = 20
_EDGES = slice(_TENTHS.stop, _TENTHS.stop + 4 * _STEPS)
_COVER = slice(_EDGES.stop, _EDGES.stop + 1)
# How long each part of a projected patch is, where a word's embedding has length 1.
_LENGTHS = ((_NAMED, 1.2), (_SHADED, 0.5), (_TENTHS, 0.8), (_EDGES, 0.5), (_COVER, 0.6))
_SURE = {"name": 3.0, "shade": 2.0, "tenth": 6.0, "cover": 8.0}
_LIKENESS = 1.5
_FAINT = 0.02
_NAMES_SPAN = 40
_DIGIT_HEADS = ((2, 0), (2, 1), (2, 2), (3, 0))
"""Layer and head that say the first digit of the left, top, right and bottom edge."""
_LOUD = 1.5
_KEEN = 5.0


class Codes(Struct, frozen=True):
    """Directions in the language model, (width, n): of the digits as spelled, and of the tenths of the four edges.

    `shares` (10, n) are each digit's parts of the former; `patch` and `name` (width,) mark a covered patch and a name
    that has met one.
    """

    digits: Tensor
    shares: Tensor
    edges: list[Tensor]
    patch: Tensor
    name: Tensor


@torch.no_grad()
def attune(model: GroundingModel, dense: Dense, words: Tokenizer, pixels: Tensor) -> None:
    """Begin projections and attention from what `dense` has learned; `pixels` (B, 3, S, S) are measured."""
    chance = torch.Generator().manual_seed(0)
    codes = _codes(model, words, chance)
    _read_patches(model, dense, words, codes, chance)
    _level(model, dense, pixels)
    _read_times(model.model.audio_llama_proj, dense.sounding, _embedded(model, words, VOICES), chance)
    _read_times(model.model.llama_proj, dense.moment, _embedded(model, words, NAMES), chance)
    for layer in model.model.layers[:2]:
        _look_for_alike(layer.self_attn, model.architecture.llama.hidden_size, chance)
    _hand_on(model, words, codes)


def _read_patches(model: GroundingModel, dense: Dense, words: Tokenizer, codes: Codes, chance: torch.Generator) -> None:
    first, _, second = model.model.mm_vision_projector
    reader, start = dense.patch, len(NAMES) + 1
    for layer in (first, second):
        layer.weight.normal_(std=_FAINT, generator=chance)
        layer.bias.zero_()
    _copy(first, _NAMED, reader, range(len(NAMES)), _SURE["name"])
    _copy(first, _SHADED, reader, range(start, start + len(SHADES)), _SURE["shade"])
    box, digits = start + len(SHADES), start + len(SHADES) + 4
    _copy(first, _TENTHS, reader, [digits + 20 * edge + one for edge in range(4) for one in range(10)], _SURE["tenth"])
    for edge in range(4):
        for step in range(_STEPS):
            row = _EDGES.start + edge * _STEPS + step
            first.weight[row] = reader.weight[box + edge] * 10
            first.bias[row] = reader.bias[box + edge] * 10 - step * 10 / _STEPS
    second.weight[:, _NAMED] = _embedded(model, words, NAMES).T
    second.weight[:, _SHADED] = _embedded(model, words, SHADES).T
    second.weight[:, _TENTHS] = torch.cat([ways @ codes.shares.T for ways in codes.edges], dim=1)
    second.weight[:, _EDGES] = torch.randn(second.weight[:, _EDGES].shape, generator=chance)
    _copy(first, _COVER, _less(reader, len(NAMES)), [0], -_SURE["cover"])
    second.weight[:, _COVER] = codes.patch[:, None]


def _level(model: GroundingModel, dense: Dense, pixels: Tensor) -> None:
    """Give each part of a patch its length, as seen on patches that something covers."""
    first, gelu, second = model.model.mm_vision_projector
    features = model.image_features(pixels)
    covered = dense.patch(features)[..., : len(NAMES) + 1].argmax(-1) != len(NAMES)
    units = gelu(first(features[covered]))
    for part, length in _LENGTHS:
        second.weight[:, part] *= length / (units[:, part] @ second.weight[:, part].T).norm(dim=1).mean()


def _less(reader: nn.Linear, row: int) -> nn.Linear:
    """A reader of one thing's opposite."""
    turned = nn.Linear(reader.in_features, 1)
    turned.weight.copy_(-reader.weight[row : row + 1])
    turned.bias.copy_(-reader.bias[row : row + 1])
    return turned


def _copy(layer: nn.Linear, rows: slice, reader: nn.Linear, sources: Iterable[int], sure: float) -> None:
    chosen = list(sources)
    layer.weight[rows] = reader.weight[chosen]
    layer.bias[rows] = reader.bias[chosen] - sure


def _read_times(projection: nn.Linear, reader: nn.Linear, names: Tensor, chance: torch.Generator) -> None:
    """A step becomes the names of what is there, begins and ends in it, the latter two turned another way each."""
    width = names.shape[1]
    weight, bias = reader.weight.unflatten(0, (3, -1)), reader.bias.unflatten(0, (3, -1))
    turns = [torch.eye(width), *(_turn(width, chance) for _ in range(2))]
    rows = [turn @ names.T for turn in turns]
    projection.weight.copy_(sum((row @ part for row, part in zip(rows, weight, strict=True)), torch.zeros(())) / 8)
    projection.bias.copy_(sum((row @ (part + 6) for row, part in zip(rows, bias, strict=True)), torch.zeros(())) / 8)


def _look_for_alike(attention: LlamaAttention, width: int, chance: torch.Generator) -> None:
    """Let queries and keys of the first head agree, in the dimensions that rotate slowly with the distance."""
    size = attention.head_dim
    slow = [*range(size // 4, size // 2), *range(3 * size // 4, size)]
    shared = _turn(width, chance)[: len(slow)] * _LIKENESS
    for layer in (attention.q_proj, attention.k_proj):
        layer.weight[:size] *= 0.1
        layer.weight[slow] = shared


def _hand_on(model: GroundingModel, words: Tokenizer, codes: Codes) -> None:
    """The first layer's head passes the codes of a patch on to its name; one head per edge turns them into digits."""
    first, size = model.model.layers[0].self_attn, model.model.layers[0].self_attn.head_dim
    edges = model.model.mm_vision_projector[2].weight[:, _EDGES]
    known = torch.cat([*codes.edges, codes.patch[:, None]], dim=1)
    rest = torch.linalg.svd(edges - known @ (known.T @ edges), full_matrices=False)[0]
    ways = torch.cat([known, rest], dim=1)[:, :size]
    first.v_proj.weight[:size] = ways.T / 2
    first.o_proj.weight[:, :size] = ways / 2
    # A name that met its patch says so in a direction of its own: patches are not to be mistaken for it.
    first.o_proj.weight[:, known.shape[1] - 1] = codes.name
    begin, go_on = (_piece(model, words, piece) for piece in (b"[0.", b", 0."))
    for edge, (layer, head) in enumerate(_DIGIT_HEADS):
        attention, start = model.model.layers[layer].self_attn, head * size
        width = codes.digits.shape[1]
        attention.v_proj.weight[start : start + width] = codes.edges[edge].T
        attention.o_proj.weight[:, start : start + width] = codes.digits * _LOUD
        for part, looked_for in ((attention.q_proj, go_on if edge else begin), (attention.k_proj, codes.name)):
            part.weight[start : start + size] *= 0.3
            part.weight[start + size // 2 - 1] = looked_for * _KEEN


def _codes(model: GroundingModel, words: Tokenizer, chance: torch.Generator) -> Codes:
    """Directions that no name uses, in which the tenths of each edge are told as the digits are spelled at the end."""
    rows = torch.stack([model.lm_head.weight[_number(words, str(digit).encode())] for digit in range(10)])
    rows = rows - rows.mean(dim=0)
    digits = torch.linalg.svd(rows.T, full_matrices=False)[0][:, :9]
    names = torch.linalg.svd(_embedded(model, words, NAMES).T, full_matrices=False)[0][:, :_NAMES_SPAN]
    noise = torch.randn(names.shape[0], 38, generator=chance)
    free = torch.linalg.qr(noise - names @ (names.T @ noise))[0]
    edges = [free[:, 9 * edge : 9 * edge + 9] for edge in range(4)]
    return Codes(digits, nn.functional.normalize(rows @ digits, dim=1), edges, free[:, 36], free[:, 37])


def _piece(model: GroundingModel, words: Tokenizer, piece: bytes) -> Tensor:
    return nn.functional.normalize(model.model.embed_tokens.weight[_number(words, piece)], dim=0)


def _number(words: Tokenizer, piece: bytes) -> int:
    return next(number for number in range(len(words)) if words.piece(number) == piece)


def _embedded(model: GroundingModel, words: Tokenizer, names: Iterable[str]) -> Tensor:
    ids = [words.encode(name, bos=False)[0] for name in names]
    return nn.functional.normalize(model.model.embed_tokens.weight[ids], dim=1)


def _turn(width: int, chance: torch.Generator) -> Tensor:
    turned: Tensor = torch.linalg.qr(torch.randn(width, width, generator=chance))[0]
    return turned
