"""Where model and human differ, over the whole project: found in a job, kept, and brought up to date by edits."""

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from app import review
from app.jobs import Job, Jobs, Report
from app.preferences import Preferences
from app.review import Disagreement, Gap
from app.session import Session
from engine.domain.errors import GroundworkError
from engine.domain.media import MediaItem
from engine.domain.project import AnnotationFilter
from engine.edits import Edit
from engine.store.project_store import ProjectStore

Differences = dict[str, list[Disagreement]]


def compared(store: ProjectStore, items: Sequence[str] | None, threshold: float, report: Report) -> Differences:
    """The disagreements of some items, of all that anything was decided on when None; by item, empty ones too."""
    known = store.decided() if items is None else items
    found: Differences = {}
    for done, item in enumerate(known):
        report(done, len(known))
        annotations = list(store.annotations(AnnotationFilter(item=item)))
        found[item] = review.disagreements(annotations, store.predictions(item), threshold)
    return found


def ranked(found: Differences, item: str | None = None, gap: Gap | None = None) -> list[tuple[str, Disagreement]]:
    """(item, disagreement) of a bucket, of an item or of all, the least overlap first."""
    rows = [(id_, one) for id_, ones in found.items() if item in {None, id_} for one in ones if one.annotation]
    kept = [row for row in rows if gap in {None, row[1].gap}]
    return sorted(kept, key=lambda row: (row[1].overlap, list(Gap).index(row[1].gap), row[0], row[1].annotation))


def counts(found: Differences, item: str | None = None) -> dict[str, int]:
    """How many there are in each bucket, and in all."""
    tally = Counter(one.gap.value for _, one in ranked(found, item))
    return {"any": tally.total(), **{gap.value: tally[gap.value] for gap in Gap}}


class Comparison(QObject):
    """`changed` whenever the differences are known anew, `moved(words, done, total)` and `rested` while they are found.

    Nothing is compared until somebody wants it.
    """

    changed = Signal()
    moved = Signal(str, float, float)
    rested = Signal()

    def __init__(self, session: Session, preferences: Preferences, jobs: Jobs) -> None:
        super().__init__()
        self._session, self._preferences, self._jobs = session, preferences, jobs
        self._found: Differences = {}
        self._threshold: float | None = None
        self._touched: set[str] = set()
        self._job: Job | None = None
        session.edited.connect(self._note)
        session.project_changed.connect(self._forget)

    @property
    def found(self) -> Differences:
        """What is known by now."""
        return self._found

    @property
    def fresh(self) -> bool:
        """Whether that is all, and of now."""
        return self._job is None and not self._touched and self._threshold == self._preferences.value.overlap

    def want(self) -> None:
        """Bring the differences up to date; `changed` follows if they were not."""
        store, threshold = self._session.store, self._preferences.value.overlap
        if store is None or self._job is not None or self.fresh:
            return
        whole = self._threshold != threshold
        items = None if whole else sorted(self._touched)
        self._touched = set()
        reader = store.reader()

        def work(report: Report) -> Differences:
            try:
                return compared(reader, items, threshold, report)
            finally:
                reader.close()

        def done(found: Differences) -> None:
            self._job = None
            self._threshold = threshold
            self._found = found if whole else {**self._found, **found}
            self.rested.emit()
            self.changed.emit()

        self._job = self._jobs.run(work, done=done, failed=self._failed, progressed=self._tell)

    def stop(self) -> None:
        """Give comparing up; it begins anew when it is wanted again."""
        self._forget()

    def _tell(self, done: float, total: float) -> None:
        self.moved.emit(f"Comparing {done:,.0f} of {total:,.0f} items", done, total)

    def _failed(self, error: GroundworkError) -> None:
        self._forget()
        self._session.told.emit(str(error))

    def _note(self, edit: Edit) -> None:
        """Compare anew what an edit touched; after a job that wrote by itself, everything."""
        if not edit.changes:
            self._forget()
        for change in edit.changes:
            entity = change.after or change.before
            item = entity.id if isinstance(entity, MediaItem) else getattr(entity, "item", "")
            if item:
                self._touched.add(item)

    def _forget(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._found, self._threshold, self._touched, self._job = {}, None, set(), None
        self.rested.emit()
