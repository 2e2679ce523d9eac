"""Questions with their verified answers, as turns of talks about one medium; the formats put them into words."""

import re
from collections.abc import Iterator

from msgspec import Struct

from engine.domain.annotation import Annotation
from engine.domain.media import MediaItem, MediaKind
from engine.domain.query import Query
from engine.exchange.dataset import Dataset, category, category_names, kind_of
from engine.exchange.facts import Facts, facts_of

_ARTICLE = re.compile(r"^(?:an?|the|any)\s+(?=\S)", re.IGNORECASE)
NOUNS = {MediaKind.IMAGE: "image", MediaKind.VIDEO: "video", MediaKind.AUDIO: "audio"}


class Piece(Struct, frozen=True, omit_defaults=True):
    """What a coordinate, a caption or a denial of a talk was in the project; `label` is a label's name."""

    facts: Facts
    label: str = ""


class TurnFacts(Struct, frozen=True):
    """Beside one turn: the stored question, None where the question was made up here, and the pieces in order."""

    query: Query | None
    pieces: list[Piece]


class Turn(Struct, frozen=True):
    """A question and the annotations that answer it, all of one kind, those of one phrase together."""

    question: str
    query: Query | None
    kind: str
    groups: tuple[tuple[str, tuple[Annotation, ...]], ...]


class Talk(Struct, frozen=True):
    """Turns about one item. `stage` is the row of training it serves: 1 captions, 2 one grounding, 3 several turns."""

    id: str
    item: MediaItem
    stage: int
    turns: tuple[Turn, ...]


def talks(item: MediaItem, annotations: list[Annotation], dataset: Dataset, asked: dict[str, Query]) -> list[Talk]:
    """All talks about an item: one for each chain of questions, and one for each phrase that nobody asked for."""
    names = category_names(dataset)
    answers: dict[str, list[Annotation]] = {}
    unasked: dict[tuple[str, str], list[Annotation]] = {}
    for one in annotations:
        if one.query in asked:
            answers.setdefault(one.query or "", []).append(one)
        else:
            unasked.setdefault((kind_of(one), one.phrase or category(one, names)), []).append(one)
    made = [_talk(item, chain, answers, names) for chain in _chains(answers, asked)]
    for (kind, phrase), group in unasked.items():
        turns = _turns(_question(item, kind, phrase), None, group, names)
        made += [Talk(turn.groups[0][1][0].id, item, _stage((turn,)), (turn,)) for turn in turns]
    return made


def facts_beside(turn: Turn, dataset_names: dict[str, str]) -> TurnFacts:
    pieces = [Piece(facts_of(one), dataset_names.get(one.label or "", "")) for _, group in turn.groups for one in group]
    return TurnFacts(turn.query, pieces)


def denial(phrase: str, item: MediaItem) -> str:
    return f"There is no {_ARTICLE.sub('', phrase)} in the {NOUNS[item.kind]}."


def _talk(item: MediaItem, chain: list[Query], answers: dict[str, list[Annotation]], names: dict[str, str]) -> Talk:
    turns = tuple(turn for query in chain for turn in _turns(query.text, query, answers[query.id], names))
    return Talk(chain[0].id, item, _stage(turns), turns)


def _turns(question: str, query: Query | None, group: list[Annotation], names: dict[str, str]) -> Iterator[Turn]:
    kinds: dict[str, list[Annotation]] = {}
    for one in group:
        kinds.setdefault(kind_of(one), []).append(one)
    for kind, some in kinds.items():
        if kind in {"whole", "absent"}:
            for one in some:
                yield Turn(question, query, kind, ((one.phrase or category(one, names), (one,)),))
            continue
        phrases: dict[str, list[Annotation]] = {}
        for one in some:
            phrases.setdefault(one.phrase or category(one, names), []).append(one)
        yield Turn(question, query, kind, tuple((phrase, tuple(found)) for phrase, found in phrases.items()))


def _chains(answers: dict[str, list[Annotation]], asked: dict[str, Query]) -> Iterator[list[Query]]:
    """Answered questions, each behind the one that it follows."""
    following: dict[str | None, list[str]] = {}
    for id_ in answers:
        before = asked[id_].follows
        following.setdefault(before if before in answers and before != id_ else None, []).append(id_)
    seen: set[str] = set()
    for first in [*following.get(None, []), *answers]:
        chain: list[Query] = []
        at: str | None = first
        while at is not None and at not in seen:
            seen.add(at)
            chain.append(asked[at])
            at = next((id_ for id_ in following.get(at, []) if id_ not in seen), None)
        if chain:
            yield chain


def _stage(turns: tuple[Turn, ...]) -> int:
    if len(turns) > 1:
        return 3
    return 1 if turns[0].kind == "whole" else 2


def _question(item: MediaItem, kind: str, phrase: str) -> str:
    if kind == "whole":
        return f"Describe the {NOUNS[item.kind]}."
    if kind == "segment" or (kind == "absent" and item.kind is not MediaKind.IMAGE):
        return f"When does this occur: {phrase}?"
    return f"Where is {phrase}?"
