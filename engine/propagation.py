"""A box on one frame of a clip followed through it: the model is asked on sampled frames, a tracker goes between them.

The decisions are a generator that is given what was seen and says what to look at next; whoever drives it brings the
engine and the tracker. Nothing that a human touched is changed: what is found is a prediction of its own.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from enum import StrEnum

import msgspec
from msgspec import Struct

from engine import edits
from engine.domain.annotation import Annotation, Origin, Provenance, Review, alike
from engine.domain.geometry import Box, Key, Segment, Track, box_iou, clipped
from engine.domain.ids import new_id
from engine.domain.tracks import Leg, Tracked, merged, thinned
from engine.edits import Change, Edit

# The model is asked every so many seconds, and at least every so many frames.
STEP_SECONDS = 1.0
MOST_FRAMES = 48
# Below this a thing does not look as it did; measured on clips with known truth (docs/benchmarks.md).
LOST = 0.45
# From this overlap on the model means the same thing.
_SAME = 0.3
# A thing that was lost is not taken up again where it would be so many times larger or smaller.
_GROWTH = 2.5


class Ended(StrEnum):
    """Why following ended."""

    REACHED = "the end"
    GONE = "gone"
    LOST = "lost"
    STOPPED = "stopped"


class Seen(Struct, frozen=True):
    """What a leg brought: the boxes of the tracker, and what the model found on its last frame, None if not asked."""

    boxes: Sequence[Tracked]
    found: Sequence[tuple[Box, float]] | None = None


class Course(Struct, eq=False):
    """How far it has been followed in one direction, frame by frame outwards; `scores` are the model's where asked."""

    boxes: list[Tracked] = []
    scores: list[float] = []
    ended: Ended = Ended.STOPPED


def course(start: Key, frames: Sequence[int], step: int, into: Course) -> Generator[Leg, Seen, None]:
    """The legs from `start` through `frames` (PTS outwards from the one after it), at most `step` PTS each.

    What is found grows in `into`, so that a run that is stopped keeps it.
    """
    here, at, fresh = Tracked(start.pts, start.box), 0, True
    while at < len(frames):
        end = _leg_end(frames, at, here.pts, step)
        seen = yield Leg(here.pts, here.box, frames[end], fresh)
        kept = _sure(seen.boxes)
        if seen.found is not None and len(kept) == len(seen.boxes):
            into.scores.append(_score_at(kept[-1].box, seen.found))
        again = _taken_up(seen, kept, here.box)
        into.boxes += kept if again is None else _bridged([here, *kept], seen.boxes, again)
        if len(kept) < len(seen.boxes) and again is None:
            into.ended = Ended.LOST if seen.found is None or seen.found else Ended.GONE
            return
        here, at, fresh = into.boxes[-1], end + 1, again is not None
    into.ended = Ended.REACHED


def driven(way: Generator[Leg, Seen, None], look: Callable[[Leg], Seen]) -> None:
    """Follow a course to its end where nothing else has to go on meanwhile; `look(leg)` says what is seen."""
    try:
        leg = next(way)
        while True:
            leg = way.send(look(leg))
    except StopIteration:
        return


def outwards(frames: Sequence[int], at: int, span: Segment, *, forwards: bool) -> list[int]:
    """The frames after, or before, the one at `at` within a span, nearest first."""
    inside = [pts for pts in frames if span.start <= pts < span.end]
    return [pts for pts in inside if pts > at] if forwards else [pts for pts in reversed(inside) if pts < at]


def span_of(seed: Annotation, at: int, others: Iterable[Annotation], moment: Segment | None, whole: Segment) -> Segment:
    """How far to go: the marked moment, else the segment of the same thing, that holds `at`; else the whole clip."""
    if moment is not None and moment.start <= at < moment.end:
        return moment
    same = [
        one.geometry
        for one in others
        if isinstance(one.geometry, Segment) and one.review is not Review.REJECTED and alike(one, seed)
    ]
    return next((one for one in same if one.start <= at < one.end), whole)


def seed_key(seed: Annotation, at: int) -> Key | None:
    """Where the thing is on the frame at `at`, None when it is not known there."""
    if isinstance(seed.geometry, Track):
        box = seed.geometry.box_at(at)
    else:
        box = seed.geometry if isinstance(seed.geometry, Box) else None
    return Key(at, box) if box else None


def track(start: Key, back: Course | None, on: Course | None, frames: Sequence[int], size: tuple[int, int]) -> Track:
    """What was found as keyframes with straight lines between them, inside a picture of `size`.

    `frames` are all of the clip: where following forwards ended before the last of them, the thing is outside.
    """
    behind, ahead = (list(one.boxes) if one else [] for one in (back, on))
    boxes = [*reversed(behind), Tracked(start.pts, start.box), *ahead]
    inside = [msgspec.structs.replace(one, box=clipped(one.box, *size) or one.box) for one in boxes]
    keys = thinned(inside)
    beyond = next((pts for pts in frames if pts > keys[-1].pts), None) if on else None
    return Track(tuple(keys) if beyond is None else (*keys, Key(beyond, keys[-1].box, outside=True)))


def score_of(courses: Iterable[Course]) -> float | None:
    """The mean of what the model gave the thing where it was asked, 0 where it saw it elsewhere or not at all."""
    scores = [score for one in courses for score in one.scores]
    return sum(scores) / len(scores) if scores else None


def edit(seed: Annotation, found: Track, score: float | None, signed: Provenance, stored: Iterable[Annotation]) -> Edit:
    """One step: a seed that still waits for review grows; beside one that a human touched a prediction is laid.

    `stored` are the item's annotations: an earlier result for the same seed that still waits makes room.
    """
    label = f"Propagate {seed.phrase}".rstrip()
    if seed.review is Review.PREDICTED and not seed.locked:
        geometry = merged(seed.geometry, found) if isinstance(seed.geometry, Track) else found
        grown = msgspec.structs.replace(seed, geometry=geometry, score=seed.score if score is None else score)
        return edits.replaced(label, seed, grown)
    provenance = msgspec.structs.replace(
        signed, origin=Origin.MODEL, prediction=seed.provenance.prediction, revises=seed.id
    )
    fresh = Annotation(
        new_id(), seed.item, seed.phrase, found, Review.PREDICTED, provenance, seed.label, seed.query, score
    )
    earlier = [Change(one, None) for one in stored if proposes(one, seed) and not one.locked]
    return Edit(label, (*earlier, Change(None, fresh)))


def proposes(one: Annotation, seed: Annotation) -> bool:
    """Whether a prediction that waits for review is the way on for a track that a human decided on."""
    return (
        seed.review is not Review.PREDICTED
        and one.review is Review.PREDICTED
        and one.provenance.revises == seed.id
        and isinstance(one.geometry, Track)
    )


def adopt(proposal: Annotation, seed: Annotation) -> Edit:
    """Accept a proposal: the human's track takes it in, so that one thing stays one track."""
    assert isinstance(proposal.geometry, Track)
    under = seed.geometry if isinstance(seed.geometry, Track) else proposal.geometry
    grown = edits.reshape(seed, merged(under, proposal.geometry))
    return Edit("Accept", (*grown.changes, Change(proposal, None)))


def _leg_end(frames: Sequence[int], at: int, here: int, step: int) -> int:
    """The last frame of the leg that begins behind `here`."""
    end = at
    while end + 1 < len(frames) and end + 1 - at < MOST_FRAMES and abs(frames[end + 1] - here) <= step:
        end += 1
    return end


def _sure(boxes: Sequence[Tracked]) -> list[Tracked]:
    """The boxes up to where the thing was lost for good."""
    last = max((at for at, one in enumerate(boxes) if one.sure >= LOST), default=-1)
    return list(boxes[: last + 1])


def _score_at(box: Box, found: Iterable[tuple[Box, float]]) -> float:
    """The model's score of what it sees at a box, 0 when it sees the thing elsewhere or not at all."""
    overlap, score = max(((box_iou(one, box), score) for one, score in found), default=(0.0, 0.0))
    return score if overlap >= _SAME else 0.0


def _taken_up(seen: Seen, kept: Sequence[Tracked], box: Box) -> Box | None:
    """Where the model sees a thing that the tracker lost, if it may be the same."""
    if len(kept) == len(seen.boxes) or not seen.found:
        return None
    last = kept[-1].box if kept else box
    fits = [(score, one) for one, score in seen.found if 1 / _GROWTH < one.area / max(last.area, 1e-9) < _GROWTH]
    return max(fits, key=lambda row: row[0])[1] if fits else None


def _bridged(kept: Sequence[Tracked], boxes: Sequence[Tracked], there: Box) -> list[Tracked]:
    """From the last sure box straight to where the model sees the thing on the last frame."""
    last, end = kept[-1], boxes[-1].pts
    low, high = sorted((Key(last.pts, last.box), Key(end, there)), key=lambda key: key.pts)
    line = Track((low, high))
    gap = [Tracked(one.pts, line.box_at(one.pts) or there, one.sure) for one in boxes[len(kept) - 1 :]]
    return [*kept[1:], *gap]
