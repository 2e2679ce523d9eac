"""Exports reach their place whole or not at all: written beside it, synced, then renamed over it."""

import ctypes
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from engine.domain.errors import ExchangeError
from engine.exchange.outgoing import File

MARK = ".groundwork-export"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def write_file(target: Path, content: bytes) -> None:
    """Put one file in place."""
    with _refusals(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target)
        temporary = _beside(target)
        try:
            _write(temporary, content)
            temporary.replace(target)
            _sync_folder(target.parent)
        finally:
            temporary.unlink(missing_ok=True)


def write_folder(target: Path, files: Iterable[File]) -> int:
    """Put a folder of files in place of an empty folder or of an earlier export; returns how many files.

    A folder with anything else in it is refused and left alone.
    """
    with _refusals(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target)
        _check_ours(target)
        temporary = _beside(target)
        temporary.mkdir()
        try:
            count = _fill(temporary, files)
            _write(temporary / MARK, b"Written by Groundwork; the next export to this folder replaces it.\n")
            _exchange(temporary, target)
            _sync_folder(target.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return count


def sweep(target: Path) -> None:
    """Remove what a killed export to the same place left behind, and bring back a folder it had moved aside."""
    for orphan in target.parent.glob(f".{target.name}.*.partial"):
        if orphan.is_dir() and not orphan.is_symlink():
            if not target.exists() and (orphan / MARK).exists() and orphan.name.endswith(".old.partial"):
                orphan.rename(target)
                continue
            shutil.rmtree(orphan, ignore_errors=True)
        else:
            orphan.unlink(missing_ok=True)


class _refusals:  # noqa: N801
    """Turns what the file system says into a sentence."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            place = error.filename or self._target
            raise ExchangeError(f"{place} cannot be written ({error.strerror}); choose another place.") from error


def _fill(folder: Path, files: Iterable[File]) -> int:
    folders: set[Path] = {folder}
    count = 0
    for file in files:
        path = folder / file.name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ExchangeError(f"{file.name} would be written outside the export; rename the medium.")
        path.parent.mkdir(parents=True, exist_ok=True)
        folders.update(parent for parent in path.parents if parent.is_relative_to(folder))
        if isinstance(file.content, Path):
            shutil.copyfile(file.content, path)
            _sync(path)
        else:
            _write(path, file.content)
        count += 1
    for made in sorted(folders, key=lambda one: -len(one.parts)):
        _sync_folder(made)
    return count


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _beside(target: Path) -> Path:
    return target.parent / f".{target.name}.{os.getpid()}.partial"


def _check_ours(target: Path) -> None:
    if target.is_dir() and any(target.iterdir()) and not (target / MARK).is_file():
        raise ExchangeError(f"{target} holds other files; choose an empty or new folder for the export.")
    if target.exists() and not target.is_dir():
        raise ExchangeError(f"{target} is a file; choose a folder for the export.")


def _exchange(new: Path, target: Path) -> None:
    """Swap two folders in one step where the system can; else through a name that `sweep` knows."""
    if not target.exists():
        new.rename(target)
    elif not _swapped(new, target):
        aside = target.parent / f".{target.name}.{os.getpid()}.old.partial"
        target.rename(aside)
        new.rename(target)
        shutil.rmtree(aside, ignore_errors=True)


def _swapped(a: Path, b: Path) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    return bool(renameat2(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE) == 0)
