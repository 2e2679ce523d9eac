"""What a reader works with: it finds media and labels, keeps geometry inside its medium, and counts what it must not
keep."""

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.geometry import Box, Geometry, Key, Segment, Track, clipped
from engine.domain.ids import new_id
from engine.domain.media import MediaItem
from engine.domain.project import Template
from engine.domain.query import Prediction, Query
from engine.exchange.facts import Facts, proper_extra, proper_id, provenance_of
from engine.exchange.frames import Frames, frames_of
from engine.exchange.identity import Numbers
from engine.exchange.loss import LossBook
from engine.exchange.matching import Matcher

Progress = Callable[[int, int], None]
Imported = Annotation | Query | MediaItem | Prediction | Template

_EDGE = 1e-4
# Formats in whole milliseconds reach that far beyond an end by rounding.
_INSTANT = 1.5e-3
_LONGEST_PHRASE = 20_000
_COLOURS = 12


def quiet(done: int, total: int) -> None:
    """A progress callback that nobody watches."""


def _nothing(item: str) -> tuple[Query, ...]:  # noqa: ARG001
    """A project without questions."""
    return ()


def _unknown(item: MediaItem) -> tuple[int, ...]:  # noqa: ARG001
    """Frames at a constant rate."""
    return ()


class Options(Struct, frozen=True):
    """What only the user can know about a file. `voc_base`: 0 or 1 where pixel counting starts, None to find out.
    `colour_count` is the size of the palette that new labels go through."""

    voc_base: int | None = None
    colour_count: int = _COLOURS


class Labels:
    """Labels by name: the project's own, and new ones as files name them."""

    def __init__(self, known: Iterable[Label], colours: int = _COLOURS) -> None:
        self._by_name: dict[str, Label] = {}
        self._names: dict[str, str] = {}
        for label in known:
            self._names[label.id] = label.name
            self._by_name.setdefault(label.name, label)
        self._colours = colours
        self.new: list[Label] = []

    def name_of(self, id_: str | None) -> str:
        """The name of a label, "" for none."""
        return self._names.get(id_ or "", "")

    def id_of(self, name: str) -> str:
        """The label of that name, made where there is none."""
        name = name.strip()[:_LONGEST_PHRASE]
        if name not in self._by_name:
            self.add(Label(new_id(), name, (len(self._by_name)) % self._colours))
        return self._by_name[name].id

    def add(self, label: Label) -> str:
        """Take a label over from a file that has labels of its own; one of the same name stands for it."""
        if label.name not in self._by_name:
            self._by_name[label.name] = label
            self._names[label.id] = label.name
            self.new.append(label)
        return self._by_name[label.name].id


class Incoming:
    """One import in the making: media, labels, losses and progress. Readers ask it for geometry and annotations."""

    def __init__(
        self,
        media: Matcher,
        labels: Labels,
        *,
        author: str = "",
        at: str = "",
        tick: Progress = quiet,
        numbers: Numbers | None = None,
        frame_table: Callable[[MediaItem], tuple[int, ...]] = _unknown,
        queries_of: Callable[[str], Iterable[Query]] = _nothing,
        options: Options | None = None,
    ) -> None:
        self.media = media
        self.labels = labels
        self.losses = LossBook()
        self.tick = tick
        self.numbers = numbers or Numbers()
        self.claimed: set[str] = set()
        self._queries_of = queries_of
        self._queries: dict[str, Query] = {}
        self._asked: dict[tuple[str, str], str] = {}
        self._asked_about: set[str] = set()
        self.options = options or Options()
        self._frame_table = frame_table
        self._frames: dict[str, Frames | None] = {}
        self._source = Provenance(Origin.IMPORTED, author, at or datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def at(self) -> str:
        """When this import happens."""
        return self._source.at

    def frames(self, item: MediaItem) -> Frames | None:
        """The frames of a clip, None and reported while they are unknown."""
        if item.id not in self._frames:
            self._frames[item.id] = frames_of(item, self._frame_table(item))
        found = self._frames[item.id]
        if found is None:
            self.losses.dropped("track of a clip whose frames are not known yet", item.path)
        return found

    def box(self, item: MediaItem, edges: tuple[float, float, float, float]) -> Box | None:
        """Edges in pixels as a box inside the picture; what reaches beyond is clipped and told."""
        if not all(math.isfinite(edge) for edge in edges):
            self.losses.dropped("box with a number that is none", item.path)
            return None
        x0, y0, x1, y1 = edges
        if x0 > x1 or y0 > y1:
            self.losses.changed("box with its corners in another order", item.path)
            x0, x1, y0, y1 = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
        box = Box(x0, y0, x1, y1)
        kept = clipped(box, item.width, item.height) if item.width else None
        if kept is None:
            self.losses.dropped("box without area inside its picture", item.path)
            return None
        beyond = max(abs(a - b) for a, b in zip(box.edges, kept.edges, strict=True))
        if beyond > _EDGE:
            self.losses.clipped("box that reaches beyond its picture", beyond, "px", item.path)
        return kept

    def segment(self, item: MediaItem, start: float, end: float) -> Segment | None:
        """Seconds as a segment of the item's clock, inside its length."""
        if item.clock is None:
            self.losses.dropped("segment of a medium without a running time", item.path)
            return None
        if not (math.isfinite(start) and math.isfinite(end)):
            self.losses.dropped("segment with a number that is none", item.path)
            return None
        if start > end:
            self.losses.changed("segment with its ends in another order", item.path)
            start, end = end, start
        low, high = max(start, 0.0), min(end, item.clock.seconds)
        tick = item.clock.num / item.clock.den
        if low > high + max(tick, _INSTANT):
            self.losses.dropped("segment outside its medium", item.path)
            return None
        beyond = max(low - start, end - high)
        if beyond > max(tick, _INSTANT):
            self.losses.clipped("segment that reaches beyond its medium", beyond, "s", item.path)
        last = item.clock.start + item.clock.duration
        return Segment(min(item.clock.pts_at(low), last), min(item.clock.pts_at(max(low, high)), last))

    def geometry(self, item: MediaItem, geometry: Geometry) -> Geometry | None:
        """A geometry in the project's own units, kept inside the item; None and told where nothing is left."""
        match geometry:
            case Box():
                return self.box(item, geometry.edges)
            case Segment(start, end):
                clock = item.clock
                if clock is not None and clock.start <= start <= end <= clock.start + clock.duration:
                    return geometry
                self.losses.dropped("segment outside its medium", item.path)
                return None
            case Track(keys):
                return self.track(item, keys)
            case _:
                return geometry

    def track(self, item: MediaItem, keys: Iterable[Key]) -> Track | None:
        """Keys as a track of a clip: in order of time, each instant once, the first one visible."""
        kept: dict[int, Key] = {}
        for key in keys:
            box = key.box if key.outside else self.box(item, key.box.edges)
            if box is None or not _within(item, key.pts) or key.pts in kept:
                self.losses.dropped("key of a track that does not fit its clip", item.path)
            else:
                kept[key.pts] = Key(key.pts, box, key.outside)
        ordered = [kept[pts] for pts in sorted(kept)]
        while ordered and ordered[0].outside:
            ordered.pop(0)
        if not ordered:
            self.losses.dropped("track without a visible key", item.path)
        return Track(tuple(ordered)) if ordered else None

    def query(self, item: MediaItem, text: str, known: Query | None = None) -> tuple[str, Query | None]:
        """The id of a question about an item, and the question itself where the project has not got it yet."""
        text = text.strip()[:_LONGEST_PHRASE]
        own = proper_id(known.id) if known else None
        if own is not None and self.has_query(item, own):
            return own, None
        self._know(item)
        if (item.id, text) in self._asked and own is None:
            return self._asked[item.id, text], None
        made = Query(own or new_id(), item.id, text, known.at[:64] if known else self.at)
        if known is not None:
            follows = known.follows if known.follows in self._queries else None
            made = replace(known, id=made.id, item=item.id, text=text, follows=follows)
        self._queries[made.id] = made
        self._asked[item.id, text] = made.id
        return made.id, made

    def has_query(self, item: MediaItem, id_: str) -> bool:
        """Whether the project, or this import before, has that question about the item."""
        self._know(item)
        return id_ in self._queries and self._queries[id_].item == item.id

    def identified(self, uid: str) -> str:
        """The id that a file claims for an annotation where it is a proper one, else a new id."""
        if (own := proper_id(uid)) is None:
            return new_id()
        self.claimed.add(own)
        return own

    def annotation(
        self,
        item: MediaItem,
        geometry: Geometry,
        name: str,
        *,
        phrase: str | None = None,
        labelled: bool = True,
        facts: Facts | None = None,
        score: float | None = None,
        query: str | None = None,
    ) -> Annotation:
        """A statement of the file. `name` is its kind of thing; `facts` wins where the file is one of ours."""
        known = facts or Facts(labelled=labelled)
        score = known.score if known.score is not None else score
        review = known.review or (Review.PREDICTED if score is not None else Review.ACCEPTED)
        words = known.phrase if known.phrase is not None else (name if phrase is None else phrase)
        asked = proper_id(known.query)
        return Annotation(
            self.identified(known.uid),
            item.id,
            words[:_LONGEST_PHRASE],
            geometry,
            review,
            provenance_of(known, self._source),
            label=self.labels.id_of(name) if known.labelled and name.strip() else None,
            query=asked if asked and self.has_query(item, asked) else query,
            score=score if score is not None and 0.0 <= score <= 1.0 else None,
            locked=known.locked,
            extra=proper_extra(known.extra),
        )

    def _know(self, item: MediaItem) -> None:
        """Learn what the project already asks about an item, once."""
        if item.id not in self._asked_about:
            self._asked_about.add(item.id)
            for query in self._queries_of(item.id):
                self._queries[query.id] = query
                self._asked.setdefault((item.id, query.text), query.id)


def _within(item: MediaItem, pts: int) -> bool:
    clock = item.clock
    return clock is not None and clock.start <= pts <= clock.start + clock.duration
