"""The review verbs: one key decides, the next one comes up."""

from collections.abc import Callable, Collection, Iterable, Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from app import review
from app.actions.board import ActionBoard
from app.asking import Asking
from app.preferences import Preferences
from app.session import Session
from engine import answers, edits
from engine.domain.annotation import Annotation
from engine.domain.annotation import Review as State
from engine.domain.media import MediaItem
from engine.domain.project import Entity, ItemFilter
from engine.domain.query import Query
from engine.edits import Edit
from engine.store.project_store import ProjectStore

_PAGE = 500


class Review(QObject):
    """`decided(annotation, kind)` after each verdict, for the effort meter."""

    decided = Signal(object, str)

    def __init__(self, session: Session, preferences: Preferences) -> None:
        super().__init__()
        self._session, self._preferences = session, preferences
        # Predictions that the last edit put right.
        self._adjusted: frozenset[str] = frozenset()

    @property
    def rows(self) -> list[Annotation]:
        """The shown item's annotations in the order of review."""
        return review.ordered(self._session.annotations, self._preferences.value.order)

    def decide(self, *, accepted: bool) -> None:
        """Accept or reject the selected one and go on."""
        chosen = self._session.selected
        if chosen is None:
            self.walk(1)
            return
        rows = self.rows
        seed = next((one for one in rows if one.id == chosen.provenance.revises), None)
        edit = review.verdict(chosen, accepted=accepted, seed=seed)
        if edit is not None and not self._session.apply(edit):
            return
        if edit is not None:
            self.decided.emit(chosen, "accept" if accepted else "reject")
        self._go_on(rows, chosen.id)

    def walk(self, step: int) -> None:
        """Select the next or previous that waits, in other items too when this one has none."""
        selected = self._session.selected
        found = review.next_pending(self.rows, selected.id if selected else None, step)
        if found is not None:
            self._come_to(found)
        else:
            self.next_item(step)

    def accept_above(self) -> None:
        edit = review.accept_above(self._session.annotations, self._preferences.value.threshold)
        if edit is None:
            self._session.told.emit("Nothing waits with a score as high as the threshold; see Settings, Work.")
        elif self._session.apply(edit):
            self.decided.emit(None, "accept above")
            self.walk(1)

    def absent(self) -> None:
        """State that what was asked for last, or what is selected, is nowhere in the item; then go on."""
        item, store = self._session.item, self._session.store
        if item is None or store is None:
            return
        chosen = self._session.selected
        asked = (
            store.get(Query, chosen.query) if chosen and chosen.query else next(reversed(store.queries(item.id)), None)
        )
        phrase = chosen.phrase if chosen else answers.subject(asked.text) if asked else ""
        if not phrase:
            self._session.told.emit("Ask for something or select something first: then N says that it is not there.")
            return
        edit = review.not_there(item.id, phrase, asked, self._session.annotations, self._session.provenance())
        if self._session.apply(edit):
            self.decided.emit(chosen, "not there")
            self._session.select(None)
            self._go_on(self.rows, "")

    def finish(self) -> None:
        """Mark the item as done and go to the next that is not."""
        item = self._session.item
        if item is not None and (item.done or self._session.apply(edits.finish(item, done=True))):
            self._show(following(self._session.store, item, 1, _unfinished), "Every item is done.")

    def next_item(self, step: int = 1) -> None:
        """Show the next item that has something to review, going round once."""
        self._show(following(self._session.store, self._session.item, step, _waiting), "Everything is reviewed.")

    def _show(self, found: str | None, otherwise: str) -> None:
        if found is None:
            self._session.select(None)
            self._session.noted.emit(otherwise)
            return
        self._session.show_item(found)
        first = review.next_pending(self.rows, None)
        self._session.select(first.id if first else None)

    def repaired(self, annotation: str) -> None:
        """An edge was put right in one gesture: go on if that decided on a prediction."""
        if annotation in self._adjusted and self._preferences.value.advance:
            self._go_on(self.rows, annotation)

    def note(self, edit: Edit) -> None:
        """A prediction that a human changed is decided, too."""
        adjusted = [change.before for change in edit.changes if _adjusted(change.before, change.after)]
        self._adjusted = frozenset(one.id for one in adjusted if one)
        for one in adjusted:
            self.decided.emit(one, "adjust")

    def begin(self) -> None:
        """Select what is to be reviewed first, unless the user has chosen already."""
        if self._session.selected is None and (first := review.next_pending(self.rows, None)):
            self._session.select(first.id)

    def look_at(self, query: str) -> None:
        """What the user has just asked for is what the next key decides on, be it said before."""
        same = self._same(query)
        asked = [one for one in self._session.annotations if one.query == query or one.id in same]
        first = review.next_pending(review.ordered(asked, self._preferences.value.order), None)
        if first is not None:
            self._session.select(first.id)
        else:
            self.begin()

    def _same(self, query: str) -> Collection[str]:
        """What the last answer to a question said again."""
        store, item = self._session.store, self._session.item
        said = store.predictions(item.id) if store and item else []
        last = next((one for one in reversed(said) if one.query == query), None)
        return last.same.values() if last else ()

    def _go_on(self, rows: list[Annotation], decided: str) -> None:
        now = {one.id: one for one in self._session.annotations}
        still = [now.get(one.id, one) for one in rows]
        found = review.next_pending(still, decided)
        if found is not None and found.id != decided:
            self._come_to(found)
        elif self._preferences.value.advance:
            self.next_item(1)

    def _come_to(self, found: Annotation) -> None:
        self._session.select(found.id)
        self._session.walked.emit(found)


def _adjusted(before: Entity | None, after: Entity | None) -> bool:
    if not (isinstance(before, Annotation) and isinstance(after, Annotation)):
        return False
    return before.review is State.PREDICTED and after.review is State.ADJUSTED


Wants = Callable[[ProjectStore, Sequence[MediaItem]], Iterable[MediaItem]]


def following(store: ProjectStore | None, item: MediaItem | None, step: int, wants: Wants) -> str | None:
    """The next item after `item` that is wanted, in the order of the project and going round; None if there is none."""
    if store is None:
        return None
    total = store.count_items()
    here = store.position(item.id, ItemFilter()) if item else None
    begin = -1 if here is None else here
    spans = [(begin + 1, total), (0, max(begin, 0))] if step > 0 else [(0, max(begin, 0)), (begin + 1, total)]
    for low, high in spans:
        starts = range(low, high, _PAGE) if step > 0 else reversed(range(low, high, _PAGE))
        for at in starts:
            found = list(wants(store, store.items(ItemFilter(), at, min(_PAGE, high - at))))
            if found:
                return found[0 if step > 0 else -1].id
    return None


def _waiting(store: ProjectStore, items: Sequence[MediaItem]) -> Iterable[MediaItem]:
    pending = store.pending([item.id for item in items])
    return (item for item in items if item.id in pending)


def _unfinished(_store: ProjectStore, items: Sequence[MediaItem]) -> Iterable[MediaItem]:
    return (item for item in items if not item.done)


def connect_review(board: ActionBoard, session: Session, preferences: Preferences, asking: Asking) -> Review:
    """Bind the verbs; the first prediction of a newly shown item is selected."""
    flow = Review(session, preferences)
    session.item_changed.connect(lambda _: QTimer.singleShot(0, flow, flow.begin))
    session.applied.connect(flow.note)
    asking.ended.connect(flow.look_at)
    board.bind(
        {
            "review.accept": lambda: flow.decide(accepted=True),
            "review.reject": lambda: flow.decide(accepted=False),
            "review.next": lambda: flow.walk(1),
            "review.previous": lambda: flow.walk(-1),
            "review.absent": flow.absent,
            "review.accept_above": flow.accept_above,
            "review.finish": flow.finish,
            "go.next_pending": flow.next_item,
        }
    )

    def on_selected(change: Callable[[Annotation], Edit]) -> Callable[[], object]:
        return lambda: session.apply(change(session.selected)) if session.selected else None

    board.bind(
        {
            "edit.remove": on_selected(lambda one: edits.remove([one])),
            "edit.lock": on_selected(lambda one: edits.lock(one, locked=not one.locked)),
        }
    )
    return flow
