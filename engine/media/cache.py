"""Where derived data of media lie on disk: a folder that may be emptied at any time.

A key is the file's size, time of change and first 64 KiB, so a replaced file never meets old data.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import platformdirs

_HEAD = 1 << 16


def folder() -> Path:
    """`GROUNDWORK_CACHE`, else the user's cache folder."""
    return (
        Path(os.environ.get("GROUNDWORK_CACHE") or platformdirs.user_cache_dir("groundwork", appauthor=False)) / "media"
    )


def entry(path: Path, what: str) -> Path:
    """The cache file for `what` ("index.npz", …) of the medium at `path`; raises OSError when that cannot be read."""
    facts = path.stat()
    with path.open("rb") as stream:
        key = hashlib.sha256(f"{facts.st_size} {facts.st_mtime_ns} ".encode() + stream.read(_HEAD)).hexdigest()[:32]
    return folder() / key[:2] / f"{key}.{what}"


def keep(file: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write `file` whole or not at all. A cache that cannot be written costs time, never work: no error."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent, suffix=".part")
    except OSError:
        return
    try:
        with os.fdopen(descriptor, "wb") as stream:
            write(stream)
        Path(name).replace(file)
    except OSError:
        Path(name).unlink(missing_ok=True)
