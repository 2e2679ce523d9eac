"""Copies of the project file made by SQLite's online backup: numbered, never ordered by the clock."""

import os
from datetime import UTC, datetime
from pathlib import Path

import apsw

from engine.domain.errors import StoreError
from engine.store import database
from engine.store.lock import WriterLock

_NEWEST = 24
_DAYS = 14
_STAMP = "%Y%m%dT%H%M%SZ"


def make(folder: Path, connection: apsw.Connection) -> Path:
    """A copy of what is committed, whole or not there at all; thins out old ones."""
    target_folder = folder / "backups"
    with _written(target_folder):
        target_folder.mkdir(exist_ok=True)
        number = 1 + max((_number(path) for path in listed(folder)), default=0)
        target = target_folder / f"{number:06d}-{datetime.now(UTC):{_STAMP}}.db"
        draft = target.with_suffix(".part")
        draft.unlink(missing_ok=True)
        with database.told(target):
            copy = apsw.Connection(str(draft))
            with copy.backup("main", connection, "main") as backup:
                while not backup.done:
                    backup.step(2000)
            copy.execute("PRAGMA journal_mode = DELETE")
            copy.close()
        _sync(draft)
        draft.replace(target)
        for path in superfluous(listed(folder)):
            path.unlink(missing_ok=True)
    return target


def listed(folder: Path) -> list[Path]:
    """Backups, oldest first."""
    return sorted((folder / "backups").glob("[0-9]*-*.db"), key=_number)


def superfluous(backups: list[Path]) -> list[Path]:
    """What to drop of `backups` (oldest first): all but the newest 24 and the last of each of the 14 newest days."""
    older = backups[:-_NEWEST]
    last_of_day = {_day(path): path for path in older}
    kept = sorted(last_of_day.values(), key=_number)[-_DAYS:]
    return [path for path in older if path not in kept]


def made_at(backup: Path) -> datetime:
    """When a listed backup was made, in UTC."""
    return datetime.strptime(backup.stem.split("-", 1)[1], _STAMP).replace(tzinfo=UTC)


def restore(folder: Path, backup: Path) -> Path:
    """Put `backup` in the place of the project file; the old one is set aside beside it, and its path returned.

    Raises StoreError, with everything as it was, when the backup is damaged or another program works on the project.
    """
    lock = WriterLock(folder)
    if not lock.held:
        holder = f"is open in {lock.holder}" if lock.holder else "lies where nothing can be written"
        raise StoreError(f"{folder} {holder}; open the backup as a copy instead.")
    try:
        return _restored(folder, backup)
    finally:
        lock.release()


def _restored(folder: Path, backup: Path) -> Path:
    database.check(backup)
    source = apsw.Connection(str(backup), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        database.verify(source, backup)
    except StoreError as error:
        raise StoreError(f"{backup} is damaged itself; choose an older backup.") from error
    finally:
        source.close()
    current = folder / "project.db"
    with _written(folder):
        draft = folder / "project.db.part"
        draft.write_bytes(backup.read_bytes())
        _sync(draft)
        aside = _free_name(folder)
        for suffix in ("", "-wal", "-shm"):
            part = current.with_name(current.name + suffix)
            if part.exists():
                part.replace(aside.with_name(aside.name + suffix))
        draft.replace(current)
    return aside


def _free_name(folder: Path) -> Path:
    number = 1
    while (aside := folder / f"set-aside-{number}.db").exists():
        number += 1
    return aside


def _number(path: Path) -> int:
    head = path.name.split("-", 1)[0]
    return int(head) if head.isdecimal() else 0


def _day(path: Path) -> str:
    return path.name.split("-", 1)[1][:8]


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


class _written:  # noqa: N801
    """What the system says while files are written, as a sentence."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise StoreError(
                f"{self._folder} cannot be written ({error.strerror}); free space or check its permissions."
            ) from error
