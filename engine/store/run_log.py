"""A training run seen from outside: its events as they are added, whether it is worked on, and wishes to it.

Light enough for the window, which is told nothing by the run itself: the run folder is the truth.
"""

from pathlib import Path

import apsw
import msgspec

from engine.domain.training import RunEvent, RunStatus, lasting, status_of

EVENTS, CONTROL, LOCK = "events.jsonl", "control", "lock"


class RunLog:
    """The log of the run in `folder`, read on from where the last reading ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._at = 0
        self._events: list[RunEvent] = []

    def read(self) -> bool:
        """Take in what was added; whether there was anything. An unfinished line waits for its end."""
        try:
            with (self.folder / EVENTS).open("rb") as stream:
                stream.seek(self._at)
                added = stream.read()
        except OSError:
            return False
        whole = added[: added.rfind(b"\n") + 1]
        self._at += len(whole)
        new = [event for line in whole.splitlines() if (event := _event(line)) is not None]
        self._events = lasting([*self._events, *new])
        return bool(new)

    @property
    def events(self) -> list[RunEvent]:
        return self._events

    @property
    def status(self) -> RunStatus:
        """How far the run is."""
        return status_of(self._events, working=held(self.folder))


def held(folder: Path) -> bool:
    """Whether some process, perhaps this one, works on the run."""
    if not (folder / LOCK).exists():
        return False
    connection = apsw.Connection(str(folder / LOCK))
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except apsw.BusyError:
        return True
    finally:
        connection.close()
    return False


def ask(folder: Path, wish: str) -> None:
    """Tell the process that trains to "pause", "stop" (and keep) or "cancel"; "" takes a wish back."""
    part = folder / f"{CONTROL}.part"
    part.write_text(wish)
    part.replace(folder / CONTROL)


def _event(line: bytes) -> RunEvent | None:
    try:
        return msgspec.json.decode(line, type=RunEvent)
    except msgspec.MsgspecError:
        return None
