"""The folder of one training run: the only truth about it.

    plan.json      the plan it was started with          checkpoints/   the two newest states, see `checkpoints`
    data.json      digest and counts of its data         adapter/       the result
    versions.json  programs and machine                  control        what its owner wants: pause, stop or cancel
    events.jsonl   what happened, one line each          lock           held while a process works on it

Lines of events are only ever added. A run that was killed goes on from its newest checkpoint and says so with a
"resumed" event; what was logged after that checkpoint is then superseded.
"""

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import apsw
import msgspec

from engine.domain.errors import TrainingFailed
from engine.domain.training import RunEvent, RunStatus, TrainingPlan, status_of
from engine.store.run_log import CONTROL, EVENTS, LOCK, RunLog, ask, held
from engine.training import checkpoints

Event = RunEvent


class RunFolder:
    """Reading and writing of one run folder; one process at a time may hold it for writing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: apsw.Connection | None = None

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def adapter(self) -> Path:
        return self.path / "adapter"

    def hold(self) -> None:
        """Take the folder for this process. TrainingFailed when another one works on it."""
        self.path.mkdir(parents=True, exist_ok=True)
        connection = apsw.Connection(str(self.path / LOCK))
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except apsw.BusyError as error:
            connection.close()
            raise TrainingFailed(f"Another process is already training in “{self.path}”; wait for it.") from error
        self._lock = connection
        checkpoints.sweep(self.checkpoints)
        self._mend()

    def release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def begin(self, plan: TrainingPlan, data: dict[str, Any]) -> None:
        """Write down plan, data and versions, or check that they are those the run was started with."""
        if self.plan() is None:
            self._put("data.json", data)
            self._put("versions.json", versions())
            self._put("plan.json", plan)
            return
        if self.data().get("digest") != data.get("digest"):
            raise TrainingFailed(
                f"The run in “{self.path}” was started with other data; choose another run folder for the new data."
            )

    def plan(self) -> TrainingPlan | None:
        """The plan the run was started with; None for a folder without one."""
        path = self.path / "plan.json"
        if not path.exists():
            return None
        try:
            return msgspec.json.decode(path.read_bytes(), type=TrainingPlan)
        except (OSError, msgspec.MsgspecError) as error:
            raise TrainingFailed(f"The plan “{path}” cannot be read; start again in an empty folder.") from error

    def data(self) -> dict[str, Any]:
        try:
            return msgspec.json.decode((self.path / "data.json").read_bytes(), type=dict[str, Any])
        except (OSError, msgspec.MsgspecError) as error:
            raise TrainingFailed(f"“{self.path / 'data.json'}” cannot be read; start in an empty folder.") from error

    def add(self, event: Event) -> None:
        """Append one line. A full disk costs the line, never the run."""
        try:
            with (self.path / EVENTS).open("ab") as stream:
                stream.write(msgspec.json.encode(event) + b"\n")
        except OSError:
            return

    def events(self) -> list[Event]:
        """What happened and still holds, in order; a torn last line is passed over."""
        log = RunLog(self.path)
        log.read()
        return log.events

    def status(self) -> RunStatus:
        """How far the run is, out of its last events; a process that died leaves it paused."""
        return status_of(self.events(), working=self._lock is not None or held(self.path))

    def ask(self, wish: str) -> None:
        """Leave a wish for the process that trains here."""
        ask(self.path, wish)

    def wish(self) -> str:
        try:
            return (self.path / CONTROL).read_text().strip()
        except OSError:
            return ""

    def forget_checkpoints(self) -> None:
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def _put(self, name: str, value: object) -> None:
        text = msgspec.json.format(msgspec.json.encode(value), indent=1)
        checkpoints.write_file(self.path / name, lambda part: part.write_bytes(text))

    def _mend(self) -> None:
        """End a line that a killed process left torn, so that the next one starts on its own."""
        path = self.path / EVENTS
        if not path.exists() or not path.stat().st_size:
            return
        with path.open("rb+") as stream:
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                stream.write(b"\n")


def versions() -> dict[str, str]:
    """What computed: programs whose numbers may differ from one version to the next."""
    names = ("torch", "transformers", "peft", "numpy", "safetensors")
    found = {name: _version(name) for name in names}
    return {**found, "python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
