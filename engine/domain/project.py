"""What a project holds, and how a part of it is asked for."""

from msgspec import Struct

from engine.domain.annotation import Annotation, Label, Review
from engine.domain.media import MediaItem, MediaKind
from engine.domain.query import Prediction, Query


class Template(Struct, frozen=True, tag="template"):
    """A saved question; `{label}` stands for the label's name."""

    id: str
    text: str
    label: str | None = None


Entity = MediaItem | Label | Annotation | Query | Prediction | Template


class AnnotationFilter(Struct, frozen=True):
    """Which annotations to list. Empty fields do not restrict.

    `text` is looked for in the phrase, `question` in the question it answers, `since` and `until` are UTC ISO 8601,
    `score` is an inclusive range, `ids` are the only ones considered.
    """

    item: str | None = None
    text: str = ""
    reviews: tuple[Review, ...] = ()
    label: str | None = None
    query: str | None = None
    question: str = ""
    ids: tuple[str, ...] | None = None
    author: str = ""
    score: tuple[float, float] | None = None
    since: str = ""
    until: str = ""


class ItemFilter(Struct, frozen=True):
    """Which media to list. Empty fields do not restrict.

    `text` is looked for in the path; `pending` asks for items with predictions to review, `done` for finished ones,
    `having` for those with an annotation that it lists.
    """

    text: str = ""
    kind: MediaKind | None = None
    pending: bool | None = None
    done: bool | None = None
    label: str | None = None
    having: AnnotationFilter | None = None


class HistoryRow(Struct, frozen=True):
    """One line of the history panel; `seq` orders, `at` is for reading only."""

    seq: int
    label: str
    at: str
    author: str
    undone: bool
