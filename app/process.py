"""A child process that speaks in lines: started, written to, read line by line, never waited for.

A line is delivered once it is whole. What arrives faster than it can be shown is taken in slices, so that the window
keeps painting.
"""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

import engine

_SLICE = 0.004
_LONGEST_LINE = 64 << 20
_KEPT_WORDS = 4000
_FAREWELL = 1500


def engine_command(*arguments: str) -> list[str]:
    """How the engine's program is called: beside ours in a bundle, by this interpreter otherwise.

    Where the system has `nice`, the engine steps back behind the window: on few cores it would stall the painting.
    """
    nice = shutil.which("nice")
    polite = [nice, "-n", "5"] if nice else []
    if getattr(sys, "frozen", False):
        return [*polite, str(Path(sys.executable).with_name("groundwork-engine")), *arguments]
    return [*polite, sys.executable, "-m", "engine", *arguments]


class LineProcess(QObject):
    """`line(bytes)` without its end; `ended(code, crashed)` once, `code` being the signal's number after a crash."""

    line = Signal(bytes)
    ended = Signal(int, bool)
    garbled = Signal()

    def __init__(
        self, command: Sequence[str], parent: QObject | None = None, *, environment: Mapping[str, str] | None = None
    ) -> None:
        """`environment` is added to this process's own."""
        super().__init__(parent)
        self.words = ""
        """The last of what the child wrote to stderr."""
        self._over = self._muted = False
        self._process = QProcess(self)
        self._process.setProgram(command[0])
        self._process.setArguments(list(command[1:]))
        if environment:
            whole = QProcessEnvironment.systemEnvironment()
            for name, value in environment.items():
                whole.insert(name, value)
            self._process.setProcessEnvironment(whole)
        self._process.setWorkingDirectory(str(Path(engine.__file__).parents[1]))
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.readyReadStandardError.connect(self._hear)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._failed)
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._read)

    @property
    def running(self) -> bool:
        return self._process.state() != QProcess.ProcessState.NotRunning

    @property
    def pid(self) -> int:
        return int(self._process.processId())

    def start(self) -> None:
        self._process.start()

    def write(self, line: bytes) -> None:
        """Send a line, newline included; nothing happens once the child is gone."""
        if self.running:
            self._process.write(line)

    def kill(self) -> None:
        """End the child at once; nothing that it wrote is heard any more, `ended` follows."""
        self._muted = True
        self._process.kill()

    def close(self) -> None:
        """Ask the child to end, and end it where it does not; only for leaving the program."""
        self._over = True
        self._process.closeWriteChannel()
        if self.running and not self._process.waitForFinished(_FAREWELL):
            self._process.kill()
            self._process.waitForFinished(_FAREWELL)

    def _read(self) -> None:
        until = monotonic() + _SLICE
        while self._process.canReadLine() and not self._muted:
            if monotonic() > until:
                self._later.start()
                return
            self._deliver()
        if self._process.bytesAvailable() > _LONGEST_LINE:
            self.garbled.emit()

    def _deliver(self) -> None:
        self.line.emit(bytes(self._process.readLine().data()).rstrip(b"\r\n"))

    def _hear(self) -> None:
        heard = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
        self.words = (self.words + heard)[-_KEPT_WORDS:]

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._end(code, crashed=status == QProcess.ExitStatus.CrashExit)

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end(-1, crashed=True)

    def _end(self, code: int, *, crashed: bool) -> None:
        if not self._over:
            self._over = True
            while self._process.canReadLine() and not self._muted:
                self._deliver()
            self.ended.emit(code, crashed)
