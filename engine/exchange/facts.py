"""What a format has no field of its own for, in one namespaced object `gw` beside the format's fields."""

import re

from msgspec import Struct

from engine.domain.annotation import Annotation, Origin, Provenance, Review

_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_LONGEST = 4096
_MOST = 64


class Facts(Struct, frozen=True, omit_defaults=True):
    """An annotation's own identity, words and history. `labelled` false: the category was made from the phrase."""

    uid: str = ""
    phrase: str | None = None
    labelled: bool = True
    review: Review | None = None
    origin: Origin = Origin.IMPORTED
    author: str = ""
    at: str = ""
    score: float | None = None
    query: str | None = None
    prediction: str | None = None
    revises: str | None = None
    locked: bool = False
    extra: dict[str, str] = {}


def facts_of(annotation: Annotation) -> Facts:
    source = annotation.provenance
    return Facts(
        uid=annotation.id,
        phrase=annotation.phrase,
        labelled=annotation.label is not None,
        review=annotation.review,
        origin=source.origin,
        author=source.author,
        at=source.at,
        score=annotation.score,
        query=annotation.query,
        prediction=source.prediction,
        revises=source.revises,
        locked=annotation.locked,
        extra=annotation.extra,
    )


def provenance_of(facts: Facts, otherwise: Provenance) -> Provenance:
    """Who said it according to a file; `otherwise` for what the file does not say."""
    if not facts.author and not facts.at:
        return otherwise
    return Provenance(
        facts.origin,
        facts.author[:_LONGEST] or otherwise.author,
        facts.at[:64] or otherwise.at,
        proper_id(facts.prediction),
        proper_id(facts.revises),
    )


def proper_id(id_: str | None) -> str | None:
    """The id if it is one of ours, None otherwise: a foreign file cannot plant anything else."""
    return id_ if id_ and _ID.fullmatch(id_) else None


def proper_extra(extra: dict[str, str]) -> dict[str, str]:
    """A bounded copy of foreign facts."""
    return {key[:256]: value[:_LONGEST] for key, value in list(extra.items())[:_MOST]}
