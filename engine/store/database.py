"""Opening `project.db` safely: what it must be, how it is written, and its failures in sentences.

WAL with `synchronous=FULL`: an acknowledged commit survives a power cut (docs/adr/apsw-with-full.md).
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path

import apsw
import msgspec

from engine.domain.errors import StoreError

APPLICATION_ID = 0x47574B31
_HEADER = b"SQLite format 3\x00"
_SYNCHRONOUS = "FULL"
_BUSY_MILLISECONDS = 5000
_CHECKPOINT_PAGES = 1000
_WATCHED_STEPS = 10_000


def schema() -> list[str]:
    """The migrations in order; number n brings a file from version n - 1 to n."""
    folder = files("engine.store") / "schema"
    return [entry.read_text("utf-8") for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)]


def create(path: Path) -> apsw.Connection:
    """A new, empty project file at `path`, which must not exist."""
    if path.exists():
        raise StoreError(f"{path} is a project already; open it instead.")
    with told(path):
        connection = apsw.Connection(str(path))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        return _prepared(connection)


def open_writable(path: Path) -> apsw.Connection:
    """An existing project file, checked and ready to be written; not migrated yet."""
    check(path)
    with told(path):
        return _prepared(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE))


def open_readonly(path: Path) -> apsw.Connection:
    """An existing project file that this process never writes."""
    check(path)
    with told(path):
        connection = apsw.Connection(_uri(path), flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        _guard(connection)
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        return connection


def check(path: Path) -> None:
    """Refuse what is no whole project file of ours, without touching it."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError as error:
        raise StoreError(f"{path} does not exist; create a project from a media folder first.") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    if len(header) < 100 or not header.startswith(_HEADER):
        raise StoreError(f"{path} is not a Groundwork project or is damaged; restore a backup from its backups folder.")
    page, pages, application = *struct.unpack(">H10xI", header[16:32]), struct.unpack(">I", header[68:72])[0]
    if application != APPLICATION_ID:
        raise StoreError(f"{path} was made by another program; choose the folder of a Groundwork project.")
    # After a power cut the journal may hold the pages that the file itself still lacks.
    journal = path.with_name(path.name + "-wal")
    if size < (65536 if page == 1 else page) * pages and not (journal.exists() and journal.stat().st_size):
        raise StoreError(f"{path} is cut short; restore a backup from its backups folder.")


def verify(connection: apsw.Connection, path: Path, watch: Callable[[], object] = lambda: None) -> None:
    """Read every page; raises StoreError where one is damaged. `watch` is called on the way and may raise to stop."""
    connection.set_progress_handler(lambda: bool(watch()), _WATCHED_STEPS)
    try:
        with told(path):
            verdict = str(connection.pragma("quick_check", 1))
    finally:
        connection.set_progress_handler(None)
    if verdict != "ok":
        raise StoreError(f"{path} is damaged ({verdict.splitlines()[-1]}); restore a backup from its backups folder.")


def migrate(connection: apsw.Connection, path: Path) -> None:
    """Bring the file to the newest schema, each step in one transaction."""
    steps = schema()
    for number in range(version(connection, path), len(steps)):
        with told(path), transaction(connection):
            connection.execute(steps[number])
            connection.execute(f"PRAGMA user_version = {number + 1}")


def version(connection: apsw.Connection, path: Path) -> int:
    """The file's schema number; a newer one than ours is refused."""
    with told(path):
        number = int(connection.pragma("user_version"))
    if number > len(schema()):
        raise StoreError(f"{path} was written by a newer version of Groundwork; update the app to open it.")
    return number


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """All or nothing, with the write lock from the start: a plain BEGIN may fail late with a busy database."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def told(path: Path) -> Iterator[None]:
    """SQLite's failures as one sentence for the user."""
    try:
        yield
    except apsw.FullError as error:
        raise DiskFull(
            f"The disk that holds {path} is full; free some space and go on: everything saved is safe."
        ) from error
    except (apsw.CorruptError, apsw.NotADBError, apsw.FormatError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} is damaged ({error}); restore a backup from its backups folder.") from error
    except (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError) as error:
        raise StoreError(f"{path} lies in a folder that cannot be written; open a copy elsewhere.") from error
    except apsw.BusyError as error:
        raise StoreError(f"{path} is being written by another program; try again in a moment.") from error
    except apsw.IOError as error:
        raise StoreError(
            f"The disk that holds {path} reports an error ({error}); the last edit was not saved."
        ) from error
    except apsw.SQLError as error:
        raise StoreError(f"{path} is not laid out as a Groundwork project ({error}); restore a backup.") from error


class DiskFull(StoreError):
    """There is no space left; what was acknowledged is safe."""


def _prepared(connection: apsw.Connection) -> apsw.Connection:
    _guard(connection)
    connection.set_busy_timeout(_BUSY_MILLISECONDS)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {_SYNCHRONOUS}")
    connection.set_wal_hook(_checkpoint)
    return connection


def _checkpoint(connection: apsw.Connection, name: str, pages: int) -> int:
    """SQLite's own automatic checkpoint would report its failure as a failure of the commit that is already safe."""
    if pages >= _CHECKPOINT_PAGES:
        # The next commit tries again, and tells of a disk that stays bad.
        with suppress(apsw.Error):
            connection.wal_checkpoint(name, apsw.SQLITE_CHECKPOINT_PASSIVE)
    return apsw.SQLITE_OK


def _guard(connection: apsw.Connection) -> None:
    """A project file may come from anywhere: nothing in its schema is trusted."""
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0", "cache_size = -16384"):
        connection.execute(f"PRAGMA {pragma}")


def _uri(path: Path) -> str:
    """Without a writable folder SQLite cannot make its shared memory: read the bare file, if no journal is pending."""
    uri = path.absolute().as_uri()
    journal = path.with_name(path.name + "-wal")
    try:
        probe = path.with_name(".groundwork-probe")
        probe.touch()
        probe.unlink()
    except OSError as error:
        if journal.exists() and journal.stat().st_size:
            raise StoreError(f"{path} has unfinished work in a read-only folder; open a copy elsewhere.") from error
        return f"{uri}?immutable=1"
    return f"{uri}?mode=ro"
