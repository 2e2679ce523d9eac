"""One writer at a time: a lock that the system frees with its process, and a note of who holds it."""

import os
import platform
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout
from msgspec import Struct


class Holder(Struct, frozen=True):
    """Who writes the project."""

    pid: int
    host: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class WriterLock:
    """The right to write a project folder; `held` says whether we have it.

    `holder` names who has it otherwise, "" when nobody may because the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = FileLock(folder / "project.lock", thread_local=False)
        self._note = folder / "project.holder"
        self.holder = ""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            self.held = False
            self.holder = self._read()
        except OSError:
            self.held = False
        else:
            self.held = True
            self._note.write_bytes(msgspec.json.encode(Holder(os.getpid(), platform.node())))

    def release(self) -> None:
        if self.held:
            self._note.unlink(missing_ok=True)
            self._lock.release()
            self.held = False

    def _read(self) -> str:
        try:
            return str(msgspec.json.decode(self._note.read_bytes(), type=Holder))
        except (OSError, msgspec.DecodeError):
            return "another program"
