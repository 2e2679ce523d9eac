"""A file system between SQLite and the disk that records what is written, or refuses to write."""

import sys
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import NamedTuple

import apsw


class Event(NamedTuple):
    """A write, truncation, sync or deletion of one file."""

    kind: str
    name: str
    place: int = 0
    data: bytes = b""


class Disk(apsw.VFS):
    """The default file system while in use; `log` is what reached it, `refuse` raises from the n-th event on."""

    def __init__(self) -> None:
        self._under = apsw.vfs_names()[0]
        self.log: list[Event] = []
        self.count = 0
        self.refuse_from: int | None = None
        self.refusal: type[apsw.Error] = apsw.FullError
        super().__init__("shim", self._under, makedefault=True)

    def __enter__(self) -> "Disk":
        # APSW reports what a file system raises a second time, where nobody can catch it.
        self._hook = sys.unraisablehook
        sys.unraisablehook = lambda told: None if isinstance(told.exc_value, apsw.Error) else self._hook(told)
        return self

    def __exit__(self, *_: object) -> None:
        sys.unraisablehook = self._hook
        self.unregister()

    def note(self, event: Event) -> None:
        self.count += 1
        if self.refuse_from is not None and self.count >= self.refuse_from:
            raise self.refusal("refused by the test")
        self.log.append(event)

    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> apsw.VFSFile:
        return _File(self, self._under, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self.log.append(Event("delete", Path(filename).name))
        super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, under: str, name: apsw.URIFilename | str | None, flags: list[int]) -> None:
        self._disk = disk
        self._name = Path(name.filename() if isinstance(name, apsw.URIFilename) else name or "").name
        super().__init__(under, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.note(Event("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._disk.note(Event("truncate", self._name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._disk.note(Event("sync", self._name))
        super().xSync(flags)


def after_power_loss(log: list[Event], random: Random) -> dict[str, bytearray]:
    """Files as they might be found: what was synced is there, of the rest each write is there or not."""
    image: dict[str, bytearray] = {}
    waiting: dict[str, list[Event]] = defaultdict(list)
    for event in log:
        if event.kind == "sync":
            for one in waiting.pop(event.name, []):
                _put(image, one)
        elif event.kind == "delete":
            image.pop(event.name, None)
            waiting.pop(event.name, None)
        else:
            waiting[event.name].append(event)
    for events in waiting.values():
        for event in events:
            if random.random() < 0.5:
                _put(image, event)
    return image


def _put(image: dict[str, bytearray], event: Event) -> None:
    data = image.setdefault(event.name, bytearray())
    if event.kind == "truncate":
        del data[event.place :]
        return
    data.extend(bytes(max(0, event.place - len(data))))
    data[event.place : event.place + len(event.data)] = event.data
