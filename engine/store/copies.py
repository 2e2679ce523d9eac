"""A project that cannot be written where it lies is worked on as a copy; media that moved are found again."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from engine.domain.errors import StoreError
from engine.domain.media import MediaItem
from engine.edits import Change, Edit, replaced, together
from engine.media.probe import digest, relative
from engine.store.project_store import FILE, ProjectStore, root_of

Report = Callable[[float, float], None]


def _silent(_done: float, _total: float) -> None: ...


def copy_of(folder: Path, target: Path, *, backup: Path | None = None, author: str = "") -> ProjectStore:
    """Copy the project file of `folder`, or one of its backups, into `target` and open it there; media stay put."""
    if (target / FILE).exists():
        raise StoreError(f"{target} holds a project already; choose another folder.")
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in (FILE, f"{FILE}-wal") if backup is None else ():
            if (folder / name).exists():
                shutil.copyfile(folder / name, target / name)
        if backup is not None:
            shutil.copyfile(backup, target / FILE)
    except OSError as error:
        raise StoreError(
            f"{folder} could not be copied to {target} ({error.strerror}); nothing was changed."
        ) from error
    store = ProjectStore.open(target, author=author)
    root = root_of(folder.resolve())
    moved = (
        Change(item, msgspec.structs.replace(item, path=(root / item.path).as_posix()))
        for item in store.items(limit=-1)
        if not Path(item.path).is_absolute()
    )
    store.apply_changes("Copy project", moved)
    return store


def relocated(items: Sequence[MediaItem], folder: Path, root: Path, report: Report = _silent) -> Edit:
    """Find media again under `folder`, by name, size and content digest, as one step; the rest stays as it is."""
    places: dict[str, list[Path]] = {}
    for base, _, names in os.walk(folder):
        for name in names:
            places.setdefault(name, []).append(Path(base) / name)
    found = []
    for done, item in enumerate(items):
        report(done, len(items))
        match = next((path for path in places.get(Path(item.path).name, []) if _same(item, path)), None)
        if match is not None:
            moved = msgspec.structs.replace(item, path=relative(match, root))
            found.append(replaced("Relocate media", item, moved))
    return together("Relocate media", found)


def _same(item: MediaItem, path: Path) -> bool:
    if item.size and path.stat().st_size != item.size:
        return False
    if not item.digest:
        return True
    return digest(path) == item.digest
