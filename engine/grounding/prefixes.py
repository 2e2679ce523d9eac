"""Prefixes kept in memory and on disk within byte budgets: what was encoded once is asked again at no cost."""

import logging
import os
import re
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from engine.grounding.backbone import Backbone, Prefix

_SUFFIX = ".prefix"
_UNFINISHED = re.compile(r"[0-9a-f]{64}\.part")
# Seconds after which no one is writing an unfinished file any more.
_STALE = 3600
_log = logging.getLogger(__name__)


class PrefixCache:
    """Prefixes of one backbone by key (hex). `folder` None keeps nothing on disk; the least recently asked go first."""

    def __init__(self, backbone: Backbone, folder: Path | None, memory: int, disk: int) -> None:
        self._backbone, self._folder = backbone, folder
        self._memory, self._disk = memory, disk
        self._held: OrderedDict[str, Prefix] = OrderedDict()
        self._unsaved: set[str] = set()

    def get(self, key: str) -> Prefix | None:
        """The prefix from memory or disk, None where it has to be made."""
        if key not in self._held:
            path = self._path(key)
            found = self._backbone.load(path) if path and path.exists() else None
            if found is None:
                return None
            self._hold(key, found)
        self._held.move_to_end(key)
        return self._held[key]

    def put(self, key: str, prefix: Prefix) -> None:
        """Keep a prefix just made; `tidy` writes it. Others go as far as they exceed the budget of memory."""
        self._hold(key, prefix)
        self._unsaved.add(key)

    def tidy(self) -> None:
        """Write what is new and keep to the budgets; called when no one waits for an answer."""
        for key in [key for key in self._unsaved if key in self._held]:
            self._save(key)
        self._unsaved.clear()
        self._shrink(keep=1)
        self._trim()

    def bytes_held(self) -> int:
        return sum(self._backbone.size(prefix) for prefix in self._held.values())

    def _hold(self, key: str, prefix: Prefix) -> None:
        # The new one is not measured before its question is answered: that would take a copy of it.
        self._shrink(keep=0)
        self._held[key] = prefix

    def _shrink(self, keep: int) -> None:
        while len(self._held) > keep and self.bytes_held() > self._memory:
            key, oldest = self._held.popitem(last=False)
            self._unsaved.discard(key)
            self._backbone.drop(oldest)

    def _path(self, key: str) -> Path | None:
        return self._folder / f"{key}{_SUFFIX}" if self._folder else None

    def _save(self, key: str) -> None:
        path = self._path(key)
        if not path or self._backbone.size(self._held[key]) > self._disk:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._backbone.save(self._held[key], path)
        except OSError as error:
            _log.warning("a prefix was not kept on disk: %s", error)

    def _trim(self) -> None:
        """Oldest files go until the rest fits; asking again marks a file as new.

        Other processes may keep prefixes in the same folder: what they are quicker with is left to them.
        """
        if not self._folder or not self._folder.is_dir():
            return
        for key in self._held:
            with suppress(OSError):
                os.utime(self._folder / f"{key}{_SUFFIX}")
        files = sorted(self._files(self._folder))
        total = sum(size for _, size, _ in files)
        for _, size, file in files:
            if total <= self._disk:
                break
            with suppress(OSError):
                file.unlink(missing_ok=True)
                total -= size

    @staticmethod
    def _files(folder: Path) -> Iterator[tuple[int, int, Path]]:
        """Time of the last question, bytes and path of each; what a process left unfinished when it died is removed."""
        for file in folder.iterdir():
            with suppress(OSError):
                told = file.stat()
                if file.suffix == _SUFFIX:
                    yield told.st_mtime_ns, told.st_size, file
                elif _UNFINISHED.fullmatch(file.name) and told.st_mtime < time.time() - _STALE:
                    file.unlink()
