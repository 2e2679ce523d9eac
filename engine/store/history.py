"""The audit trail as two stacks: what can be undone and what can be redone, in constant time at any length."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import apsw

from engine.domain.errors import StaleEdit, StoreError
from engine.domain.project import Entity, HistoryRow
from engine.edits import Change
from engine.store.rows import TABLES, decode, encode

Report = Callable[[int, int], None]
_REPORT_EVERY = 500


class Tops(NamedTuple):
    """The newest row of the trail and the tops of both stacks after it; 0 where there is none."""

    seq: int
    undo: int
    redo: int


def tops(connection: apsw.Connection) -> Tops:
    row = connection.execute("SELECT seq, undo_top, redo_top FROM edit ORDER BY seq DESC LIMIT 1").fetchone()
    return Tops(row[0], row[1] or 0, row[2] or 0) if row else Tops(0, 0, 0)


def do(connection: apsw.Connection, label: str, changes: Iterable[Change], *, author: str, at: str) -> int:
    """Apply the changes as one new step; what had been undone before can no longer be redone."""
    top = tops(connection)
    seq = top.seq + 1
    _append(connection, seq, "do", label, author, at, seq, top.undo or None, seq, None)
    for n, change in enumerate(changes):
        position, before, after = _enact(connection, change, None)
        connection.execute("INSERT INTO change VALUES (?, ?, ?, ?, ?)", (seq, n, position, before, after))
    return seq


def size(connection: apsw.Connection, *, backwards: bool) -> int:
    """How many changes the next undo, or redo, makes."""
    top = tops(connection)
    seq = top.undo if backwards else _target(connection, top.redo)
    row = connection.execute("SELECT max(n) FROM change WHERE edit = ?", (seq,)).fetchone()
    return 0 if row is None or row[0] is None else int(row[0]) + 1


def undo(connection: apsw.Connection, report: Report, *, author: str, at: str) -> int:
    """Take the newest step back; its number, 0 when there is none."""
    top = tops(connection)
    if not top.undo:
        return 0
    total = size(connection, backwards=True)
    label, below = _one(connection, "SELECT label, below FROM edit WHERE seq = ?", top.undo)
    seq = top.seq + 1
    _append(connection, seq, "undo", label, author, at, top.undo, top.redo or None, below, seq)
    _enact_all(connection, changes_of(connection, top.undo, backwards=True), total, report)
    return top.undo


def redo(connection: apsw.Connection, report: Report, *, author: str, at: str) -> int:
    """Make the step undone last again; its number, 0 when there is none."""
    top = tops(connection)
    if not top.redo:
        return 0
    total = size(connection, backwards=False)
    target, below = _one(connection, "SELECT target, below FROM edit WHERE seq = ?", top.redo)
    (label,) = _one(connection, "SELECT label FROM edit WHERE seq = ?", target)
    _append(connection, top.seq + 1, "redo", label, author, at, target, None, target, below)
    _enact_all(connection, changes_of(connection, target), total, report)
    return int(target)


def changes_of(connection: apsw.Connection, seq: int, *, backwards: bool = False) -> Iterator[tuple[int, Change]]:
    """The changes of one step with the places of their rows; `backwards` turned round to undo them."""
    order = "DESC" if backwards else "ASC"
    rows = connection.cursor().execute(
        f"SELECT position, before, after FROM change WHERE edit = ? ORDER BY n {order}",
        (seq,),
    )
    for position, before, after in rows:
        old, new = (None if body is None else decode(body) for body in (before, after))
        yield position, Change(new, old) if backwards else Change(old, new)


def listed(connection: apsw.Connection, limit: int, before: int | None) -> list[HistoryRow]:
    """Steps from the newest on, each with whether it is undone at present."""
    rows = connection.execute(
        "SELECT seq, label, at, author, (SELECT kind FROM edit AS last WHERE last.target = edit.seq ORDER BY seq DESC "
        "LIMIT 1) = 'undo' FROM edit WHERE kind = 'do' AND seq < ? ORDER BY seq DESC LIMIT ?",
        (before if before is not None else 1 << 62, limit),
    )
    return [HistoryRow(seq, label, at, author, bool(undone)) for seq, label, at, author, undone in rows]


def _one(connection: apsw.Connection, sql: str, seq: int) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(sql, (seq,)).fetchone()
    if row is None:
        raise StoreError(f"Step {seq} of the history is missing; restore a backup.")
    return row


def _append(connection: apsw.Connection, *row: int | str | None) -> None:
    connection.execute("INSERT INTO edit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _target(connection: apsw.Connection, seq: int) -> int:
    """The step that an undo took back, 0 when there is none."""
    return int(_one(connection, "SELECT target FROM edit WHERE seq = ?", seq)[0]) if seq else 0


def _enact_all(connection: apsw.Connection, changes: Iterable[tuple[int, Change]], total: int, report: Report) -> None:
    for n, (position, change) in enumerate(changes):
        if n % _REPORT_EVERY == 0:
            report(n, total)
        _enact(connection, change, position)


def _enact(connection: apsw.Connection, change: Change, position: int | None) -> tuple[int, bytes | None, bytes | None]:
    """One change on its table, refused when its `before` is not what the project holds."""
    before, after = (None if one is None else encode(one) for one in (change.before, change.after))
    if change.before is None:
        assert change.after is not None
        return _insert(connection, change.after, after, position), None, after
    table = TABLES[type(change.before)]
    row = connection.execute(f"SELECT position, body FROM {table.name} WHERE id = ?", (change.id,)).fetchone()
    if row is None or (row[1] != before and decode(row[1]) != change.before):
        raise StaleEdit("This was changed meanwhile; look at it again and repeat the edit.")
    if change.after is None:
        connection.execute(f"DELETE FROM {table.name} WHERE position = ?", (row[0],))
    else:
        sql, values = table.update(change.before, change.after)
        connection.execute(sql, (*values, after, row[0]))
    return row[0], before, after


def _insert(connection: apsw.Connection, entity: Entity, body: bytes | None, position: int | None) -> int:
    table = TABLES[type(entity)]
    try:
        connection.execute(table.insert, (position, entity.id, *table.values(entity), body))
    except apsw.ConstraintError as error:
        raise StaleEdit("This exists already; look at it again and repeat the edit.") from error
    return connection.last_insert_rowid()
