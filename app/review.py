"""What to look at next, and what a verdict means: decisions over values, no window."""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from engine import edits, propagation
from engine.domain.annotation import Annotation, Origin, Provenance, Review
from engine.domain.geometry import Absent, Box, Geometry, Segment, Track, overlap
from engine.domain.query import Grounding, Prediction, Query
from engine.edits import Edit


class Gap(StrEnum):
    """How model and human differ."""

    EXTRA = "model extra"
    MISSING = "model missing"
    OVERLAP = "overlap too low"


class Disagreement(Struct, frozen=True):
    """One difference in an item: the human's annotation, if there is one, and the overlap with the model's nearest."""

    gap: Gap
    phrase: str
    annotation: str | None
    overlap: float = 0.0


def pending(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Predictions nobody has decided on; locked ones are left alone."""
    return [one for one in annotations if one.review is Review.PREDICTED and not one.locked]


def ordered(annotations: Iterable[Annotation], by: str, disagreements: Iterable[Disagreement] = ()) -> list[Annotation]:
    """Annotations in the order of review: what waits first, then by the wish; the same wish gives the same order."""
    differing = {one.annotation for one in disagreements}
    key = _ORDERS[by]
    rows = sorted(annotations, key=lambda one: (*key(one), one.phrase.casefold(), one.id))
    if by == "disagreement":
        rows.sort(key=lambda one: one.id not in differing)
    return sorted(rows, key=lambda one: one.review is not Review.PREDICTED)


def next_pending(rows: Sequence[Annotation], current: str | None, step: int = 1) -> Annotation | None:
    """The next one to review after `current` in the order of `rows`, going round; None when nothing waits."""
    waiting = [at for at, one in enumerate(rows) if one.review is Review.PREDICTED and not one.locked]
    if not waiting:
        return None
    here = next((at for at, one in enumerate(rows) if one.id == current), None)
    if here is None:
        return rows[waiting[0 if step > 0 else -1]]
    others = [at for at in waiting if at != here] or waiting
    ahead = [at for at in others if (at > here if step > 0 else at < here)]
    return rows[(ahead or others)[0 if step > 0 else -1]]


def verdict(annotation: Annotation, *, accepted: bool, seed: Annotation | None = None) -> Edit | None:
    """Accept or reject; None when that would change nothing, as for human work that is right already.

    `seed` is what the annotation revises: a human's track takes in the way on that is proposed for it.
    """
    if accepted and seed is not None and not seed.locked and propagation.proposes(annotation, seed):
        return propagation.adopt(annotation, seed)
    if accepted:
        waits = annotation.review in {Review.PREDICTED, Review.REJECTED}
        return edits.accept(annotation) if waits else None
    if annotation.review is Review.MISSED:
        return edits.remove([annotation])
    return None if annotation.review is Review.REJECTED else edits.reject(annotation)


def accept_above(annotations: Iterable[Annotation], threshold: float) -> Edit | None:
    """Accept all that wait with a score from `threshold` on, as one step."""
    known = {one.id: one for one in annotations}
    sure = [one for one in pending(known.values()) if one.score is not None and one.score >= threshold]
    steps = [verdict(one, accepted=True, seed=known.get(one.provenance.revises or "")) for one in sure]
    if not sure:
        return None
    return edits.together(f"Accept {len(sure)} above {threshold:.2f}", [step for step in steps if step])


def not_there(
    item: str, phrase: str, query: Query | None, annotations: Iterable[Annotation], provenance: Provenance
) -> Edit:
    """State that a phrase is nowhere in an item: what waits for the same question is rejected in the same step."""
    asked = query.id if query else None
    wrong = [one for one in pending(annotations) if asked and one.query == asked]
    statement = edits.missed(item, phrase, Absent(), provenance)
    named = edits.draw(_answering(statement, asked))
    return edits.together(f"Not there: {phrase}", [*map(edits.reject, wrong), named])


def renamed(chosen: Sequence[Annotation], *, phrase: str | None, label: str | None) -> Edit:
    """Give several annotations a phrase (None keeps each one's own) and a label as one step."""
    steps = [edits.relabel(one, label=label, phrase=one.phrase if phrase is None else phrase) for one in chosen]
    return steps[0] if len(steps) == 1 else edits.together(f"Relabel {len(steps)}", steps)


def disagreements(
    annotations: Sequence[Annotation], predictions: Iterable[Prediction], threshold: float
) -> list[Disagreement]:
    """Where the model's last answers and the human's word differ, in the three ways of `Gap`."""
    last = {prediction.query: prediction for prediction in predictions}
    said = [one for prediction in last.values() for one in prediction.groundings if one.geometry is not None]
    asked = annotations if last else ()  # where nobody asked the model, it missed nothing
    human = [one for one in asked if one.verified and not isinstance(one.geometry, Absent)]
    found = [_difference(one, said, threshold) for one in human if one.provenance.origin is not Origin.IMPORTED]
    rejected = [Disagreement(Gap.EXTRA, one.phrase, one.id) for one in annotations if one.review is Review.REJECTED]
    return [*rejected, *(one for one in found if one)]


def _difference(human: Annotation, said: Iterable[Grounding], threshold: float) -> Disagreement | None:
    best = max((overlap(human.geometry, one.geometry) for one in said), default=0.0)
    if best >= threshold:
        return None
    return Disagreement(Gap.OVERLAP if best > 0 else Gap.MISSING, human.phrase, human.id, best)


def _answering(annotation: Annotation, query: str | None) -> Annotation:
    return Annotation(
        annotation.id,
        annotation.item,
        annotation.phrase,
        annotation.geometry,
        annotation.review,
        annotation.provenance,
        query=query,
    )


def _begins(geometry: Geometry) -> float:
    match geometry:
        case Segment(start, _):
            return float(start)
        case Track(keys):
            return float(keys[0].pts)
        case Box(x0, y0):
            return y0 * 1e5 + x0
        case _:
            return -1.0


_ORDERS: dict[str, Callable[[Annotation], tuple[float | str, ...]]] = {
    "doubt": lambda one: (2.0 if one.score is None else one.score,),
    "disagreement": lambda one: (2.0 if one.score is None else one.score,),
    "time": lambda one: (_begins(one.geometry),),
    "label": lambda one: (one.label or "~",),
}
