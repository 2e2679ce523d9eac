"""Files made one after the other, with a ledger of what is done: stopped anywhere, the work goes on where it was."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.domain.errors import ModelError
from engine.grounding.manifest import FileEntry, entry

LEDGER = "convert.json"
# What only serves other files, under the one name that it ever has.
SCRATCH = "scratch-BF16.gguf"

Tick = Callable[[float], None]
Progress = Callable[[str, int, int], None]


class Request(Struct, frozen=True):
    """What to make of which files (name, size, time of change): the ledger of another request is not gone on with."""

    sources: tuple[tuple[str, int, int], ...]
    precisions: tuple[str, ...]
    senses: str = ""


class Ledger(Struct, frozen=True):
    """A request and the files of it that are whole."""

    request: Request
    done: dict[str, FileEntry] = {}


class Job(Struct, frozen=True):
    """One file: `cost` in bytes read; `write` makes it at a path, whole or not at all, and tells the share done."""

    file: str
    cost: int
    write: Callable[[Path, Tick], None]


def identity(path: Path) -> tuple[str, int, int]:
    """What tells whether a source is still the same file."""
    told = path.stat()
    return path.name, told.st_size, told.st_mtime_ns


def run(target: Path, request: Request, jobs: Sequence[Job], progress: Progress) -> dict[str, FileEntry]:
    """Do the jobs that the ledger has not; the files' sizes and hashes. `progress` may raise to stop."""
    done = _done(target, request)
    total, spent = sum(job.cost for job in jobs), 0
    for job in jobs:
        if job.file not in done:
            job.write(target / job.file, _ticking(job, spent, total, progress))
            done[job.file] = entry(target / job.file)
            _note(target, Ledger(request, done))
        spent += job.cost
        progress(job.file, spent, total)
    return {job.file: done[job.file] for job in jobs if job.file != SCRATCH}


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """A folder that cannot be written is told in a sentence; a closed end of the progress is not meant."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise ModelError(f"{target} cannot be written: {reason}; make room or choose another folder.") from error


def part_of(path: Path) -> Path:
    """Where a file lies until it is whole."""
    return path.with_name(path.name + ".part")


def forget(target: Path, jobs: Sequence[Job]) -> None:
    """Remove what only served the work, by its names: all else in the folder is the user's."""
    for name in (LEDGER, SCRATCH):
        (target / name).unlink(missing_ok=True)
    for name in (LEDGER, SCRATCH, *(job.file for job in jobs)):
        part_of(target / name).unlink(missing_ok=True)


def _ticking(job: Job, spent: int, total: int, progress: Progress) -> Tick:
    def tick(share: float) -> None:
        progress(job.file, spent + int(share * job.cost), total)

    tick(0.0)
    return tick


def _done(target: Path, request: Request) -> dict[str, FileEntry]:
    """Files of an earlier run of the same request that are still there at their sizes."""
    try:
        ledger = msgspec.json.decode((target / LEDGER).read_bytes(), type=Ledger)
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{target / LEDGER} is no ledger of ours; move it away or choose another folder.") from error
    if ledger.request != request:
        return {}
    sizes = {path.name: path.stat().st_size for path in target.iterdir() if path.is_file()}
    return {name: told for name, told in ledger.done.items() if sizes.get(name) == told.size}


def _note(target: Path, ledger: Ledger) -> None:
    part = part_of(target / LEDGER)
    part.write_bytes(msgspec.json.encode(ledger))
    part.replace(target / LEDGER)
