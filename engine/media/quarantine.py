"""Media are first opened in a child process: one that crashes or hangs it is set aside and never opened here.

The verdict on a file is kept with its other derived data, so that it is tried once.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec
from msgspec import Struct

from engine.domain.errors import MediaError
from engine.media import cache
from engine.media.container import readable
from engine.media.probe import Probed

# A file may take this long, and a second more for so many bytes; so many times that if there are signs of life.
_PATIENCE = 8.0
_BYTES_A_SECOND = 25_000_000
_LIVELY = 10
_START = 60.0
# The child is replaced after so many files, whatever it leaks.
_WORN = 1000
# Another name once the same file gives another verdict.
_VERDICT = "verdict-2.json"


class Verdict(Struct, frozen=True):
    """What the child found: facts, or the sentence why not."""

    probed: Probed | None = None
    sentence: str = ""


def engine_command() -> list[str]:
    """How the engine's program is called beside this one."""
    if getattr(sys, "frozen", False):
        own = Path(sys.executable)
        return [str(own.with_name(f"groundwork-engine{own.suffix}"))]
    return [sys.executable, "-m", "engine"]


class Examiner:
    """Opens media in a child process, one at a time; safe between threads. `close` it, or use it in a `with`."""

    def __init__(self, command: Sequence[str] = (), *, patience: float = _PATIENCE) -> None:
        self._command = list(command) or [*engine_command(), "probe", "--each"]
        self._patience = patience
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._served = 0

    def __enter__(self) -> "Examiner":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def examine(self, path: Path) -> Probed:
        """What `path` is. Raises `MediaError` with one sentence when it cannot be read or was set aside."""
        with readable(path):
            file, size = cache.entry(path, _VERDICT), path.stat().st_size
        verdict = _kept(file)
        if verdict is None:
            with self._lock:
                verdict, lasting = self._ask(path, size)
            made = msgspec.json.encode(verdict)
            if lasting:
                cache.keep(file, lambda out: out.write(made))
        if verdict.probed is None:
            raise MediaError(verdict.sentence)
        return verdict.probed

    def close(self) -> None:
        with self._lock:
            self._end()

    def _ask(self, path: Path, size: int) -> tuple[Verdict, bool]:
        """The verdict, and whether it will be the same another day: a slow machine may need another try."""
        child = self._ready()
        late = threading.Event()
        patience = self._patience + size / _BYTES_A_SECOND
        line = _exchange(child, msgspec.json.encode(str(path.absolute())), patience, late)
        if not line or late.is_set():
            # It may be killed just as it answers; the next file is not to blame.
            self._end()
        if line:
            self._served += 1
            return msgspec.json.decode(line, type=Verdict), True
        if late.is_set():
            return Verdict(
                sentence=f"{path.name} keeps the reader busy without end and was set aside; convert it."
            ), False
        return Verdict(sentence=f"{path.name} crashed the reader and was set aside; it is damaged or hostile."), True

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._served >= _WORN or (self._child is not None and self._child.poll() is not None):
            self._end()
        if self._child is None:
            self._child = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            self._served = 0
            if not _exchange(self._child, b"", _START, threading.Event()):
                self._end()
                raise MediaError("The reader of media does not start; install Groundwork again.")
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                _shut(pipe)


def _exchange(child: subprocess.Popen[bytes], line: bytes, patience: float, late: threading.Event) -> bytes:
    """Write a line, read the answer; b"" when the child died or was killed for taking too long.

    Each empty line before the answer is a sign of life and gives it as long again.
    """
    if child.stdin is None or child.stdout is None:
        return b""

    def give_up() -> None:
        late.set()
        child.kill()

    until = time.monotonic() + _LIVELY * patience
    said = b"\n"
    try:
        if line:
            child.stdin.write(line + b"\n")
            child.stdin.flush()
        while said == b"\n":
            watch = threading.Timer(min(patience, until - time.monotonic()), give_up)
            watch.start()
            try:
                said = child.stdout.readline()
            finally:
                watch.cancel()
                watch.join()
    except OSError:
        return b""
    return said


def _shut(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        return


def _kept(file: Path) -> Verdict | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Verdict)
    except (OSError, msgspec.DecodeError):
        return None
