"""Conversations as ms-swift trains on them: JSONL with placeholders, boxes in pixels as `objects` of type "real".

The format has no field for times: a segment is said in seconds in the text. `gw` carries the rest.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from engine.domain.annotation import Annotation
from engine.domain.geometry import Absent, Box, Geometry, Segment, WholeItem
from engine.domain.media import MediaItem, MediaKind
from engine.exchange import reading
from engine.exchange.conversations import Piece, Talk, Turn, TurnFacts, denial, facts_beside, talks
from engine.exchange.dataset import Dataset, category_names
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing
from engine.exchange.serialise import json_bytes

_KEYS = {MediaKind.IMAGE: "images", MediaKind.VIDEO: "videos", MediaKind.AUDIO: "audios"}
_TOKENS = {MediaKind.IMAGE: "<image>", MediaKind.VIDEO: "<video>", MediaKind.AUDIO: "<audio>"}
_PLACEHOLDER = re.compile(r"<(image|video|audio|ref-object|bbox)>")
_PLACES = re.compile(r"(<ref-object>)?((?:<bbox>)+)")
_TIMES = re.compile(r"(?:^|(?<=; ))(.*?): (\d+(?:\.\d+)?)-(\d+(?:\.\d+)?) s(?=; |$)", re.DOTALL)
_Edges = tuple[float, float, float, float]
_Objects = tuple[Iterator[str], Iterator[_Edges], str]
_DENIAL = re.compile(r"There is no (.+) in the (?:image|video|audio)\.", re.DOTALL)


class Message(Struct, frozen=True):
    role: str
    content: str


class Objects(Struct, frozen=True):
    """`bbox` of type "real" is in pixels, of type "norm1" in fractions of the picture."""

    ref: list[str] = []
    bbox: list[tuple[float, float, float, float]] = []
    bbox_type: str = "real"


class Line(Struct, frozen=True):
    messages: list[Message]
    images: list[str] = []
    videos: list[str] = []
    audios: list[str] = []
    objects: Objects = Objects()
    gw: list[TurnFacts] = []


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    asked = {query.id: query for query in dataset.queries}
    names = category_names(dataset)
    answered: set[str | None] = set()
    lines: list[bytes] = []
    for item, annotations in out.each(dataset):
        answered.update(one.query for one in annotations)
        said = talks(item, annotations, dataset, asked)
        lines += [json_bytes(_line(talk, names, out), lines=True) for talk in said]
    out.losses.dropped("question without a verified answer", count=len(asked.keys() - answered))
    yield File("", b"".join(lines))


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    for line in reading.json_lines(source, into.losses, Line):
        item = next(
            (
                found
                for kind, key in _KEYS.items()
                if (named := getattr(line, key)) and (found := into.media.find(named[0], kind))
            ),
            None,
        )
        if item is None:
            into.losses.dropped("talk about a medium that is not in the project")
        else:
            yield from _talk(line, item, into)


def _line(talk: Talk, names: dict[str, str], out: Outgoing) -> dict[str, Any]:
    messages: list[dict[str, str]] = []
    refs: list[str] = []
    boxes: list[tuple[float, ...]] = []
    for at, turn in enumerate(talk.turns):
        token = _TOKENS[talk.item.kind] if at == 0 else ""
        question = _plain(turn.question, out)
        if turn.query is not None and turn.query.region is not None:
            question += " <bbox>"
            boxes.append(turn.query.region.edges)
        messages.append({"role": "user", "content": token + question})
        messages.append({"role": "assistant", "content": _answer(turn, talk.item, refs, boxes, out)})
    objects = {"ref": refs, "bbox": boxes, "bbox_type": "real", "image_id": [0] * len(boxes)}
    line: dict[str, Any] = {"messages": messages, _KEYS[talk.item.kind]: [talk.item.path]}
    return line | ({"objects": objects} if boxes else {}) | {"gw": [facts_beside(turn, names) for turn in talk.turns]}


def _answer(turn: Turn, item: MediaItem, refs: list[str], boxes: list[tuple[float, ...]], out: Outgoing) -> str:
    phrase = _plain(turn.groups[0][0], out)
    if turn.kind == "whole":
        return phrase
    if turn.kind == "absent":
        return denial(phrase, item)
    parts: list[str] = []
    for words, group in turn.groups:
        if turn.kind == "box":
            refs.append(words)
            found = [one.geometry.edges for one in group if isinstance(one.geometry, Box)]
            boxes += found
            parts.append("<ref-object>" + "<bbox>" * len(found))
        else:
            parts += [f"{_plain(words, out)}: {_seconds(one, item, out)} s" for one in group]
    return "; ".join(parts)


def _seconds(annotation: Annotation, item: MediaItem, out: Outgoing) -> str:
    if not isinstance(annotation.geometry, Segment):
        return ""
    start, end = out.seconds(item, annotation.geometry, 3)
    return f"{start:.3f}-{end:.3f}"


def _plain(text: str, out: Outgoing) -> str:
    """Text in which nothing looks like a placeholder."""
    plain = _PLACEHOLDER.sub(r"(\1)", text)
    if plain != text:
        out.losses.changed("placeholder inside a phrase or question", text[:60])
    return plain


def _talk(line: Line, item: MediaItem, into: Incoming) -> Iterator[Imported]:
    refs, boxes = iter(line.objects.ref), iter(line.objects.bbox)
    spoken = [message for message in line.messages if message.role != "system"]
    for at, (user, assistant) in enumerate(zip(spoken[::2], spoken[1::2], strict=False)):
        beside = line.gw[at] if at < len(line.gw) else None
        for _ in range(user.content.count("<bbox>")):
            next(boxes, None)
        for _ in range(user.content.count("<ref-object>")):
            next(refs, None)
        query: str | None = None
        if beside is None or beside.query is not None:
            known = beside.query if beside else None
            text = known.text if known else _PLACEHOLDER.sub("", user.content)
            query, made = into.query(item, text, known)
            if made is not None:
                yield made
        pieces = beside.pieces if beside else []
        yield from _answers(assistant.content, pieces, item, query, (refs, boxes, line.objects.bbox_type), into=into)


def _answers(
    text: str,
    pieces: list[Piece],
    item: MediaItem,
    query: str | None,
    objects: _Objects,
    *,
    into: Incoming,
) -> Iterator[Imported]:
    found = _read(text, item, objects, into)
    if pieces and len(pieces) != len(found):
        into.losses.changed("facts that do not fit their answer", text[:60])
        pieces = []
    for at, (phrase, geometry) in enumerate(found):
        if geometry is None:
            continue
        if pieces:
            yield into.annotation(item, geometry, pieces[at].label, phrase=phrase, facts=pieces[at].facts, query=query)
        else:
            yield into.annotation(item, geometry, "", phrase=phrase, labelled=False, query=query)


def _read(
    text: str,
    item: MediaItem,
    objects: _Objects,
    into: Incoming,
) -> list[tuple[str, Geometry | None]]:
    refs, boxes, type_ = objects
    found: list[tuple[str, Geometry | None]] = []
    for match in _PLACES.finditer(text):
        phrase = next(refs, "") if match.group(1) else ""
        for _ in range(len(match.group(2)) // len("<bbox>")):
            edges = next(boxes, None)
            if edges is None:
                into.losses.dropped("placeholder without a box", text[:60])
                continue
            found.append((phrase, into.box(item, _pixels(edges, item, type_))))
    if not found and item.kind is not MediaKind.IMAGE:
        times = [(match.group(1), float(match.group(2)), float(match.group(3))) for match in _TIMES.finditer(text)]
        found = [(phrase, into.segment(item, start, end)) for phrase, start, end in times]
    if found or _PLACES.search(text):
        return found
    denied = _DENIAL.fullmatch(text)
    return [(denied.group(1), Absent())] if denied else [(text, WholeItem())]


def _pixels(edges: tuple[float, float, float, float], item: MediaItem, type_: str) -> tuple[float, float, float, float]:
    if type_ != "norm1":
        return edges
    x0, y0, x1, y1 = edges
    return x0 * item.width, y0 * item.height, x1 * item.width, y1 * item.height
