"""The project file's verbs: apply, undo, redo, read, back up.

Every edit is one committed transaction; there is no Save.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import apsw

from engine.domain.annotation import Annotation, Label
from engine.domain.errors import StoreError
from engine.domain.media import MediaItem
from engine.domain.project import AnnotationFilter, Entity, HistoryRow, ItemFilter, Template
from engine.domain.query import Prediction, Query
from engine.edits import Change, Edit
from engine.store import backups, database, history, selection
from engine.store.ballast import Ballast
from engine.store.history import Report
from engine.store.lock import WriterLock
from engine.store.rows import TABLES, decode

FILE = "project.db"
_HOUR = 3600.0
_MANY = 100_000
_E = TypeVar("_E", bound=Entity)


def root_of(folder: Path) -> Path:
    """What media paths are relative to: a project named *.groundwork lies inside its media folder and moves with it."""
    return folder.parent if folder.suffix == ".groundwork" else folder


class ProjectStore:
    """One project folder, open. `read_only` when another program holds it (`holder` names which).

    Not to be shared between threads: a job takes its own `reader()`. Failures are `StoreError`; what had been
    acknowledged before one is safe.
    """

    def __init__(self, folder: Path, connection: apsw.Connection, lock: WriterLock | None, author: str) -> None:
        self.folder = folder
        self.author = author
        self.root = root_of(folder)
        self._path = folder / FILE
        self._connection = connection
        self._lock = lock
        self._ballast = Ballast(folder)
        self._edited = False
        self._lent = ""
        self._backed_up = time.monotonic()

    @classmethod
    def create(cls, folder: Path, *, author: str = "") -> "ProjectStore":
        """Make `folder` (it may exist and hold media) a project and open it."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder} cannot be made ({error.strerror}); choose a folder you may write.") from error
        connection = database.create(folder / FILE)
        database.migrate(connection, folder / FILE)
        connection.close()
        return cls.open(folder, author=author)

    @classmethod
    def open(cls, folder: Path, *, author: str = "") -> "ProjectStore":
        """Open for writing, or read-only while another program does."""
        path = folder / FILE
        database.check(path)
        lock = WriterLock(folder)
        if not lock.held:
            return cls(folder, database.open_readonly(path), lock, author)
        try:
            connection = database.open_writable(path)
            old = database.version(connection, path)
            if 0 < old < len(database.schema()):
                backups.make(folder, connection)
            database.migrate(connection, path)
        except BaseException:
            lock.release()
            raise
        store = cls(folder, connection, lock, author)
        store._ballast.lay()
        return store

    def reader(self) -> "ProjectStore":
        """The same project on a connection of its own, for reading in another thread."""
        return ProjectStore(self.folder, database.open_readonly(self._path), None, self.author)

    def verify(self, watch: Callable[[], object]) -> None:
        """Read the whole file; raises StoreError where it is damaged. `watch` is called on the way and may raise."""
        database.verify(self._connection, self._path, watch)

    @property
    def read_only(self) -> bool:
        return self._lock is None or not self._lock.held

    @property
    def holder(self) -> str:
        return self._lock.holder if self._lock else ""

    @property
    def why_read_only(self) -> str:
        """One sentence for the user."""
        if self._lent:
            return f"{self.folder} is being written by {self._lent}; try again when it is done."
        if self.holder:
            return f"{self.folder} is open in {self.holder}; close it there to edit here."
        return f"{self.folder} can only be read; open a copy of it to edit."

    def lend(self, to: str) -> None:
        """Let a program of ours write: until `take_back` the project can only be read here."""
        if self._lock:
            self._lock.release()
            self._lent = to

    def take_back(self) -> None:
        """Write again ourselves; if another program was faster, `holder` names it."""
        if self._lent:
            self._lock, self._lent, self._edited = WriterLock(self.folder), "", True

    def close(self) -> None:
        self._connection.close()
        if self._lock:
            self._lock.release()

    # writing

    def apply(self, edit: Edit) -> int:
        """Commit one step; its number. `StaleEdit` when a `before` is not what the project holds."""
        return self._written(lambda: history.do(self._connection, edit.label, edit.changes, **self._signed()))

    def apply_changes(self, label: str, changes: Iterable[Change]) -> int:
        """Commit very many changes as one step without holding them all; backs up first. Not retried on a full disk."""
        if self._edited or history.tops(self._connection).seq:
            self.backup()
        once = iter(changes)
        return self._written(lambda: history.do(self._connection, label, once, **self._signed()), again=False)

    def undo(self) -> Edit | None:
        """Take the newest step back; the edit as it was applied, None when there is nothing to undo."""
        seq = self.travel(backwards=True)
        return self._edit(seq, backwards=True) if seq else None

    def redo(self) -> Edit | None:
        """Make the step undone last again; None when there is nothing to redo."""
        seq = self.travel(backwards=False)
        return self._edit(seq, backwards=False) if seq else None

    def travel(self, *, backwards: bool, report: Report = lambda _done, _total: None) -> int:
        """Undo or redo without holding the step in memory, with reports of progress; its number, 0 for none."""
        go = history.undo if backwards else history.redo
        return int(self._written(lambda: go(self._connection, report, **self._signed())))

    def set_value(self, key: str, value: str) -> None:
        """Keep a small fact about the project; not part of the history."""
        self._written(lambda: self._connection.execute("REPLACE INTO project VALUES (?, ?)", (key, value)))

    def backup(self) -> Path:
        """A verified copy under `backups/`; safe to call on a `reader()` in a thread."""
        path = backups.make(self.folder, self._connection)
        self._edited, self._backed_up = False, time.monotonic()
        return path

    @property
    def backup_due(self) -> bool:
        """Whether an hour of work has no backup yet."""
        return self._edited and time.monotonic() - self._backed_up >= _HOUR

    def backup_made(self) -> None:
        """A `reader()` made the backup that was due."""
        self._edited, self._backed_up = False, time.monotonic()

    # reading

    @property
    def undo_label(self) -> str | None:
        return self._step(history.tops(self._connection).undo)

    @property
    def redo_label(self) -> str | None:
        row = self._row("SELECT target FROM edit WHERE seq = ?", history.tops(self._connection).redo)
        return self._step(row[0]) if row else None

    def travel_size(self, *, backwards: bool) -> int:
        """How many changes the next undo, or redo, makes."""
        with database.told(self._path):
            return history.size(self._connection, backwards=backwards)

    def history(self, limit: int = 200, before: int | None = None) -> list[HistoryRow]:
        """Steps from the newest on (before step `before`)."""
        with database.told(self._path):
            return history.listed(self._connection, limit, before)

    def get(self, kind: type[_E], id: str) -> _E | None:
        row = self._row(f"SELECT body FROM {TABLES[kind].name} WHERE id = ?", id)
        return self._decoded(row[0], kind) if row else None

    def items(
        self,
        filter: ItemFilter = ItemFilter(),
        offset: int = 0,
        limit: int = 1000,
    ) -> list[MediaItem]:
        """Media in the order in which they came."""
        where, values = selection.items(filter)
        sql = f"SELECT body FROM item WHERE {where} ORDER BY position LIMIT ? OFFSET ?"
        return list(self._all(sql, (*values, limit, offset), MediaItem))

    def count_items(self, filter: ItemFilter = ItemFilter()) -> int:
        where, values = selection.items(filter)
        return self._count(f"SELECT count(*) FROM item WHERE {where}", *values)

    def position(self, id: str, filter: ItemFilter = ItemFilter()) -> int | None:
        """At which place of `items(filter)` the item stands; None when it is not in it."""
        where, values = selection.items(filter)
        row = self._row(f"SELECT position FROM item WHERE id = ? AND {where}", id, *values)
        if row is None:
            return None
        return self._count(f"SELECT count(*) FROM item WHERE position < ? AND {where}", row[0], *values)

    def item_at(self, path: str) -> MediaItem | None:
        """The item that refers to `path` as it is stored."""
        row = self._row("SELECT body FROM item WHERE path = ?", path)
        return self._decoded(row[0], MediaItem) if row else None

    def annotations(
        self,
        filter: AnnotationFilter = AnnotationFilter(),
        offset: int = 0,
        limit: int | None = None,
    ) -> Iterator[Annotation]:
        """Annotations in the order in which they came."""
        where, values = selection.annotations(filter)
        if (filter.since or filter.until or filter.score) and self._few(where, values):
            where = f"position IN (SELECT position FROM annotation WHERE {where})"
        sql = f"SELECT body FROM annotation WHERE {where} ORDER BY position LIMIT ? OFFSET ?"
        return self._all(sql, (*values, -1 if limit is None else limit, offset), Annotation)

    def count_annotations(self, filter: AnnotationFilter = AnnotationFilter()) -> int:
        where, values = selection.annotations(filter)
        return self._count(f"SELECT count(*) FROM annotation WHERE {where}", *values)

    def queries(self, item: str) -> list[Query]:
        return list(self._all("SELECT body FROM query WHERE item = ? ORDER BY position", (item,), Query))

    def predictions(self, item: str) -> list[Prediction]:
        return list(self._all("SELECT body FROM prediction WHERE item = ? ORDER BY position", (item,), Prediction))

    def labels(self) -> list[Label]:
        return list(self._all("SELECT body FROM label ORDER BY position", (), Label))

    def templates(self) -> list[Template]:
        return list(self._all("SELECT body FROM template ORDER BY position", (), Template))

    def pending(self, items: Sequence[str]) -> dict[str, int]:
        """Predictions still to be reviewed, per item that has any."""
        marks = ", ".join("?" * len(items))
        sql = f"SELECT item, count(*) FROM annotation WHERE review = 'predicted' AND item IN ({marks}) GROUP BY item"
        with database.told(self._path):
            rows: list[Any] = self._connection.execute(sql, tuple(items)).fetchall()
        return dict(rows)

    def decided(self) -> list[str]:
        """Ids of the media on which a human has accepted, changed, rejected or drawn anything."""
        with database.told(self._path):
            rows = self._connection.execute("SELECT DISTINCT item FROM annotation WHERE review <> 'predicted'")
            return [item for (item,) in rows]

    def value(self, key: str) -> str | None:
        row = self._row("SELECT value FROM project WHERE key = ?", key)
        return str(row[0]) if row else None

    def path_of(self, item: MediaItem) -> Path:
        """Where the item's file lies."""
        return self.root / item.path

    # inside

    def _signed(self) -> dict[str, str]:
        return {"author": self.author, "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"}

    def _written(self, work: Callable[[], Any], *, again: bool = True) -> Any:
        if self.read_only:
            raise StoreError(self.why_read_only)
        try:
            with database.told(self._path), database.transaction(self._connection):
                result = work()
        except database.DiskFull:
            if not (self._ballast.drop() and again):
                raise
            return self._written(work, again=False)
        self._edited = True
        return result

    def _edit(self, seq: int, *, backwards: bool) -> Edit:
        with database.told(self._path):
            changes = history.changes_of(self._connection, seq, backwards=backwards)
            return Edit(self._step(seq) or "", tuple(change for _, change in changes))

    def _step(self, seq: int) -> str | None:
        row = self._row("SELECT label FROM edit WHERE seq = ?", seq) if seq else None
        return str(row[0]) if row else None

    def _row(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        with database.told(self._path):
            return self._connection.execute(sql, values).fetchone()

    def _few(self, where: str, values: tuple[Any, ...]) -> bool:
        """Whether sorting what an index finds is cheaper than walking all rows in order, as SQLite would."""
        sql = f"SELECT count(*) FROM (SELECT 1 FROM annotation WHERE {where} LIMIT {_MANY})"
        return self._count(sql, *values) < _MANY

    def _count(self, sql: str, *values: Any) -> int:
        row = self._row(sql, *values)
        return int(row[0]) if row else 0

    def _all(self, sql: str, values: tuple[Any, ...], kind: type[_E]) -> Iterator[_E]:
        with database.told(self._path):
            for (body,) in self._connection.cursor().execute(sql, values):
                yield self._decoded(body, kind)

    def _decoded(self, body: bytes, kind: type[_E]) -> _E:
        with database.told(self._path):
            entity = decode(body)
        if not isinstance(entity, kind):
            raise StoreError(f"{self._path} holds a {type(entity).__name__} in a wrong place; restore a backup.")
        return entity
