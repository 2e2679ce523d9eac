"""Where an import may look: names from a file never lead out of its folder, nor on to the network."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from engine.domain.errors import ExchangeError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?[ .]*", re.IGNORECASE)
_FORBIDDEN = frozenset(
    {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "pickle.find_class"}
)
_allowed: ContextVar[tuple[Path, ...] | None] = ContextVar("allowed", default=None)
_installed: list[bool] = []


class Breach(RuntimeError):
    """A reader reached for something that no import needs: a fault of ours, not of the file."""


def relative(name: str) -> str | None:
    """A name of a file as a safe relative POSIX path; None for anything that could mean another place."""
    path = name.replace("\\", "/")
    if not path or "\0" in path or path.startswith(("/", "~")) or _SCHEME.match(path) or len(path) > 4096:
        return None
    parts = [piece for piece in path.split("/") if piece not in {"", "."}]
    if not parts or any(piece == ".." or _RESERVED.fullmatch(piece) for piece in parts):
        return None
    return "/".join(parts)


def last_name(name: str) -> str:
    """The bare file name at the end of any path or address; for looking up, never for opening."""
    path = name.replace("\\", "/").split("?d=", 1)[-1].split("#", 1)[0]
    path = unquote(path.split("?", 1)[0]) if _SCHEME.match(path) else path
    return path.rstrip("/").rsplit("/", 1)[-1]


def resolved(folder: Path, name: str) -> Path:
    """The file that `name` means inside `folder`, symbolic links included; ExchangeError for any other place."""
    safe = relative(name)
    path = (folder / safe).resolve() if safe else None
    if path is None or not path.is_relative_to(folder.resolve()):
        raise ExchangeError(f"{name[:200]!r} points outside the folder {folder}; move the file into it.")
    return path


def inside(folder: Path, path: Path) -> bool:
    """Whether a file that was found in a folder really lies there, symbolic links followed."""
    return path.resolve().is_relative_to(folder.resolve())


@contextmanager
def confined(*folders: Path) -> Iterator[None]:
    """While this holds, the current thread opens no file outside `folders`, connects nowhere and starts nothing.

    Python's own files stay readable. A breach is a `Breach`, so that no reader can mistake it for bad input.
    """
    if not _installed:
        sys.addaudithook(_audit)
        _installed.append(True)
    own = (Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parents[2])
    token = _allowed.set(tuple(folder.resolve() for folder in (*folders, *own)))
    try:
        yield
    finally:
        _allowed.reset(token)


@contextmanager
def lifted() -> Iterator[None]:
    """For what the program itself looks up while a file is read, such as the frames of a clip of the project."""
    token = _allowed.set(None)
    try:
        yield
    finally:
        _allowed.reset(token)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    allowed = _allowed.get()
    if allowed is None:
        return
    if event in _FORBIDDEN:
        raise Breach(f"{event} during an import")
    if event == "open" and isinstance(arguments[0], str | bytes):
        path = arguments[0] if isinstance(arguments[0], str) else arguments[0].decode(errors="replace")
        with lifted():
            fine = any(Path(path).resolve().is_relative_to(folder) for folder in allowed)
        if not fine:
            raise Breach(f"open of {path!r} during an import")
