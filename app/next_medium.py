"""The clip or sound that is likely to be next, opened while the present one is looked at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.jobs import Job, Jobs, Report
from app.late import late
from engine.domain.errors import Cancelled, GroundworkError

View = tuple[int, int] | None


class NextMedium:
    """Holds at most one opened medium that nobody has asked for yet."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._path: Path | None = None
        self._job: Job | None = None
        self._playback: Any = None

    def prepare(self, path: Path | None, view: View) -> None:
        """Open `path` in the background; what was prepared before and not taken is closed."""
        if path == self._path:
            return
        self.close()
        self._path = path
        if path is not None:
            # What cannot be opened says so when it is shown.
            self._job = opening(self._jobs, path, view, self._keep, lambda _: None)

    def take(self, path: Path) -> Any:
        """The prepared medium, now the caller's to close; None when it is another one or not there yet."""
        playback = self._playback if path == self._path else None
        if playback is not None:
            self._playback = None
        self.close()
        return playback

    def close(self) -> None:
        if self._job is not None:
            self._job.cancel()
        if self._playback is not None:
            self._playback.close()
        self._path = self._job = self._playback = None

    def _keep(self, playback: Any) -> None:
        self._job, self._playback = None, playback


def opening(
    jobs: Jobs, path: Path, view: View, done: Callable[[Any], object], failed: Callable[[GroundworkError], object]
) -> Job:
    """Begin to open a medium; when the job is cancelled nothing of it stays open."""
    job = jobs.run(lambda report: _opened(path, view, report), done=done, failed=failed)
    job.unwanted.connect(_close)
    return job


def _close(playback: Any) -> None:
    if playback is not None:
        playback.close()


def _opened(path: Path, view: View, report: Report) -> Any:
    """For a job: find out what the file is and make it ready, unless nobody wants it any more."""
    with late("engine.media.quarantine").Examiner() as examiner:
        probed = examiner.examine(path)
    report(0, 1)
    playback = late("engine.media.playback").Playback(path, probed, view=view)
    try:
        report(1, 1)
    except Cancelled:
        playback.close()
        raise
    return playback
