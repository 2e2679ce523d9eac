"""Every change to a project is one reversible Edit; one class serves every action.

The verbs below decide what an action means and return the Edit; applying and storing it is `engine.store`'s work.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from engine.domain.annotation import Annotation, Label, Provenance, Review
from engine.domain.errors import UsageError
from engine.domain.geometry import Box, Geometry, Key, Segment, Track
from engine.domain.ids import new_id
from engine.domain.media import MediaItem
from engine.domain.project import Entity


class Change(Struct, frozen=True):
    """One entity before and after: creation has no before, deletion no after."""

    before: Entity | None
    after: Entity | None

    @property
    def id(self) -> str:
        entity = self.after or self.before
        if entity is None:
            raise UsageError("A change needs a before or an after.")
        return entity.id


class Edit(Struct, frozen=True):
    """One step of the history: a label for the menu and the changes it makes, all or none."""

    label: str
    changes: tuple[Change, ...]

    @property
    def inverse(self) -> "Edit":
        swapped = (Change(change.after, change.before) for change in reversed(self.changes))
        return Edit(self.label, tuple(swapped))


def created(label: str, entities: Iterable[Entity]) -> Edit:
    """Add new entities as one step."""
    return Edit(label, tuple(Change(None, entity) for entity in entities))


def replaced(label: str, before: Entity, after: Entity) -> Edit:
    return Edit(label, (Change(before, after),))


def together(label: str, edits: Iterable[Edit]) -> Edit:
    """Several edits as one step."""
    return Edit(label, tuple(change for edit in edits for change in edit.changes))


def accept(annotation: Annotation) -> Edit:
    return _reviewed("Accept", annotation, Review.ACCEPTED)


def reject(annotation: Annotation) -> Edit:
    return _reviewed("Reject", annotation, Review.REJECTED)


def draw(annotation: Annotation) -> Edit:
    """Add what a human drew."""
    return created(f"Draw {annotation.phrase}".rstrip(), (annotation,))


def reshape(annotation: Annotation, geometry: Geometry) -> Edit:
    """Move, resize or otherwise correct where or when it is; a prediction becomes adjusted."""
    after = msgspec.structs.replace(annotation, geometry=geometry, review=_touched(annotation.review))
    return replaced("Move" if _same_size(annotation.geometry, geometry) else "Reshape", annotation, after)


def relabel(annotation: Annotation, *, label: str | None, phrase: str) -> Edit:
    after = msgspec.structs.replace(annotation, label=label, phrase=phrase, review=_touched(annotation.review))
    return replaced("Relabel", annotation, after)


def lock(annotation: Annotation, *, locked: bool) -> Edit:
    after = msgspec.structs.replace(annotation, locked=locked)
    return replaced("Lock" if locked else "Unlock", annotation, after)


def remove(annotations: Iterable[Annotation]) -> Edit:
    return Edit("Remove", tuple(Change(annotation, None) for annotation in annotations))


def rename(label: Label, name: str) -> Edit:
    return replaced("Rename label", label, msgspec.structs.replace(label, name=name))


def finish(item: MediaItem, *, done: bool) -> Edit:
    return replaced("Finish item" if done else "Reopen item", item, msgspec.structs.replace(item, done=done))


def split(annotation: Annotation, at: int) -> Edit:
    """Cut a segment or a track in two at `at` (PTS)."""
    first, second = _halves(annotation.geometry, at)
    provenance = msgspec.structs.replace(annotation.provenance, revises=annotation.id)
    review = _touched(annotation.review)
    left = msgspec.structs.replace(annotation, geometry=first, review=review)
    right = msgspec.structs.replace(left, id=new_id(), geometry=second, provenance=provenance)
    return Edit("Split", (Change(annotation, left), Change(None, right)))


def join(first: Annotation, second: Annotation) -> Edit:
    """Make one of two segments or two tracks of the same item."""
    joined = _joined(first.geometry, second.geometry)
    after = msgspec.structs.replace(first, geometry=joined, review=_touched(first.review))
    return Edit("Join", (Change(first, after), Change(second, None)))


def set_key(annotation: Annotation, key: Key) -> Edit:
    """Put a keyframe into a track, in place of one at the same instant."""
    track = _track(annotation)
    others = [other for other in track.keys if other.pts != key.pts]
    keys = tuple(sorted((*others, key), key=lambda one: one.pts))
    return _keyed("Set keyframe", annotation, keys)


def remove_key(annotation: Annotation, pts: int) -> Edit:
    keys = tuple(key for key in _track(annotation).keys if key.pts != pts)
    if not keys:
        raise UsageError("A track keeps at least one keyframe; remove the track instead.")
    return _keyed("Remove keyframe", annotation, keys)


def missed(item: str, phrase: str, geometry: Geometry, provenance: Provenance, label: str | None = None) -> Annotation:
    """What a human drew because the model had not found it."""
    return Annotation(new_id(), item, phrase, geometry, Review.MISSED, provenance, label=label)


def _keyed(label: str, annotation: Annotation, keys: tuple[Key, ...]) -> Edit:
    after = msgspec.structs.replace(annotation, geometry=Track(keys), review=_touched(annotation.review))
    return replaced(label, annotation, after)


def _track(annotation: Annotation) -> Track:
    if not isinstance(annotation.geometry, Track):
        raise UsageError("Keyframes belong to a track; this annotation has none.")
    return annotation.geometry


def _reviewed(label: str, annotation: Annotation, review: Review) -> Edit:
    return replaced(label, annotation, msgspec.structs.replace(annotation, review=review))


def _touched(review: Review) -> Review:
    """Any edit of a prediction, even of an accepted or rejected one, makes it adjusted; human work stays human."""
    return Review.MISSED if review is Review.MISSED else Review.ADJUSTED


def _same_size(a: Geometry, b: Geometry) -> bool:
    return isinstance(a, Box) and isinstance(b, Box) and (a.width, a.height) == (b.width, b.height)


def _halves(geometry: Geometry, at: int) -> tuple[Geometry, Geometry]:
    match geometry:
        case Segment(start, end) if start < at < end:
            return Segment(start, at), Segment(at, end)
        case Track(keys) if (box := geometry.box_at(at)) and keys[0].pts < at:
            before = tuple(key for key in keys if key.pts < at - 1)
            after = tuple(key for key in keys if key.pts > at)
            last = geometry.box_at(at - 1) or box
            return Track((*before, Key(at - 1, last), Key(at, box, outside=True))), Track((Key(at, box), *after))
        case _:
            raise UsageError("Only a segment or a track can be split, at an instant inside it.")


def _joined(first: Geometry, second: Geometry) -> Geometry:
    match first, second:
        case Segment(), Segment():
            return Segment(min(first.start, second.start), max(first.end, second.end))
        case Track(), Track():
            early, late = sorted((first, second), key=lambda track: track.keys[0].pts)
            kept = [key for key in early.keys if key.pts < late.keys[0].pts]
            return Track((*kept, *late.keys))
        case _:
            raise UsageError("Only two segments or two tracks can be joined.")
