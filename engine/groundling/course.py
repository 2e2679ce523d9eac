"""Groundling as the training loop sees it: lessons drawn on the fly, dense and text losses on the published network."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from msgspec import Struct
from msgspec.structs import replace
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import DynamicCache
from transformers.cache_utils import Cache

from engine.domain.media import MediaKind
from engine.domain.training import Stage
from engine.grounding.arithmetic import has_bf16
from engine.grounding.clip import clip_states
from engine.grounding.network import GroundingModel
from engine.groundling import lessons
from engine.groundling.dense import Dense
from engine.groundling.design import HEADS
from engine.groundling.lessons import NAMING, Course, Lesson, Turn
from engine.training import guidance
from engine.training.guidance import Look, Looks, Sight, gathered

Seen = tuple[Tensor, dict[str, Tensor]]
"""Rows for the language model and dense losses by name."""
ENDLESS = 4_000_000
"""Lessons of a stage, more than any run sees: every lesson is new."""
_SPOKEN = {
    "pictures": 0.48,
    "mixtures": 0.07,
    "clips": 0.13,
    "sounds": 0.07,
    "pairs": 0.06,
    "sights": 0.16,
    "slides": 0.03,
}
MIXES: Mapping[str, Mapping[str, float]] = {
    "dense": {"sights": 0.93, "sounds": 0.07},
    "dense clips": {"clips": 0.5, "slides": 0.3, "sounds": 0.2},
    **dict.fromkeys(("alignment", "fine-grained", "instruction"), _SPOKEN),
}
"""By stage, how often each source is drawn from."""
_GLANCE = 60.0
"""What a medium that nothing is asked about counts: about as much as the answers about another."""
_IGNORED = -100
_HALFWAY = 4
"""The image tower's layer after which a patch should know its thing: only then can things be compared."""
_EARLY = 2
"""The layer after which a name should know its place, so that the digits find it there."""


class Blocks(Struct, frozen=True):
    """Talks of similar length: ids, labels and their weights (N, L), and each one's lesson within the batch (N,).

    `ahead` (N, L, 8) are the digits that will follow a name, at its last place, else ignored.
    """

    ids: Tensor
    labels: Tensor
    weights: Tensor
    ahead: Tensor
    owner: Tensor
    looks: list[Looks]


class Packed(Struct, frozen=True):
    """Lessons about the same kinds of media, side by side: prefix (B, P) is what all questions of a lesson share."""

    values: dict[MediaKind, Tensor]
    truths: dict[MediaKind, tuple[Tensor, ...]]
    prefix: Tensor
    blocks: list[Blocks]
    places: int
    weight: float
    samples: int
    tokens: int


class Drawn:
    """The lessons of one stage; unit n is drawn from the seed (run, stage, n)."""

    def __init__(self, course: Course, seed: int, stage: Stage, *, text: bool) -> None:
        self._course, self._seed, self._text = course, seed, text
        self._name = sum(stage.name.encode())
        mix = {source: MIXES[stage.name][source] for source in stage.data}
        self._sources = tuple(mix)
        self._shares = np.array(tuple(mix.values())) / sum(mix.values())

    samples = ENDLESS

    def __len__(self) -> int:
        return ENDLESS

    def batches(self, units: Sequence[int], room: int) -> list[Packed]:
        """The lessons of `units`, grouped by kinds of media, at most `room` tokens each."""
        groups: dict[str, list[Lesson]] = defaultdict(list)
        for unit in units:
            rng = np.random.default_rng((self._seed, self._name, unit))
            source = self._sources[int(rng.choice(len(self._sources), p=self._shares))]
            groups[source] += lessons.drawn(source, rng, self._course)
        packed = []
        for group in groups.values():
            longest = max(_length(lesson) for lesson in group)
            step = max(1, room // longest)
            packed += [pack(group[at : at + step], text=self._text) for at in range(0, len(group), step)]
        return packed


class Raising:
    """The `Course` of the loop: the whole network and its dense readers."""

    device = torch.device("cpu")

    def __init__(self, model: GroundingModel, dense: Dense, course: Course, seed: int) -> None:
        self.model, self.dense, self.course, self._seed = model, dense, course, seed
        self._parameters = dict(model.named_parameters())
        self._parameters |= {f"dense.{name}": parameter for name, parameter in dense.named_parameters()}

    def parameters(self) -> Mapping[str, nn.Parameter]:
        return self._parameters

    def data(self, stage: Stage) -> Drawn:
        return Drawn(_schooled(self.course, stage), self._seed, stage, text=_speaks(stage))

    def loss(self, stage: Stage, batch: Packed) -> tuple[Tensor, dict[str, Tensor]]:
        """Summed cross-entropy of the answers, and the dense losses at the stage's weight."""
        # Of torch's attentions for the CPU the plain one is by far the fastest at this size.
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16()), sdpa_kernel(SDPBackend.MATH):
            rows, parts = self._look(batch)
            total = sum(parts.values(), torch.zeros(())) * (stage.auxiliary * batch.weight)
            parts = {name: part.detach() * batch.weight for name, part in parts.items()}
            if _speaks(stage) and batch.blocks:
                text, ahead, astray = self._speak(batch, rows)
                total = total + text + ahead * (stage.auxiliary * batch.weight) + astray * stage.guidance
                parts |= {"text": text.detach(), "ahead": ahead.detach() * batch.weight, "astray": astray.detach()}
        return total, parts

    def _look(self, batch: Packed) -> tuple[dict[MediaKind, Tensor], dict[str, Tensor]]:
        """Rows for the language model, and dense losses."""
        ways = {MediaKind.IMAGE: self._picture, MediaKind.VIDEO: self._clip, MediaKind.AUDIO: self._sound}
        rows: dict[MediaKind, Tensor] = {}
        parts: dict[str, Tensor] = {}
        for kind, values in batch.values.items():
            rows[kind], losses = ways[kind](values, batch.truths[kind])
            parts |= losses
        return rows, parts

    def _picture(self, values: Tensor, truth: tuple[Tensor, ...]) -> Seen:
        states = clip_states(self.model.vision_tower, self.model.architecture.clip, values)
        losses = self.dense.picture(states[-1], *truth) | {"early": self.dense.halfway(states[_HALFWAY], *truth[::2])}
        return self.model.project_image(states[-1]), losses

    def _clip(self, values: Tensor, truth: tuple[Tensor, ...]) -> Seen:
        """As `Encoding.encode_video`, with a look at the patches on the way."""
        body, count = self.model.model, len(values)
        patches = body.ln_vision(body.visual_encoder(values.transpose(1, 2).flatten(0, 1)))
        frames = body.Qformer(body.query_tokens, patches).unflatten(0, (count, -1))
        steps = self.model.read_video(frames)
        seen = (patches[:, 1:].unflatten(0, (count, -1)), frames, steps)
        return body.llama_proj(steps), self.dense.clip(seen, *truth)

    def _sound(self, values: Tensor, truth: tuple[Tensor, ...]) -> Seen:
        windows = self.model.sound_features(values)
        steps = self.model.read_sound(windows)
        return self.model.model.audio_llama_proj(steps), self.dense.sound(windows, steps, *truth)

    def _speak(self, batch: Packed, rows: dict[MediaKind, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Losses of the answers (summed), of looking ahead, and of looking astray (summed).

        The prefix is read once, and every talk goes on from a copy of its keys and values.
        """
        body = self.model.model
        embeds = self.model.embed(batch.prefix, rows)
        shared = body(inputs_embeds=embeds, use_cache=True).past_key_values
        total, astray = torch.zeros(()), torch.zeros(())
        early: list[Tensor] = []
        for block in batch.blocks:
            kept = DynamicCache()
            for place, layer in enumerate(shared.layers):
                kept.update(layer.keys[block.owner], layer.values[block.owner], place)
            said = body(input_ids=block.ids, past_key_values=kept, use_cache=True, output_hidden_states=True)
            named = (block.ahead != _IGNORED).any(dim=-1)
            early.append(self.dense.ahead(said.hidden_states[_EARLY][named], block.ahead[named]))
            astray = astray + self._astray(batch.prefix, shared, said.hidden_states, block)
            hidden = said.last_hidden_state
            learned = block.labels != _IGNORED
            logits = self.model.lm_head(hidden[learned]).float()
            each = functional.cross_entropy(logits, block.labels[learned], reduction="none")
            total = total + each @ block.weights[learned]
        return total, torch.stack(early).sum() / max(1, batch.places), astray

    def _astray(self, prefix: Tensor, shared: Cache, states: Sequence[Tensor], block: Blocks) -> Tensor:
        """How far the heads that are guided look elsewhere (summed); the keys are those of the prefix."""
        total = torch.zeros(())
        for looks in block.looks:
            first = int((prefix[0] == self.model.architecture.ids(looks.kind).patch).nonzero()[0])
            seen = slice(first, first + looks.covered.shape[1])
            for number, head in HEADS[looks.sort]:
                keys = shared.layers[number].keys[block.owner[looks.rows], :, seen]
                sight = Sight(states[number][looks.rows, looks.places], prefix.shape[1] + looks.places, keys)
                total = total + guidance.missed(self.model, number, head, sight, looks.covered)
        return total


def pack(group: Sequence[Lesson], *, text: bool) -> Packed:
    """Lessons as tensors; the shorter ones are filled up."""
    values = {kind: torch.from_numpy(np.stack([one.values[kind] for one in group])) for kind in group[0].values}
    truths = {
        kind: tuple(
            torch.from_numpy(np.stack(parts)) for parts in zip(*(one.truths[kind] for one in group), strict=True)
        )
        for kind in group[0].truths
    }
    talks = sorted(
        ((_row(talk), owner) for owner, one in enumerate(group) for talk in one.talks), key=lambda row: len(row[0].ids)
    )
    blocks = [_block(part) for part in _similar(talks)]
    prefix = torch.tensor([one.prefix for one in group])
    learned = sum(float(block.weights.sum()) for block in blocks)
    tokens = prefix.numel() + sum(block.ids.numel() for block in blocks)
    places = sum(int((block.ahead != _IGNORED).sum()) for block in blocks)
    weight = learned if text and blocks else _GLANCE * len(group)
    return Packed(values, truths, prefix, blocks, places, weight, len(group), tokens)


class Row(Struct, frozen=True):
    """Ids of a talk, labels (the next id where the model is to say it), their weights, the digits ahead, and looks."""

    ids: list[int]
    labels: list[int]
    weights: list[float]
    ahead: list[list[int]]
    looks: list[Look]


def _row(talk: Sequence[Turn]) -> Row:
    row = Row([], [], [], [], [])
    for turn in talk:
        row.looks.extend(replace(look, place=look.place + len(row.ids)) for look in turn.looks)
        before, blank = len(turn.question) - 1, [_IGNORED] * 8
        row.ids.extend(turn.question + turn.answer)
        row.labels.extend([_IGNORED] * before + turn.answer + [_IGNORED])
        row.weights.extend([0.0] * before + turn.weights + [0.0])
        row.ahead.extend([blank] * before + [turn.ahead.get(place, blank) for place in range(len(turn.answer) + 1)])
    return row


def _similar(talks: Sequence[tuple[Row, int]]) -> list[list[tuple[Row, int]]]:
    """Talks sorted by length, in parts whose longest is at most half as long again as its shortest."""
    parts: list[list[tuple[Row, int]]] = []
    for talk in talks:
        if not parts or len(talk[0].ids) > 1.5 * len(parts[-1][0][0].ids):
            parts.append([])
        parts[-1].append(talk)
    return parts


def _block(part: Sequence[tuple[Row, int]]) -> Blocks:
    longest = max(len(row.ids) for row, _ in part)

    def filled(which: str, fill: object) -> Tensor:
        rows = [getattr(row, which) for row, _ in part]
        return torch.tensor([row + [fill] * (longest - len(row)) for row in rows])

    return Blocks(
        filled("ids", 0),
        filled("labels", _IGNORED),
        filled("weights", 0.0),
        filled("ahead", [_IGNORED] * 8),
        torch.tensor([owner for _, owner in part]),
        gathered([row.looks for row, _ in part]),
    )


def _schooled(course: Course, stage: Stage) -> Course:
    """Names first; then places with some naming again; then several turns of everything."""
    if stage.name == "alignment":
        return replace(course, tasks=NAMING)
    return replace(course, turns=3) if stage.name == "instruction" else course


def _speaks(stage: Stage) -> bool:
    return "llama" in stage.trainable


def _length(lesson: Lesson) -> int:
    return len(lesson.prefix) + sum(len(turn.question) + len(turn.answer) for talk in lesson.talks for turn in talk)
