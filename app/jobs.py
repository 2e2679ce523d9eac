"""A function off the window's thread; its result, its progress or its error back on it."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal

from engine.domain.errors import Cancelled, GroundworkError

_log = logging.getLogger(__name__)
Result = TypeVar("Result")
Report = Callable[[float, float], None]


class Job(QObject):
    """One run of a function: `done(result)`, `failed(error)` or neither, once cancelled; `progressed(done, total)`.
    `unwanted(result)` is for what came all the same after it was cancelled and must be closed.

    Signals arrive on the thread that made the job.
    """

    done = Signal(object)
    failed = Signal(object)
    unwanted = Signal(object)
    progressed = Signal(float, float)
    over = Signal()
    _moved = Signal(float, float)
    _ended = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.cancelled = False
        self._moved.connect(self.progressed, Qt.ConnectionType.QueuedConnection)
        self._ended.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    def cancel(self) -> None:
        """Ask it to stop; the function ends at its next report of progress."""
        self.cancelled = True

    def report(self, done: float, total: float) -> None:
        """For the function itself: how far it is. Raises Cancelled once the user has had enough."""
        if self.cancelled:
            raise Cancelled("Stopped.")
        self._moved.emit(done, total)

    def end(self, result: object, error: Exception | None) -> None:
        self._ended.emit(result, error)

    def _tell(self, result: object, error: Exception | None) -> None:
        self.over.emit()
        if isinstance(error, Cancelled):
            return
        if self.cancelled:
            self.unwanted.emit(result)
        elif error is None:
            self.done.emit(result)
        else:
            self.failed.emit(error)


class Jobs(QObject):
    """A small pool. `bug(error)` is emitted for errors that nobody foresaw."""

    bug = Signal(object)

    def __init__(self, workers: int = 2) -> None:
        super().__init__()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="job")
        self._running: set[Job] = set()

    def run(
        self,
        function: Callable[[Report], Result],
        *,
        done: Callable[[Result], object] | None = None,
        failed: Callable[[GroundworkError], object] | None = None,
        progressed: Callable[[float, float], object] | None = None,
    ) -> Job:
        """Start `function(report)`; it tells progress by `report(done, total)`, which also ends it when cancelled."""
        job = Job()
        if done is not None:
            job.done.connect(done)
        job.failed.connect(lambda error: self._fail(error, failed))
        if progressed is not None:
            job.progressed.connect(progressed)
        job.over.connect(lambda: self._running.discard(job))
        self._running.add(job)
        future = self._pool.submit(function, job.report)
        future.add_done_callback(lambda future: _hand_over(future, job))
        return job

    def close(self) -> None:
        """Cancel what runs and wait for it."""
        for job in self._running:
            job.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for job in tuple(self._running):
            # What came too late to be wanted is still to be closed.
            QCoreApplication.sendPostedEvents(job)
        self._running.clear()

    def _fail(self, error: Exception, failed: Callable[[GroundworkError], object] | None) -> None:
        if isinstance(error, GroundworkError) and failed is not None:
            failed(error)
        else:
            self.bug.emit(error)


def _hand_over(future: Future[Any], job: Job) -> None:
    if future.cancelled():
        return
    error = future.exception()
    if error is not None and not isinstance(error, GroundworkError):
        _log.error("a job failed", exc_info=error)
    if error is None or isinstance(error, Exception):
        job.end(None if error else future.result(), error)
