"""The annotation table lists the shown item or the project, and its deeds become edits."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer

from app import review
from app.comparing import Comparison, counts, ranked
from app.preferences import Preferences
from app.review import Gap
from app.search import annotation_filter, offers
from app.session import Session
from engine import edits
from engine.domain.annotation import Annotation
from engine.domain.media import MediaItem
from engine.domain.project import AnnotationFilter
from engine.edits import Edit
from engine.store.project_store import ProjectStore
from widgets.annotation_model import Listed
from widgets.annotation_table import AnnotationTable, Wanted

_CALM_MS = 40
_FEW = 2000
# What is told where the chosen order does not hold.
_AS_THEY_CAME = (
    "More than {:,} stand in the order in which they came. Filter them, or list the differences, to order them."
)
_LEAST_FIRST = "Differences stand with the least overlap first."


class TableRows(QObject):
    """Lists what the table wants, again after each edit."""

    def __init__(self, table: AnnotationTable, session: Session, comparison: Comparison) -> None:
        super().__init__(table)
        self._table, self._session, self._comparison = table, session, comparison
        self._calm = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._calm.timeout.connect(self.show)

    def soon(self) -> None:
        self._calm.start()

    def show(self) -> None:
        store, wanted = self._session.store, self._table.wanted
        if store is None:
            self._table.show_rows([], {})
            return
        item = None if wanted.whole_project else self._session.item
        if item is None and not wanted.whole_project:
            self._table.show_rows([], {})
            return
        if wanted.gap:
            self._show_differences(store, wanted, item)
            return
        filter_ = annotation_filter(
            wanted.words, self._session.labels, item=item.id if item else None, reviews=wanted.reviews
        )
        count = store.count_annotations(filter_)
        many = count > _FEW and item is None
        self._table.tell_order(_AS_THEY_CAME.format(_FEW) if many else "")
        if many:
            self._table.show_pages(lambda at, limit: _page(store, filter_, at, limit), count, self._session.labels)
            return
        rows = review.ordered(store.annotations(filter_), wanted.order, self._differing(item))
        self._show(store, rows, item)

    def _show(self, store: ProjectStore, rows: Sequence[Annotation], item: MediaItem | None) -> None:
        self._table.show_rows(_listed(store, rows, item), self._session.labels)
        self._table.show_selected(self._session.selected.id if self._session.selected else None)

    def _show_differences(self, store: ProjectStore, wanted: Wanted, item: MediaItem | None) -> None:
        """What is known of them by now, the least overlap first; more follows once they were compared."""
        self._comparison.want()
        found, within = self._comparison.found, item.id if item else None
        gap = None if wanted.gap == "any" else Gap(wanted.gap)
        ids = [one.annotation for _, one in ranked(found, within, gap) if one.annotation]
        self._table.show_counts(counts(found, within))
        self._table.tell_order(_LEAST_FIRST)
        if wanted.words:
            fits = annotation_filter(wanted.words, self._session.labels, item=within, reviews=())
            known = {one.id for one in store.annotations(replace(fits, ids=tuple(ids)))}
            ids = [id_ for id_ in ids if id_ in known]
        if len(ids) > _FEW:
            self._table.show_pages(
                lambda at, limit: _named(store, ids[at : at + limit]), len(ids), self._session.labels
            )
        else:
            self._show(store, [one.annotation for one in _named(store, ids)], item)

    def _differing(self, item: MediaItem | None) -> list[review.Disagreement]:
        if self._table.wanted.order != "disagreement":
            return []
        self._comparison.want()
        return [one for _, one in ranked(self._comparison.found, item.id if item else None)]


def connect_annotation_table(
    table: AnnotationTable,
    session: Session,
    preferences: Preferences,
    comparison: Comparison,
    ask_words: Callable[[Sequence[Annotation]], None],
) -> TableRows:
    """`ask_words(annotations)` asks for the phrase or label to give them."""
    rows = TableRows(table, session, comparison)
    comparison.changed.connect(rows.soon)
    session.annotations_changed.connect(lambda _: rows.show())
    session.edited.connect(lambda _: rows.soon() if table.wanted.whole_project or table.wanted.gap else None)
    session.project_changed.connect(rows.soon)
    session.labels_changed.connect(lambda _: rows.soon())
    session.labels_changed.connect(lambda labels: table.search.offer(offers(labels.values())))
    session.selection_changed.connect(lambda one: table.show_selected(one.id if one else None))
    table.set_order(preferences.value.order)
    table.wanted_changed.connect(lambda wanted: preferences.change(order=wanted.order))
    table.wanted_changed.connect(lambda _: rows.show())

    def choose(id_: str) -> None:
        found = session.store.get(Annotation, id_) if session.store else None
        if found is not None:
            session.show_item(found.item)
            session.select(id_)

    def do(kind: str, ids: Sequence[str]) -> None:
        chosen = [one for one in (session.store.get(Annotation, id_) for id_ in ids) if one] if session.store else []
        if kind == "relabel":
            ask_words(chosen)
        elif chosen and session.store:
            session.apply(_deed(kind, chosen, session.store))

    table.chosen.connect(choose)
    table.deed.connect(do)
    return rows


def _deed(kind: str, chosen: Sequence[Annotation], store: ProjectStore) -> Edit:
    """Accept, reject or remove several as one step."""
    if kind == "remove":
        return edits.remove(chosen)
    seeds = {one.id: store.get(Annotation, one.provenance.revises or "") for one in chosen}
    verdicts = [review.verdict(one, accepted=kind == "accept", seed=seeds[one.id]) for one in chosen]
    steps = [step for step in verdicts if step]
    return steps[0] if len(steps) == 1 else edits.together(f"{kind.capitalize()} {len(steps)}", steps)


def _page(store: ProjectStore, wanted: AnnotationFilter, offset: int, limit: int) -> list[Listed]:
    return _listed(store, list(store.annotations(wanted, offset, limit)), None)


def _named(store: ProjectStore, ids: Sequence[str]) -> list[Listed]:
    """The annotations with these ids that are still there."""
    found = (store.get(Annotation, id_) for id_ in ids)
    return _listed(store, [one for one in found if one], None)


def _listed(store: ProjectStore, rows: Sequence[Annotation], item: MediaItem | None) -> list[Listed]:
    if item is not None:
        return [Listed(one, item.clock) for one in rows]
    items = {id_: store.get(MediaItem, id_) for id_ in {one.item for one in rows}}
    return [Listed(one, known.clock, known.path) if (known := items[one.item]) else Listed(one) for one in rows]
