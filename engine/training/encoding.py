"""Conversations as token ids, with a mask of what the model is to learn: every answer and the stop after it.

The text is the very one that asking uses, so that what is learned is what is asked. The ids up to the end of the media
are the head, which questions about the same media share.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from engine.domain.media import MediaKind
from engine.domain.training import Record
from engine.grounding.architecture import MEDIA_TOKENS, Architecture
from engine.grounding.prompt import PromptStyle, media_block, prompt
from engine.grounding.tokens import Tokenizer, literal
from engine.training import guidance
from engine.training.guidance import Heads, Look

# No path has it.
_FRAME = "\0"


class Sample(Struct, frozen=True):
    """One conversation. `head` ids end with the media, `ids` follow; `learn` marks those of `ids` to be learned.

    `looks` count their places from the first of `ids`; the model has none whose heads are not guided.
    """

    media: tuple[tuple[MediaKind, str], ...]
    head: tuple[int, ...]
    ids: tuple[int, ...]
    learn: tuple[bool, ...]
    looks: tuple[Look, ...] = ()

    def __len__(self) -> int:
        return len(self.head) + len(self.ids)


class Unit(Struct, frozen=True):
    """Conversations about the same media, behind one head."""

    media: tuple[tuple[MediaKind, str], ...]
    head: tuple[int, ...]
    samples: tuple[Sample, ...]

    def __len__(self) -> int:
        return len(self.head) + sum(len(sample.ids) for sample in self.samples)


def keys(record: Record) -> dict[MediaKind, str]:
    """The record's media by kind, named so that a frame of a clip is another medium than the clip."""
    mark = "" if record.frame is None else f"{_FRAME}{record.frame}"
    return {kind: f"{path}{mark}" for kind, path in record.media.items()}


def file_and_frame(key: str) -> tuple[Path, int | None]:
    """What a medium's name stands for."""
    path, _, frame = key.partition(_FRAME)
    return Path(path), int(frame) if frame else None


class Speech(Struct, frozen=True):
    """How a model is spoken to: its tokens, its words around a conversation, its places for media, its guided heads."""

    tokenizer: Tokenizer
    style: PromptStyle
    architecture: Architecture
    guided: Heads = {}


def encode(record: Record, speech: Speech) -> Sample:
    """Ids and mask of a record with at least one turn."""
    style, tokenizer = speech.style, speech.tokenizer
    places = {kind: speech.architecture.tokens(kind) for kind in record.media}
    turns = [(literal(turn.question), literal(turn.answer)) for turn in record.turns]
    turns[0] = (media_block(style, places) + turns[0][0], turns[0][1])
    whole = tokenizer.encode(prompt(style, turns))
    learn = [False] * len(whole)
    cut, begun = _after_media(whole, tokenizer), 0
    looks: list[Look] = []
    for last in range(len(turns)):
        asked = prompt(style, [*turns[:last], (turns[last][0], None)])
        start = _shared(whole, tokenizer.encode(asked))
        end = _shared(whole, tokenizer.encode(prompt(style, turns[: last + 1])))
        learn[start:end] = [True] * (end - start)
        begun = max(begun, cut)
        if speech.guided:
            found = guidance.looks(tokenizer, speech.architecture, tuple(places), whole[begun:start], whole[start:end])
            looks += [replace(look, place=look.place + begun - cut) for look in found if look.sort in speech.guided]
        begun = end
    named = keys(record)
    media = tuple((kind, named[kind]) for kind in style.order if kind in named)
    return Sample(media, tuple(whole[:cut]), tuple(whole[cut:]), tuple(learn[cut:]), tuple(looks))


def units(samples: Iterable[Sample], questions: int, longest: int) -> list[Unit]:
    """Samples gathered by their media, up to `questions` and `longest` tokens in one; text alone stays alone."""
    by_media: dict[tuple[tuple[MediaKind, str], ...], list[Sample]] = {}
    gathered: list[Unit] = []
    for sample in samples:
        if not sample.media:
            gathered.append(Unit((), (), (sample,)))
            continue
        row = by_media.setdefault(sample.media, [])
        if row and (len(row) == questions or sum(len(one.ids) for one in row) + len(sample) > longest):
            gathered.append(_unit(row))
            row.clear()
        row.append(sample)
    return [*gathered, *(_unit(row) for row in by_media.values() if row)]


def _unit(row: Sequence[Sample]) -> Unit:
    return Unit(row[0].media, row[0].head, tuple(row))


def _shared(whole: Sequence[int], part: Sequence[int]) -> int:
    """How many ids both begin with: where a turn's text ends inside the whole conversation."""
    for place, (left, right) in enumerate(zip(whole, part, strict=False)):
        if left != right:
            return place
    return min(len(whole), len(part))


def _after_media(ids: Sequence[int], tokenizer: Tokenizer) -> int:
    ends = {tokenizer.special[names[2]] for names in MEDIA_TOKENS.values() if names[2] in tokenizer.special}
    return max((place + 1 for place, number in enumerate(ids) if number in ends), default=0)
