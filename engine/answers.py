"""From a question and what the model said to one Edit: evidence kept, predictions to review, human work untouched."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review, alike
from engine.domain.geometry import Absent, Box, Geometry, Key, Track, overlap
from engine.domain.ids import new_id
from engine.domain.query import Grounding, ModelRef, Prediction, Query
from engine.edits import Change, Edit
from engine.grammar import ABSENT

GROUNDING = "groundwork.grounding"
# From these overlaps on it is the very same place, and the same place of the same thing.
_SAME_PLACE, _SAME_THING = 0.95, 0.9
_SUBJECT = re.compile(
    r"^(?:please\s+)?(?:where|when|at what time|how long|find|locate|show(?: me)?|point (?:to|out)|is there|"
    r"are there|can you (?:see|hear|find))\b[\s:]*"
    r"(?:(?:is|are|does|do|did|was|were|can (?:i|you|we) (?:see|hear|find))\b)?\s*"
    r"(?:(?:the|a|an|any|some)\b)?\s*(?P<subject>.+?)\s*"
    r"(?:\b(?:appear|happen|start|begin|end|occur|located|shown|visible|heard|be seen|be heard)s?)?$",
    re.IGNORECASE,
)


def subject(question: str) -> str:
    """What a question asks for: "the red kite" of "Where is the red kite?"; else the question itself."""
    # Runs of blanks and marks at the end would be tried by the pattern in every way there is.
    words = " ".join(question.split()).rstrip("?.! ")
    found = _SUBJECT.match(words)
    return (found["subject"] if found else words) or question


def question(draft: Query, known: Iterable[Query]) -> tuple[Query, bool]:
    """The question to store, and whether it is new; the same words about the same part are the same question."""
    same = (one for one in known if msgspec.structs.replace(one, id=draft.id, at=draft.at) == draft)
    found = next(same, None)
    return (found, False) if found else (draft, True)


def predicted(
    query: Query, groundings: Sequence[Grounding], signed: Provenance, labels: Mapping[str, Label]
) -> list[Annotation]:
    """One annotation to review for each grounding that has a place; its number ties it to the answer's words."""
    return [
        _annotation(
            query, one.phrase or subject(query.text), one.geometry, signed, labels, score=one.score, index=index
        )
        for index, one in enumerate(groundings)
        if one.geometry is not None
    ]


def absent(query: Query, prediction: Prediction, signed: Provenance, labels: Mapping[str, Label]) -> list[Annotation]:
    """When the model says that the thing is not there, that is a statement to review as well."""
    if prediction.groundings or ABSENT not in prediction.answer.casefold():
        return []
    return [_annotation(query, subject(query.text), Absent(), signed, labels)]


def answer_edit(
    query: Query, prediction: Prediction, stored: Iterable[Annotation], labels: Mapping[str, Label], *, new: bool
) -> Edit:
    """One step: the question if it is new, the evidence, and its predictions in place of those still pending.

    Nothing that a human touched is changed. What is said already, about this question or another one, is not said
    again: the evidence notes by which annotation.
    """
    pending: list[Annotation] = []
    kept: list[Annotation] = []
    for one in stored:
        waits = one.query == query.id and one.review is Review.PREDICTED and not one.locked
        (pending if waits else kept).append(one)
    signed = Provenance(Origin.MODEL, name_of(prediction.model), prediction.at, prediction.id)
    same: dict[int, str] = {}
    for one in (*predicted(query, prediction.groundings, signed, labels), *absent(query, prediction, signed, labels)):
        there = next((other.id for other in kept if _says(other, one)), "")
        if not there:
            kept.append(one)
        elif prediction.groundings:
            same[int(one.extra[GROUNDING])] = there
    asked = [Change(None, query)] if new else []
    evidence = msgspec.structs.replace(prediction, same=same)
    gone = [Change(one, None) for one in pending]
    found = [Change(None, one) for one in kept if one.provenance.prediction == prediction.id]
    return Edit(f"Ask: {query.text}", (*asked, Change(None, evidence), *gone, *found))


def links(prediction: Prediction, annotations: Iterable[Annotation]) -> dict[int, str]:
    """Which annotation each grounding of an answer became, or which said so before."""
    known = {one.id: one for one in annotations}
    became = {
        int(one.extra[GROUNDING]): one.id
        for one in known.values()
        if one.provenance.prediction == prediction.id and GROUNDING in one.extra and not one.provenance.revises
    }
    return {index: id_ for index, id_ in prediction.same.items() if id_ in known} | became


def name_of(model: ModelRef) -> str:
    """Model and adapter as an author's name."""
    return f"{model.name}+{model.adapter}" if model.adapter else model.name


def now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _says(there: Annotation, one: Annotation) -> bool:
    """Whether what is there says the same: of the same thing, or a verdict on this very place for the same question."""
    decided = there.query == one.query and there.provenance.prediction != one.provenance.prediction
    if isinstance(one.geometry, Absent):
        return isinstance(there.geometry, Absent) and (decided or alike(there, one))
    least = _SAME_THING if alike(there, one) else _SAME_PLACE if decided else 2.0
    return overlap(one.geometry, there.geometry) >= least


def _annotation(
    query: Query,
    phrase: str,
    geometry: Geometry,
    signed: Provenance,
    labels: Mapping[str, Label],
    *,
    score: float | None = None,
    index: int = 0,
) -> Annotation:
    label = next((one.id for one in labels.values() if one.name.casefold() == phrase.casefold()), None)
    return Annotation(
        new_id(),
        query.item,
        phrase,
        _of_clip(geometry, query),
        Review.PREDICTED,
        signed,
        label=label,
        query=query.id,
        score=score,
        extra={GROUNDING: str(index)},
    )


def _of_clip(geometry: Geometry, query: Query) -> Geometry:
    """A box found on one frame of a clip is a track that holds for that frame alone."""
    if query.frame is None or not isinstance(geometry, Box):
        return geometry
    return Track((Key(query.frame, geometry), Key(query.frame + 1, geometry, outside=True)))
