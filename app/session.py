"""The open project as the window sees it: what is shown, what is selected, and the one door for changes."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from PySide6.QtCore import QObject, Signal

from engine.domain.annotation import Annotation, Label, Origin, Provenance
from engine.domain.errors import GroundworkError
from engine.domain.geometry import Box, Segment
from engine.domain.media import MediaItem
from engine.domain.project import AnnotationFilter
from engine.edits import Change, Edit
from engine.store.project_store import ProjectStore

_LOCKED = "This annotation is locked; unlock it to change or remove it."
_LOCKED_AMONG = "An annotation among these is locked; unlock it to change or remove it."


class Mark(Struct, frozen=True):
    """What the next question is about; nothing marked means the whole item. `frame` is the PTS of a single frame."""

    region: Box | None = None
    moment: Segment | None = None
    frame: int | None = None


class Session(QObject):
    """Signals tell what changed; nobody else writes to the store.

    `project_changed` after opening or closing; `leaving` before another item is shown, `item_changed(item)` when it is
    or the shown one changed; `annotations_changed(annotations)` with all to be drawn of the shown item;
    `selection_changed(annotation)`; `edited(edit)` after each applied edit, undo or redo, `applied(edit)` after it if
    it was neither of the two; `told(sentence)` for what the user must know; `hover_changed(id)` when the pointer rests
    on an annotation anywhere, "" when it leaves; `mark_changed(mark)` when the user marks what the next question is
    about.
    """

    project_changed = Signal()
    # The shown item goes: what the hands still hold belongs to it.
    leaving = Signal()
    item_changed = Signal(object)
    annotations_changed = Signal(object)
    selection_changed = Signal(object)
    # The review came to this annotation of the shown item, by a key of its own.
    walked = Signal(object)
    labels_changed = Signal(object)
    edited = Signal(object)
    applied = Signal(object)
    hover_changed = Signal(str)
    mark_changed = Signal(object)
    told = Signal(str)
    # A sentence for the user that tells of no trouble.
    noted = Signal(str)
    # Another program of ours writes for a while, or has done so.
    lent = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._store: ProjectStore | None = None
        self._item: MediaItem | None = None
        self._annotations: dict[str, Annotation] = {}
        self._labels: dict[str, Label] = {}
        self._arriving: tuple[Annotation, ...] = ()
        self._selected: str | None = None
        self._hovered = ""
        self._mark = Mark()

    # what is open

    @property
    def store(self) -> ProjectStore | None:
        return self._store

    @property
    def writable(self) -> bool:
        return self._store is not None and not self._store.read_only

    @property
    def item(self) -> MediaItem | None:
        return self._item

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """All annotations of the shown item that the project holds."""
        return tuple(self._annotations.values())

    @property
    def drawn(self) -> tuple[Annotation, ...]:
        """What the canvas and the timeline draw: the annotations and what an answer under way has found so far."""
        return (*self._annotations.values(), *self._arriving)

    @property
    def mark(self) -> Mark:
        """What the next question is about."""
        return self._mark

    @property
    def labels(self) -> dict[str, Label]:
        return self._labels

    @property
    def selected(self) -> Annotation | None:
        return self._annotations.get(self._selected or "")

    @property
    def path(self) -> Path | None:
        """Where the shown item's file lies."""
        return self._store.path_of(self._item) if self._store and self._item else None

    def provenance(self) -> Provenance:
        """What a human does here and now is signed with this."""
        author = self._store.author if self._store else ""
        return Provenance(Origin.HUMAN, author, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}")

    # what is shown

    def open(self, store: ProjectStore) -> None:
        """Take over an opened project, closing the one before."""
        self.close()
        self._store = store
        self._labels = {label.id: label for label in store.labels()}
        self.project_changed.emit()
        self.labels_changed.emit(self._labels)

    def close(self) -> None:
        if self._store is None:
            return
        self.show_item(None)
        self._store.close()
        self._store = None
        self.project_changed.emit()

    def show_item(self, id_: str | None) -> None:
        """Show an item, or nothing."""
        item = self._store.get(MediaItem, id_) if self._store and id_ else None
        if item == self._item:
            return
        if self._item is not None:
            self.leaving.emit()
        self._item = item
        self._selected = None
        self._arriving = ()
        self._annotations = {one.id: one for one in self._stored(item)}
        self.item_changed.emit(item)
        self.annotations_changed.emit(self.drawn)
        self.selection_changed.emit(None)
        self.mark_part(Mark())

    def select(self, id_: str | None) -> None:
        """Select an annotation of the shown item, or none."""
        chosen = id_ if id_ in self._annotations else None
        if chosen != self._selected:
            self._selected = chosen
            self.selection_changed.emit(self.selected)

    def hover(self, id_: str) -> None:
        """The pointer rests on an annotation or on words that name it; "" when it leaves."""
        if id_ != self._hovered:
            self._hovered = id_
            self.hover_changed.emit(id_)

    def mark_part(self, mark: Mark) -> None:
        """Mark a region, a moment or a single frame: the next question is about it."""
        if mark != self._mark:
            self._mark = mark
            self.mark_changed.emit(mark)

    def show_arriving(self, annotations: Iterable[Annotation]) -> None:
        """Draw what an answer has found so far; it becomes part of the project when the answer is whole."""
        arriving = tuple(annotations)
        if arriving != self._arriving:
            self._arriving = arriving
            self.annotations_changed.emit(self.drawn)

    # what changes

    def apply(self, edit: Edit) -> bool:
        """Commit an edit. False, with the sentence told, when the project refuses it or a lock forbids it."""
        if self._store is None or not edit.changes:
            return False
        if any(map(_breaks_lock, edit.changes)):
            changed = [change for change in edit.changes if change.before is not None]
            self.told.emit(_LOCKED if len(changed) == 1 else _LOCKED_AMONG)
            return False
        try:
            self._store.apply(edit)
        except GroundworkError as error:
            self.told.emit(str(error))
            return False
        self._take(edit)
        self.applied.emit(edit)
        return True

    def settle(self, edit: Edit, arriving: Iterable[Annotation]) -> bool:
        """Commit what an answer became, `arriving` being what others still have under way: all is drawn once."""
        annotations, before = self._annotations, self._arriving
        self._arriving = tuple(arriving)
        done = self.apply(edit)
        if self._annotations is annotations and self._arriving != before:
            self.annotations_changed.emit(self.drawn)
        return done

    def undo(self) -> None:
        self._travel(backwards=True)

    def redo(self) -> None:
        self._travel(backwards=False)

    def lend(self, to: str) -> None:
        """Let a program of ours write, `to` being "an import" or such; until `take_back` nothing is changed here."""
        if self._store is not None:
            self._store.lend(to)
            self.lent.emit(True)

    def take_back(self, store: ProjectStore) -> None:
        """The program has ended: what it wrote is shown, and `store`, which was lent to it, is written here again."""
        if store is not self._store:
            return
        store.take_back()
        if store.read_only:
            self.told.emit(store.why_read_only)
        self.lent.emit(False)
        self.refresh()

    def refresh(self) -> None:
        """Read everything anew after a job has written through the store itself."""
        if self._store is None:
            return
        self._labels = {label.id: label for label in self._store.labels()}
        if self._item is not None and self._store.get(MediaItem, self._item.id) != self._item:
            self.show_item(self._item.id)
        self._annotations = {one.id: one for one in self._stored(self._item)}
        self.labels_changed.emit(self._labels)
        self.annotations_changed.emit(self.drawn)
        self.selection_changed.emit(self.selected)
        self.edited.emit(Edit("", ()))

    # inside

    def _travel(self, *, backwards: bool) -> None:
        if self._store is None:
            return
        try:
            edit = self._store.undo() if backwards else self._store.redo()
        except GroundworkError as error:
            self.told.emit(str(error))
            return
        if edit is not None:
            self._take(edit)
            self._reveal(edit)

    def _take(self, edit: Edit) -> None:
        """Bring what is shown up to date with what was just committed."""
        before, selected = self._annotations, self.selected
        self._annotations = _after(before, edit.changes, self._item.id if self._item else "")
        if any(isinstance(change.after or change.before, Label) for change in edit.changes) and self._store:
            self._labels = {label.id: label for label in self._store.labels()}
            self.labels_changed.emit(self._labels)
        self._take_item(edit)
        if self._annotations is not before:
            self.annotations_changed.emit(self.drawn)
        if self.selected != selected:
            self.selection_changed.emit(self.selected)
        self.edited.emit(edit)

    def _take_item(self, edit: Edit) -> None:
        for change in edit.changes:
            if self._item and change.id == self._item.id:
                if not isinstance(change.after, MediaItem):
                    self.show_item(None)
                else:
                    self._item = change.after
                    self.item_changed.emit(self._item)

    def _reveal(self, edit: Edit) -> None:
        """After undo or redo, show where it happened: nothing changes out of sight."""
        where = next((_item_of(change) for change in edit.changes if _item_of(change)), None)
        if where and (self._item is None or where != self._item.id):
            self.show_item(where)
        touched = [change.id for change in edit.changes if isinstance(change.after, Annotation)]
        if len(touched) == 1:
            self.select(touched[0])

    def _stored(self, item: MediaItem | None) -> Iterable[Annotation]:
        if self._store is None or item is None:
            return ()
        return self._store.annotations(AnnotationFilter(item=item.id))


def _after(before: dict[str, Annotation], changes: Iterable[Change], item: str) -> dict[str, Annotation]:
    """The item's annotations after some changes; the same object when none concerns it."""
    concerned = [change for change in changes if _item_of(change) == item and _is_annotation(change)]
    if not concerned:
        return before
    after = dict(before)
    for change in concerned:
        if isinstance(change.after, Annotation):
            after[change.id] = change.after
        else:
            after.pop(change.id, None)
    return after


def _breaks_lock(change: Change) -> bool:
    """A locked annotation stays and stays where it is; its words and its review may change."""
    before, after = change.before, change.after
    if not isinstance(before, Annotation) or not before.locked:
        return False
    return not isinstance(after, Annotation) or after.geometry != before.geometry


def _is_annotation(change: Change) -> bool:
    return isinstance(change.after or change.before, Annotation)


def _item_of(change: Change) -> str:
    entity = change.after or change.before
    return entity.id if isinstance(entity, MediaItem) else str(getattr(entity, "item", ""))
