"""What the project holds about a medium: annotations with their review state and where they come from."""

from enum import StrEnum

from msgspec import Struct

from engine.domain.geometry import Geometry


class Review(StrEnum):
    """predicted -> accepted | adjusted | rejected; `missed` was drawn by a human because no prediction had it."""

    PREDICTED = "predicted"
    ACCEPTED = "accepted"
    ADJUSTED = "adjusted"
    REJECTED = "rejected"
    MISSED = "missed"


VERIFIED = frozenset({Review.ACCEPTED, Review.ADJUSTED, Review.MISSED})


class Origin(StrEnum):
    HUMAN = "human"
    MODEL = "model"
    IMPORTED = "imported"
    SYNTHETIC = "synthetic"


class Provenance(Struct, frozen=True):
    """Who said it, when (UTC, ISO 8601) and out of which prediction; `revises` is the annotation it was split off."""

    origin: Origin
    author: str
    at: str
    prediction: str | None = None
    revises: str | None = None


class Label(Struct, frozen=True, tag="label"):
    """A kind of thing, known by its id: renaming touches no annotation. `colour` indexes the palette."""

    id: str
    name: str
    colour: int = 0
    key: str = ""


class Annotation(Struct, frozen=True, tag="annotation"):
    """One statement about one medium: the phrase, and where or when it holds.

    `score` is the model's in 0..1, None for human work. `query` is the question that it answers, if any. `extra`
    carries foreign facts of imported files, namespaced by format, so that a round trip loses nothing.
    """

    id: str
    item: str
    phrase: str
    geometry: Geometry
    review: Review
    provenance: Provenance
    label: str | None = None
    query: str | None = None
    score: float | None = None
    locked: bool = False
    extra: dict[str, str] = {}

    @property
    def verified(self) -> bool:
        return self.review in VERIFIED


def alike(one: Annotation, other: Annotation) -> bool:
    """Whether both are about the same kind of thing: by label where both have one, else by phrase."""
    if one.label and other.label:
        return one.label == other.label
    return bool(one.phrase) and one.phrase.casefold() == other.phrase.casefold()
