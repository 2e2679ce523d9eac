"""The window's view of a training run: it starts the program, then only looks at the run folder.

The program outlives the window, and a window that comes later sees the same run again.
"""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

import engine
from app.process import engine_command
from engine.domain.errors import TrainingFailed
from engine.domain.training import HELD_OUT, REFUSED, RunState, RunStatus
from engine.store.run_log import RunLog, ask

RUNS = "runs"
_LOOK_MS = 500


class TrainingRun(QObject):
    """`changed` whenever the run moved; `ended(status)` once a run that was seen running is over."""

    changed = Signal()
    ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._log: RunLog | None = None
        self._project: Path | None = None
        self._was: RunState | None = None
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)

    @property
    def folder(self) -> Path | None:
        return self._log.folder if self._log else None

    @property
    def status(self) -> RunStatus:
        return self._log.status if self._log else RunStatus(RunState.WAITING)

    @property
    def lacked_memory(self) -> bool:
        """Whether the run ended before its first step, since there was too little memory for it."""
        last = self._log.events[-2:] if self._log else []
        return [event.kind for event in last] == [REFUSED, "ended"]

    def losses(self) -> tuple[list[float], list[int]]:
        """The loss of every step, and at which steps a new stage began."""
        steps = [event for event in self._log.events if event.kind == "update"] if self._log else []
        breaks = [at for at, (one, two) in enumerate(pairwise(steps), start=1) if one.stage_index != two.stage_index]
        return [event.loss for event in steps], breaks

    def held_out(self) -> list[tuple[int, float]]:
        """After how many steps the loss on held-out media was how large."""
        told: list[tuple[int, float]] = []
        steps = 0
        for event in self._log.events if self._log else []:
            steps += event.kind == "update"
            if event.kind == HELD_OUT:
                told.append((steps, event.loss))
        return told

    def attach(self, project: Path | None) -> None:
        """See the newest run of a project, or none."""
        self._project, self._log, self._was = project, None, None
        runs = sorted((project / RUNS).glob("*/events.jsonl")) if project else []
        if runs:
            self._watch(runs[-1].parent)
        self.changed.emit()

    def start(self, plan: str, model: str = "", adapter: str = "") -> None:
        """Begin a run of the project's corrections. TrainingFailed when the program cannot be started."""
        if self._project is None:
            return
        folder = self._project / RUNS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
        words = ["--plan", plan]
        words += ["--model", model] if model else []
        words += ["--continues", adapter] if adapter else []
        self._launch(folder, words)

    def resume(self) -> None:
        if self.folder is not None:
            self._launch(self.folder, [])

    def wish(self, word: str) -> None:
        """Ask the run to "pause", "stop" or "cancel"; it does so after the step that it is in."""
        if self.folder is not None:
            ask(self.folder, word)

    def look(self) -> None:
        """Read what was added; a run that is over is not looked at again."""
        if self._log is None:
            return
        news, status = self._log.read(), self._log.status
        if news or status.state is not self._was:
            self.changed.emit()
        over = status.state not in {RunState.WAITING, RunState.ENCODING, RunState.TRAINING}
        # A run may begin and end between two looks.
        ended = over and (self._was in {RunState.ENCODING, RunState.TRAINING} or (news and self._was is not None))
        self._was = status.state
        if ended:
            self.ended.emit(status)

    def close(self) -> None:
        """Stop looking; the run goes on."""
        self._timer.stop()

    def _launch(self, folder: Path, words: list[str]) -> None:
        program, *arguments = engine_command("train", str(self._project), "--run", str(folder), *words)
        process = QProcess()
        process.setProgram(program)
        process.setArguments(arguments)
        process.setWorkingDirectory(str(Path(engine.__file__).parents[1]))
        process.setStandardOutputFile(QProcess.nullDevice())
        process.setStandardErrorFile(QProcess.nullDevice())
        if not process.startDetached():
            raise TrainingFailed("The training program cannot be started; install Groundwork again.")
        self._watch(folder)

    def _watch(self, folder: Path) -> None:
        self._log = RunLog(folder)
        self._was = None
        self._timer.start()
        self.look()
