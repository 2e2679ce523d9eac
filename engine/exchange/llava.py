"""Conversations as GroundingGPT and LLaVA train on them: a JSON list of talks about one image, video or sound.

Boxes are fractions of the picture padded to a square with 3 decimals, times fractions of the length with 2 decimals,
both written and read by `engine.grammar`. `stage` says which row of training a talk serves; `gw` carries the rest.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from engine import grammar
from engine.domain.annotation import Annotation
from engine.domain.geometry import Absent, Box, Geometry, Segment, WholeItem
from engine.domain.media import MediaItem, MediaKind
from engine.exchange import reading
from engine.exchange.conversations import Piece, Talk, Turn, TurnFacts, denial, facts_beside, talks
from engine.exchange.dataset import Dataset, category_names
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing
from engine.exchange.serialise import json_bytes

KEYS = {MediaKind.IMAGE: "image", MediaKind.VIDEO: "video", MediaKind.AUDIO: "sound"}
_TOKEN = re.compile(r"\s*<(?:image|video|sound|audio)>\s*")
_DENIAL = re.compile(r"There is no (.+) in the (?:image|video|audio)\.", re.DOTALL)
_SEPARATOR = "; "
_LONGEST_ANSWER = 4096
# What rounding to 3 decimals may add to an edge.
_EDGE = 5.1e-4
# The wording of a foreign answer, kept with its first annotation.
_ANSWER = "groundinggpt.answer"


class Said(Struct, frozen=True, rename={"speaker": "from"}):
    speaker: str
    value: str


class Record(Struct, frozen=True):
    conversations: list[Said]
    id: str | int = ""
    image: str | None = None
    video: str | None = None
    sound: str | None = None
    stage: int = 0
    gw: list[TurnFacts] = []


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    asked = {query.id: query for query in dataset.queries}
    names = category_names(dataset)
    answered: set[str | None] = set()
    records: list[dict[str, Any]] = []
    for item, annotations in out.each(dataset):
        sayable = [one for one in annotations if _sayable(one, item, out)]
        answered.update(one.query for one in sayable)
        records += [_record(talk, names, out) for talk in talks(item, sayable, dataset, asked)]
    out.losses.dropped("question without a verified answer", count=len(asked.keys() - answered))
    yield File("", json_bytes(records))


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    raws = reading.json(source, list[msgspec.Raw])
    for done, record in enumerate(reading.rows(raws, Record, into.losses, "record"), 1):
        if done % 1024 == 0:
            into.tick(done, len(raws))
        media = {
            kind: item
            for kind, key in KEYS.items()
            if (name := getattr(record, key)) and (item := into.media.find(name, kind))
        }
        if media:
            yield from _talk(record, media, into)
        else:
            into.losses.dropped("talk about a medium that is not in the project", str(record.id)[:60])


def question_text(text: str, out: Outgoing) -> str:
    """A question without anything that a trainer would take for a medium."""
    plain = _TOKEN.sub(" ", text).strip()
    if plain != text:
        out.losses.changed("a medium's token or outer blanks in a question", text[:60])
    return plain


def _record(talk: Talk, names: dict[str, str], out: Outgoing) -> dict[str, Any]:
    key = KEYS[talk.item.kind]
    said = []
    for at, turn in enumerate(talk.turns):
        question = question_text(turn.question, out)
        if turn.query is not None:
            item, query = talk.item, turn.query
            size = (item.width, item.height)
            question = grammar.question(question, query.region, query.moment, size=size, clock=item.clock)
        said.append({"from": "human", "value": f"<{key}>\n{question}" if at == 0 else question})
        said.append({"from": "gpt", "value": _answer(turn, talk.item)})
    beside = [facts_beside(turn, names) for turn in talk.turns]
    return {"id": talk.id, key: talk.item.path, "conversations": said, "stage": talk.stage, "gw": beside}


def _answer(turn: Turn, item: MediaItem) -> str:
    phrase = turn.groups[0][0]
    if turn.kind == "whole":
        return phrase
    if turn.kind == "absent":
        return denial(phrase, item)
    said = _said_before(turn, item)
    if said is not None:
        return said
    groups = (grammar.write(words, [_coordinates(one, item) for one in group]) for words, group in turn.groups)
    return _SEPARATOR.join(groups)


def _said_before(turn: Turn, item: MediaItem) -> str | None:
    """The wording that an imported answer had, with new coordinates where they moved; None where it no longer fits."""
    annotations = [(phrase, one) for phrase, group in turn.groups for one in group]
    text = annotations[0][1].extra.get(_ANSWER, "")
    spans = grammar.read(text)
    if [span.phrase for span in spans] != [one.phrase for _, one in annotations] or not spans:
        return None
    for span, (_, one) in zip(reversed(spans), reversed(annotations), strict=True):
        if _place_of(span, item) == one.geometry:
            continue
        start = max(text.rfind("[", 0, span.end), text.rfind("{", 0, span.end))
        text = text[:start] + _coordinates(one, item) + text[span.end :]
    return text


def _coordinates(annotation: Annotation, item: MediaItem) -> str:
    geometry = annotation.geometry
    if isinstance(geometry, Box):
        return grammar.write_box(geometry, (item.width, item.height))
    if isinstance(geometry, Segment) and item.clock is not None:
        return grammar.write_segment(geometry, item.clock)
    return ""


def _sayable(annotation: Annotation, item: MediaItem, out: Outgoing) -> bool:
    """Whether the model's decimals can say it; the rounding is noted."""
    if not isinstance(annotation.geometry, Box | Segment):
        return True
    span = grammar.read(_coordinates(annotation, item))
    if not span or not span[0].well_formed:
        out.leave_out("box or segment too small for the model's decimals", item.path)
        return False
    numbers = span[0].numbers
    if isinstance(annotation.geometry, Box):
        exact = grammar.to_square(annotation.geometry, (item.width, item.height))
        error = max(abs(a - b) for a, b in zip(exact, numbers, strict=True)) * max(item.width, item.height)
        out.losses.rounded("edges", error, "px")
    elif item.clock is not None:
        ends = ((pts - item.clock.start) / item.clock.duration for pts in _ends(annotation.geometry))
        error = max(abs(a - b) for a, b in zip(ends, numbers, strict=True)) * item.clock.seconds
        out.losses.rounded("times", error, "s")
    return True


def _ends(segment: Segment) -> tuple[int, int]:
    return segment.start, segment.end


def _talk(record: Record, media: dict[MediaKind, MediaItem], into: Incoming) -> Iterator[Imported]:
    first = next(iter(media.values()))
    turns = list(zip(record.conversations[::2], record.conversations[1::2], strict=False))
    before: str | None = None
    for at, (human, answer) in enumerate(turns):
        beside = record.gw[at] if at < len(record.gw) else None
        query: str | None = None
        if beside is None or beside.query is not None:
            known = beside.query if beside else None
            question = known.text if known else _TOKEN.sub(" ", human.value).strip()
            query, made = into.query(first, question, known)
            if made is not None:
                yield msgspec.structs.replace(made, follows=before) if known is None else made
            before = query
        yield from _answers(answer.value, beside.pieces if beside else [], media, query, into)


def _answers(
    text: str, pieces: list[Piece], media: dict[MediaKind, MediaItem], query: str | None, into: Incoming
) -> Iterator[Imported]:
    first = next(iter(media.values()))
    spans = grammar.read(text)
    if not spans:
        denied = _DENIAL.fullmatch(text)
        geometry = Absent() if denied else WholeItem()
        yield _said(
            first, geometry, denied.group(1) if denied else text, pieces[0] if pieces else None, query=query, into=into
        )
        return
    if pieces and len(pieces) != len(spans):
        into.losses.changed("facts that do not fit their answer", text[:60])
        pieces = []
    for at, span in enumerate(spans):
        item = _place(span, media)
        found = _place_of(span, item) if item else None
        if item is None or found is None:
            into.losses.dropped("coordinates that mean no place in their medium", text[span.start : span.end][:60])
            continue
        if isinstance(found, Box):
            _note_clipping(span, found, item, into)
        made = _said(item, found, span.phrase, pieces[at] if pieces else None, query=query, into=into)
        foreign = at == 0 and not pieces
        yield msgspec.structs.replace(made, extra={_ANSWER: text[:_LONGEST_ANSWER]}) if foreign else made


def _place_of(span: grammar.Span, item: MediaItem) -> Box | Segment | None:
    return grammar.groundings([span], (item.width, item.height), item.clock, score=1.0)[0].geometry


def _note_clipping(span: grammar.Span, box: Box, item: MediaItem, into: Incoming) -> None:
    """The model's square is larger than the picture: a box may lie partly in the padding."""
    kept = grammar.to_square(box, (item.width, item.height))
    beyond = max(abs(a - b) for a, b in zip(kept, span.numbers, strict=True))
    if beyond > _EDGE:
        side = max(item.width, item.height)
        into.losses.clipped("box that reaches beyond its picture", beyond * side, "px", item.path)


def _place(span: grammar.Span, media: dict[MediaKind, MediaItem]) -> MediaItem | None:
    if span.box:
        return media.get(MediaKind.IMAGE)
    return media.get(MediaKind.VIDEO) or media.get(MediaKind.AUDIO)


def _said(
    item: MediaItem, geometry: Geometry, phrase: str, piece: Piece | None, *, query: str | None, into: Incoming
) -> Annotation:
    if piece is None:
        return into.annotation(item, geometry, "", phrase=phrase, labelled=False, query=query)
    return into.annotation(item, geometry, piece.label, phrase=phrase, facts=piece.facts, query=query)
