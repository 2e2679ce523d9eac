"""From files to changes of a project: a preview first, then one step that adds and never replaces."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from engine.domain.annotation import Annotation
from engine.domain.geometry import Box, Geometry, Segment, Track
from engine.domain.media import MediaItem
from engine.domain.project import Entity
from engine.domain.query import Query
from engine.edits import Change
from engine.exchange.formats import Format
from engine.exchange.incoming import Imported, Incoming, Labels
from engine.exchange.loss import LossReport

_TICK_SHARE = 1.5


class Preview(Struct, frozen=True):
    """What an import would add, and what it would leave alone.

    `duplicates` are already in the project (or twice in the file); `kept` are annotations that the project holds in
    another state, which stays. `unmatched` gives names of media that fit no item, with how often they were looked for.
    """

    report: LossReport
    annotations: int = 0
    labels: int = 0
    queries: int = 0
    others: int = 0
    duplicates: int = 0
    kept: int = 0
    unmatched: dict[str, int] = {}


_COUNTED = {"new": "annotations", "duplicate": "duplicates", "kept": "kept"}


def _nothing(item: str) -> tuple[Annotation, ...]:  # noqa: ARG001
    return ()


def _never(kind: type[Entity], id_: str) -> bool:  # noqa: ARG001
    return False


class Known:
    """What the project holds already, asked for medium by medium, and what this import has added.

    `annotations_of` gives the annotations of an item, `held` says whether an id is in the project. Annotations are
    compared as `format_` can say them.
    """

    def __init__(
        self,
        format_: Format,
        labels: Labels,
        annotations_of: Callable[[str], Iterable[Annotation]] = _nothing,
        held: Callable[[type[Entity], str], bool] = _never,
    ) -> None:
        self._format = format_
        self._labels = labels
        self._annotations_of = annotations_of
        self._held = held
        self._by_id: dict[str, Annotation] = {}
        self._said: dict[tuple[str, str], list[Geometry]] = {}
        self._exact: set[int] = set()
        self._items: set[str] = set()
        self._added: set[str] = set()

    def state(self, annotation: Annotation, item: MediaItem, *, claimed: bool) -> str:
        """ "duplicate" where the project or an earlier row says the same; "kept" where the project has that annotation
        in another state; else "new", and remembered. `claimed`: the id is the file's own."""
        self._know(item.id)
        if claimed and (other := self._by_id.get(annotation.id)) is not None:
            return "duplicate" if self._same(annotation, other, item) else "kept"
        if claimed and self._held(Annotation, annotation.id):
            return "kept"
        if self._says(annotation, item):
            return "duplicate"
        if claimed:
            self._by_id[annotation.id] = annotation
        return "new"

    def has(self, entity: Entity) -> bool:
        """Whether a question, a prediction or a template is there; if not, it is from now on."""
        known = entity.id in self._added or self._held(type(entity), entity.id)
        self._added.add(entity.id)
        return known

    def _same(self, one: Annotation, other: Annotation, item: MediaItem) -> bool:
        told = "facts" not in self._format.carries or one.review is other.review
        alike = type(one.geometry) is type(other.geometry) and _near(one.geometry, other.geometry, item, self._format)
        return told and alike and self._words(one) == self._words(other)

    def _says(self, annotation: Annotation, item: MediaItem) -> bool:
        words = self._words(annotation)
        exact = hash((annotation.item, words, annotation.label, annotation.geometry))
        if exact in self._exact:
            return True
        held = self._said.get((annotation.item, words), ())
        if any(_near(annotation.geometry, other, item, self._format) for other in held):
            return True
        self._exact.add(exact)
        return False

    def _words(self, annotation: Annotation) -> str:
        """What an annotation is called in the format: its phrase where it has room for one, else its label."""
        first, second = annotation.phrase, self._labels.name_of(annotation.label)
        if "phrase" not in self._format.carries:
            first, second = second, first
        return " ".join((first or second).split())

    def _know(self, item: str) -> None:
        if item in self._items:
            return
        self._items.add(item)
        for one in self._annotations_of(item):
            self._by_id[one.id] = one
            self._said.setdefault((one.item, self._words(one)), []).append(one.geometry)


class Import:
    """One import: iterate `changes` to take its step, then read `preview` for the account.

    `kept` holds the changes after a dry run that was to keep them; None when there were more than that.
    """

    def __init__(self, source: Path, format_: Format, into: Incoming, known: Known) -> None:
        self._source = source
        self._format = format_
        self._into = into
        self._known = known
        self.kept: tuple[Change, ...] | None = None
        self._counts = dict.fromkeys(("annotations", "labels", "queries", "others", "duplicates", "kept"), 0)

    def changes(self) -> Iterator[Change]:
        """New entities in an order in which none refers to a later one. Raises ExchangeError; nothing is written."""
        announced = 0
        for entity in self._format.read(self._source, self._into):
            fresh = self._fresh(entity)
            for label in self._into.labels.new[announced:]:
                self._counts["labels"] += 1
                yield Change(None, label)
            announced = len(self._into.labels.new)
            if fresh:
                yield Change(None, entity)

    def run_dry(self, keep: int = 0) -> Preview:
        """Read everything and write nothing; up to `keep` changes are kept."""
        held: list[Change] = []
        count = 0
        for count, change in enumerate(self.changes(), start=1):
            if count <= keep:
                held.append(change)
        self.kept = tuple(held) if count <= keep else None
        return self.preview

    @property
    def digests(self) -> dict[str, str]:
        """What the file says of the content of media that it names and that fit no item."""
        return self._into.media.digests

    @property
    def preview(self) -> Preview:
        counts = self._counts
        losses = tuple(self._into.losses)
        report = LossReport(self._format.id, len(self._into.media.met), counts["annotations"], losses)
        return Preview(report, **counts, unmatched=dict(self._into.media.unmatched))

    def _fresh(self, entity: Imported) -> bool:
        if isinstance(entity, Annotation):
            return self._new_annotation(entity)
        if self._known.has(entity):
            self._counts["duplicates"] += 1
            return False
        self._counts["queries" if isinstance(entity, Query) else "others"] += 1
        return True

    def _new_annotation(self, annotation: Annotation) -> bool:
        item = self._into.media.by_id(annotation.item)
        if item is None:
            return False
        claimed = annotation.id in self._into.claimed
        state = self._known.state(annotation, item, claimed=claimed)
        self._counts[_COUNTED[state]] += 1
        return state == "new"


def _near(a: Geometry, b: Geometry, item: MediaItem, format_: Format) -> bool:
    """Whether two places are one within the format's rounding."""
    pixels = format_.pixels * (max(item.width, item.height) if format_.relative else 1.0) + 1e-6
    seconds = format_.seconds * (item.clock.seconds if format_.relative and item.clock else 1.0)
    match a, b:
        case Box(), Box():
            return _within(a, b, pixels)
        case Segment(), Segment():
            tick = item.clock.num / item.clock.den if item.clock else 1.0
            ends = max(abs(a.start - b.start), abs(a.end - b.end))
            return ends * tick <= seconds + tick * _TICK_SHARE
        case Track(), Track():
            return len(a.keys) == len(b.keys) and all(
                one.pts == two.pts and one.outside == two.outside and _within(one.box, two.box, pixels)
                for one, two in zip(a.keys, b.keys, strict=True)
            )
        case _:
            return a == b


def _within(a: Box, b: Box, pixels: float) -> bool:
    return all(abs(p - q) <= pixels for p, q in zip(a.edges, b.edges, strict=True))
