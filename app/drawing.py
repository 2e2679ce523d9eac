"""What drawing and correcting by hand mean for the project: gestures become edits."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject

from app.session import Session
from engine import edits
from engine.domain.annotation import Annotation
from engine.domain.errors import GroundworkError
from engine.domain.geometry import Box, Geometry, Key, Segment, Track
from engine.domain.media import MediaKind
from engine.edits import Edit


class Drawing(QObject):
    """The hand of the user. `now()` is the instant that is seen; `ask_words()` lets the user name what is selected."""

    def __init__(self, session: Session, now: Callable[[], int], ask_words: Callable[[], object]) -> None:
        super().__init__()
        self._session, self._now, self._ask_words = session, now, ask_words
        self._label: str | None = None
        self._phrase = ""
        session.selection_changed.connect(self._remember)

    # Drawing

    def draw(self, geometry: Geometry, label: str = "") -> None:
        """Add what was drawn, with the label of its lane, or words like the last one's; asks for words if unknown."""
        item = self._session.item
        if item is None:
            return
        if isinstance(geometry, Box) and item.kind is MediaKind.VIDEO:
            geometry = Track((Key(self._now(), geometry),))
        chosen = label or self._label or ""
        named = self._session.labels.get(chosen)
        phrase = named.name if label and named else self._phrase or (named.name if named else "")
        drawn = edits.missed(item.id, phrase, geometry, self._session.provenance(), named.id if named else None)
        if self._session.apply(edits.draw(drawn)):
            self._session.select(drawn.id)
            if not phrase:
                self._ask_words()

    def give_label(self, number: int) -> None:
        """Give the selected annotation the label with that key or place; the next drawn one gets it too."""
        labels = list(self._session.labels.values())
        by_key = next((one for one in labels if one.key == str(number)), None)
        label = by_key or (labels[number - 1] if number <= len(labels) else None)
        if label is None:
            self._session.told.emit(f"There is no label {number}; labels are made under Edit, Labels.")
            return
        self._label, self._phrase = label.id, label.name
        one = self._session.selected
        if one is not None:
            self._apply(lambda: edits.relabel(one, label=label.id, phrase=one.phrase or label.name))

    # Correcting

    def reshape_box(self, annotation: str, box: Box, at: int | None = None) -> bool:
        """A box, or a track at the instant `at`, by default now, has new edges."""
        one = self._find(annotation)
        if one is None:
            return False
        if isinstance(one.geometry, Track):
            return self._apply(lambda: edits.set_key(one, Key(self._now() if at is None else at, box)))
        return self._apply(lambda: edits.reshape(one, box))

    def reshape_segments(self, segments: Iterable[tuple[str, Segment]]) -> bool:
        """Segments have new boundaries, as one step."""
        found = [(one, segment) for id_, segment in segments if (one := self._find(id_)) is not None]
        if not found:
            return False
        steps = [edits.reshape(one, segment) for one, segment in found]
        return self._apply(lambda: steps[0] if len(steps) == 1 else edits.together("Move boundary", steps))

    def split(self, annotation: str, pts: int) -> None:
        one = self._find(annotation)
        if one is not None:
            self._apply(lambda: edits.split(one, pts))

    def join(self, first: str, second: str) -> None:
        a, b = self._find(first), self._find(second)
        if a is not None and b is not None:
            self._apply(lambda: edits.join(a, b))

    # Tracks

    def make_track(self) -> None:
        """The selected box becomes a track that begins now."""
        one = self._session.selected
        if one is not None and isinstance(one.geometry, Box):
            box = one.geometry
            self._apply(lambda: edits.reshape(one, Track((Key(self._now(), box),))))

    def set_key(self) -> None:
        """Keep the box of the selected track as it is at this instant."""
        track = self._track()
        if track is not None:
            one, geometry = track
            box = geometry.box_at(self._now()) or _nearest(geometry, self._now()).box
            self._apply(lambda: edits.set_key(one, Key(self._now(), box)))

    def copy_key(self) -> None:
        """The box of the selected track is here what it was on the keyframe before."""
        track = self._track()
        if track is None:
            return
        one, geometry = track
        before = [key for key in geometry.keys if key.pts < self._now() and not key.outside]
        if before:
            self._apply(lambda: edits.set_key(one, Key(self._now(), before[-1].box)))
        else:
            self._session.told.emit("There is no keyframe before this one to copy the box of.")

    def remove_key(self) -> None:
        track = self._track()
        if track is None:
            return
        one, geometry = track
        if any(key.pts == self._now() for key in geometry.keys):
            self._apply(lambda: edits.remove_key(one, self._now()))
        else:
            self._session.told.emit("There is no keyframe here; go to one with the keys for the next or the previous.")

    def outside(self) -> None:
        """The thing is gone from here on, or back again."""
        track = self._track()
        if track is not None:
            one, geometry = track
            gone = geometry.box_at(self._now()) is not None
            box = geometry.box_at(self._now()) or _nearest(geometry, self._now()).box
            self._apply(lambda: edits.set_key(one, Key(self._now(), box, outside=gone)))

    def next_key(self, step: int) -> int | None:
        """The instant of the selected track's next or previous keyframe."""
        track = self._track()
        if track is None:
            return None
        instants = [key.pts for key in track[1].keys]
        ahead = [pts for pts in instants if pts > self._now()] if step > 0 else []
        behind = [pts for pts in instants if pts < self._now()] if step < 0 else []
        return min(ahead, default=None) if step > 0 else max(behind, default=None)

    # Inside

    def _apply(self, make: Callable[[], Edit]) -> bool:
        try:
            edit = make()
        except GroundworkError as error:
            self._session.told.emit(str(error))
            return False
        return self._session.apply(edit)

    def _find(self, annotation: str) -> Annotation | None:
        return next((one for one in self._session.annotations if one.id == annotation), None)

    def _track(self) -> tuple[Annotation, Track] | None:
        one = self._session.selected
        if one is not None and isinstance(one.geometry, Track):
            return one, one.geometry
        self._session.told.emit("Select a track first; a box becomes one with Make a track.")
        return None

    def _remember(self, annotation: Annotation | None) -> None:
        if annotation is not None and (annotation.label or annotation.phrase):
            self._label, self._phrase = annotation.label, annotation.phrase


def _nearest(track: Track, pts: int) -> Key:
    return min(track.keys, key=lambda key: abs(key.pts - pts))
