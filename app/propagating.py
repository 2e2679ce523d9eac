"""A box followed through its clip in the background: the engine is asked while a job tracks, one stretch at a time."""

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from msgspec import Struct
from PySide6.QtCore import QObject, Signal

from app.asking import Engine
from app.jobs import Job, Jobs
from app.late import late
from app.session import Session
from engine import answers, propagation
from engine.domain.annotation import Annotation, Origin, Provenance
from engine.domain.errors import GroundworkError
from engine.domain.geometry import Box, Key, Segment
from engine.domain.ids import new_id
from engine.domain.media import Clock, MediaItem
from engine.domain.project import AnnotationFilter
from engine.domain.tracks import Leg, Tracked
from engine.exchange import wordings
from engine.messages import Answered, Ask, Cancel, Cancelled, Failed, Reply
from engine.propagation import Course, Ended, Seen
from widgets.timecode import timecode
from widgets.wording import span as lasting

_ENDS = {
    Ended.REACHED: "",
    Ended.GONE: "{} that it is gone",
    Ended.LOST: "{} that it was lost: put its box right there and go on from it",
    Ended.STOPPED: "{} that it was not looked for, as it was stopped",
}
Found = list[tuple[Box, float]]


class _Way(Struct, eq=False):
    """One direction: what is still to be looked at, and what was found."""

    legs: Generator[Leg, Seen, None]
    course: Course
    frames: int


class _Run(Struct, eq=False):
    """One thing that is being followed; `follower` reads the clip in jobs, `ticket` is the question under way."""

    item: MediaItem
    clock: Clock
    path: Path
    seed: Annotation
    start: Key
    question: str
    follower: Any = None
    back: _Way | None = None
    on: _Way | None = None
    way: _Way | None = None
    boxes: list[Tracked] | None = None
    found: Found | None = None
    ticket: str = ""
    job: Job | None = None
    author: str = "tracker"
    begun: float = 0.0

    @property
    def ways(self) -> list[_Way]:
        return [way for way in (self.back, self.on) if way is not None]


class Propagating(QObject):
    """`moved(words, done, total)` while it follows, `rested` at the end. `now()` is the instant that is seen."""

    moved = Signal(str, float, float)
    rested = Signal()

    def __init__(self, session: Session, engine: Engine, jobs: Jobs, now: Callable[[], int]) -> None:
        super().__init__()
        self._session, self._engine, self._jobs, self._now = session, engine, jobs, now
        self._run: _Run | None = None
        engine.replied.connect(self._take)
        session.project_changed.connect(self._drop)

    @property
    def running(self) -> bool:
        return self._run is not None

    def start(self, *, back: bool, on: bool) -> None:
        """Follow the selected annotation from the instant that is seen, backwards, forwards or both."""
        session, seed, path = self._session, self._session.selected, self._session.path
        if session.item is None or session.item.clock is None or seed is None or path is None:
            return
        start = propagation.seed_key(seed, self._now())
        if self._run is not None:
            session.told.emit("Something is being followed already; wait for it or stop it.")
        elif start is None:
            session.told.emit("Select a box that is seen on this frame: it is followed from here.")
        else:
            label = session.labels.get(seed.label or "")
            phrase = seed.phrase or (label.name if label else "")
            question = wordings.filled(wordings.WHERE, phrase)[0] if phrase else ""
            run = self._run = _Run(session.item, session.item.clock, path, seed, start, question)
            run.begun = time.monotonic()
            self.moved.emit(self._words(run), 0, 0)
            self._work(lambda _: late("engine.media.tracker").Follower(path), lambda it: self._begin(it, back, on))

    def stop(self) -> None:
        """End it; what was found so far is kept as one step."""
        if self._run is not None:
            self._finish()

    def _begin(self, follower: Any, back: bool, on: bool) -> None:
        run = self._run
        if run is None:
            follower.close()
            return
        run.follower = follower
        whole = Segment(follower.frames[0], follower.end)
        others = self._stored(run.item)
        span = propagation.span_of(run.seed, run.start.pts, others, self._session.mark.moment, whole)
        if back:
            run.back = self._way(run, span, forwards=False)
        if on:
            run.on = self._way(run, span, forwards=True)
        run.way = run.ways[0]
        self._go_on(None)

    def _way(self, run: _Run, span: Segment, *, forwards: bool) -> _Way:
        frames = propagation.outwards(run.follower.frames, run.start.pts, span, forwards=forwards)
        course = Course()
        step = round(propagation.STEP_SECONDS * run.clock.den / run.clock.num)
        return _Way(propagation.course(run.start, frames, step, course), course, len(frames))

    def _go_on(self, seen: Seen | None) -> None:
        """The next stretch of this direction, else the other direction, else the end."""
        run = self._run
        if run is None or run.way is None:
            return
        self.moved.emit(self._words(run), *self._share(run))
        try:
            leg = run.way.legs.send(seen) if seen else next(run.way.legs)
        except StopIteration:
            run.way = run.on if run.way is run.back else None
            if run.way is None:
                self._finish()
            else:
                self._go_on(None)
            return
        run.boxes, run.found, run.ticket = None, None, new_id() if run.question else ""
        if run.ticket:
            self._engine.send(Ask(run.ticket, (str(run.path),), run.question, frame=leg.end))
        follower = run.follower
        self._work(lambda report: follower.follow(leg, report), self._followed)

    def _work(self, function: Callable[[Any], Any], done: Callable[[Any], None]) -> None:
        if self._run is not None:
            self._run.job = self._jobs.run(function, done=done, failed=self._failed)

    def _followed(self, boxes: list[Tracked]) -> None:
        run = self._run
        if run is not None:
            run.boxes, run.job = boxes, None
            self._meet(run)

    def _take(self, reply: Reply) -> None:
        run = self._run
        if run is None or not run.ticket or getattr(reply, "ticket", None) != run.ticket:
            return
        if isinstance(reply, Answered):
            run.author = f"{answers.name_of(reply.model)}+tracker"
            run.found = [(one.geometry, one.score) for one in reply.groundings if isinstance(one.geometry, Box)]
        if isinstance(reply, Answered | Failed | Cancelled):
            run.ticket = ""
            self._meet(run)

    def _meet(self, run: _Run) -> None:
        """Tracker and model are both done with the stretch."""
        if run.boxes is not None and not run.ticket:
            self._go_on(Seen(run.boxes, run.found))

    def _failed(self, error: GroundworkError) -> None:
        self._session.told.emit(str(error))
        if self._run is not None:
            self._run.job = None
            self._finish()

    def _finish(self) -> None:
        """Keep what was found, say how far it came."""
        run = self._run
        self._drop()
        store = self._session.store
        if run is None or store is None or not run.ways:
            return
        seed = store.get(Annotation, run.seed.id)
        if seed is None:
            self._session.told.emit("What was followed has been removed meanwhile; nothing was kept.")
        elif any(way.course.boxes for way in run.ways):
            self._keep(run, seed)
        self._session.noted.emit(_account(run))

    def _keep(self, run: _Run, seed: Annotation) -> None:
        courses = [way.course if way else None for way in (run.back, run.on)]
        size = (run.item.width, run.item.height)
        found = propagation.track(run.start, courses[0], courses[1], run.follower.frames, size)
        score = propagation.score_of(course for course in courses if course)
        signed = Provenance(Origin.MODEL, run.author, answers.now())
        edit = propagation.edit(seed, found, score, signed, self._stored(run.item))
        if self._session.apply(edit) and self._session.item and self._session.item.id == run.item.id:
            self._session.select(edit.changes[-1].id)

    def _drop(self) -> None:
        """Let engine, job and clip go."""
        run, self._run = self._run, None
        if run is None:
            return
        if run.ticket:
            self._engine.send(Cancel(run.ticket))
        if run.job is not None:
            run.job.cancel()
            run.job.over.connect(lambda: run.follower.close() if run.follower else None)
        elif run.follower is not None:
            run.follower.close()
        self.rested.emit()

    def _stored(self, item: MediaItem) -> list[Annotation]:
        store = self._session.store
        return list(store.annotations(AnnotationFilter(item=item.id))) if store else []

    def _share(self, run: _Run) -> tuple[float, float]:
        """Frames followed, of how many; a direction that has ended counts as done."""
        ended = [way for way in run.ways if way.course.ended is not Ended.STOPPED]
        done = sum(way.frames if way in ended else len(way.course.boxes) for way in run.ways)
        return done, sum(way.frames for way in run.ways)

    def _words(self, run: _Run) -> str:
        done, total = self._share(run)
        took = time.monotonic() - run.begun
        left = f", {lasting(took / done * (total - done))} left" if done else ""
        return f"Following {run.seed.phrase or 'it'}: {done:,} of {total:,} frames{left}"


def _account(run: _Run) -> str:
    """How far it came, and why no further."""
    name = f"“{run.seed.phrase}”" if run.seed.phrase else "It"
    reached = [run.start.pts, *(one.pts for way in run.ways for one in way.course.boxes)]
    first, last = (timecode(run.clock.seconds_at(pts)) for pts in (min(reached), max(reached)))
    ends = {word: _ENDS[way.course.ended] for word, way in (("before", run.back), ("after", run.on)) if way}
    if len(set(ends.values())) == 1:
        ends = {" and ".join(ends): next(iter(ends.values()))}
    whys = [end.format(word) for word, end in ends.items() if end]
    return "; ".join([f"{name} was followed from {first} to {last}", *whys]) + "."
