"""One command of the engine's program that tells progress and an outcome in lines: fetching, converting, verifying."""

import json
from collections.abc import Callable, Mapping
from time import monotonic

from PySide6.QtCore import QObject, Signal

from app.process import LineProcess, engine_command
from widgets.wording import size, span

_FORESEEN = 2
_FIRST_S = 2.0


class EngineRun(QObject):
    """`progressed(what, done, total)`; then `done(line)` with the outcome as JSON or `failed(sentence)`; `over` last.

    A stopped run says nothing but `over`, and `left` before it, as every run does that did not come to its end. `said`
    is the line that the command reads first.
    """

    sorry = "It ended before it was done; what is whole is kept. Try again."

    progressed = Signal(str, float, float)
    done = Signal(bytes)
    failed = Signal(str)
    left = Signal()
    over = Signal()

    def __init__(
        self,
        *words: str,
        parent: QObject | None = None,
        environment: Mapping[str, str] | None = None,
        said: bytes = b"",
    ) -> None:
        super().__init__(parent)
        self._stopped, self._outcome, self._said = False, b"", said
        self._process = LineProcess(engine_command(*words), self, environment=environment)
        self._process.line.connect(self._hear)
        self._process.ended.connect(self._end)

    def start(self) -> None:
        self._process.start()
        if self._said:
            self._process.write(self._said)

    def stop(self) -> None:
        self._stopped = True
        self._process.kill()

    def close(self) -> None:
        """For leaving the program: it is gone when this returns."""
        self._stopped = True
        self._process.kill()
        self._process.close()

    def _hear(self, line: bytes) -> None:
        if line.startswith(b"["):
            self.progressed.emit(*json.loads(line))
        else:
            self._outcome = line

    def _end(self, code: int, _crashed: bool) -> None:
        if not self._stopped:
            if code == 0 and self._outcome:
                self.done.emit(self._outcome)
            else:
                last = self._process.words.strip().splitlines()[-1:] if code == _FORESEEN else []
                self.failed.emit(last[0] if last else self.sorry)
        if code:
            self.left.emit()
        self.over.emit()
        self.deleteLater()


class Pace:
    """How far and how long yet, in words, from what was done since it began."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._begin: tuple[float, float] | None = None

    def words(self, what: str, done: float, total: float) -> str:
        if total <= 0:
            return _headed(what)
        now = self._clock()
        if self._begin is None:
            self._begin = now, done
        seconds, made = now - self._begin[0], done - self._begin[1]
        left = f", {span(seconds / made * (total - done))} left" if made > 0 and seconds >= _FIRST_S else ""
        return f"{_headed(what)}: {size(done)} of {size(total)}{left}"


def _headed(what: str) -> str:
    return what[:1].upper() + what[1:]
