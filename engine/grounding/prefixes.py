"""Prefixes kept in memory and on disk within byte budgets: what was encoded once is asked again at no cost."""

import logging
from collections import OrderedDict
from pathlib import Path

from engine.grounding.backbone import Backbone, Prefix

_SUFFIX = ".prefix"
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
            self._held[key] = found
        self._held.move_to_end(key)
        return self._held[key]

    def put(self, key: str, prefix: Prefix) -> None:
        """Keep a prefix just made; `tidy` writes it."""
        self._held[key] = prefix
        self._unsaved.add(key)

    def tidy(self) -> None:
        """Write what is new and keep to the budgets; called when no one waits for an answer."""
        for key in [key for key in self._unsaved if key in self._held]:
            self._save(key)
        self._unsaved.clear()
        while len(self._held) > 1 and self.bytes_held() > self._memory:
            _, oldest = self._held.popitem(last=False)
            self._backbone.drop(oldest)
        self._trim()

    def bytes_held(self) -> int:
        return sum(self._backbone.size(prefix) for prefix in self._held.values())

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
        """Oldest files go until the rest fits; asking again marks a file as new."""
        if not self._folder or not self._folder.is_dir():
            return
        for key in self._held:
            path = self._folder / f"{key}{_SUFFIX}"
            if path.exists():
                path.touch()
        files = sorted(
            (file.stat().st_mtime_ns, file.stat().st_size, file) for file in self._folder.glob(f"*{_SUFFIX}")
        )
        total = sum(size for _, size, _ in files)
        for _, size, file in files:
            if total <= self._disk:
                break
            file.unlink(missing_ok=True)
            total -= size
