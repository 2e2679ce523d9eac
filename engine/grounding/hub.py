"""Files of a hub repository at one commit: looked up first, fetched where they stopped, believed only by their hash.

The library keeps no partial file once a process ends, so the parts are ours; the requests, redirects and retries are
the library's. Nothing here runs unless the user asked for it: the process is offline until `online`.
"""

import errno
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import httpx2
import msgspec
from huggingface_hub import HfApi, constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.file_download import http_get
from msgspec import Meta, Struct

from engine.domain.errors import GroundworkError, ModelError
from engine.grounding.user_data import Told, check_room, write_whole

PIN = "download.json"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.(?:safetensors|gguf|bin|model|json)", re.ASCII)
_COMMIT = re.compile("[0-9a-f]{40}", re.ASCII)
_NEVER = {PIN, "training_args.bin"}
_CHUNK = 8 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Listed(Struct, frozen=True):
    """A file as the hub lists it: large ones have a SHA-256, small ones their git blob's SHA-1."""

    name: str
    size: Annotated[int, Meta(ge=0)]
    sha256: str = ""
    blob: str = ""


class Pinned(Struct, frozen=True):
    """What is fetched: the files of a repository at one commit."""

    repository: str
    commit: Annotated[str, Meta(pattern="^[0-9a-f]{40}$")]
    files: tuple[Listed, ...]


def online() -> None:
    """From here on this process may reach the hub; every other process stays offline."""
    constants.HF_HUB_OFFLINE = False


def look(repository: str, revision: str, known: Mapping[str, str] | None = None) -> Pinned:
    """Ask the hub which files a revision has; `known` are SHA-256 that must be theirs. Raises ModelError."""
    try:
        told = HfApi(token=False).model_info(repository, revision=revision, files_metadata=True)
    except (httpx2.HTTPError, OSError, ValueError) as error:
        raise _refusal(error, repository) from error
    rows = [
        Listed(one.rfilename, one.lfs.size, sha256=one.lfs.sha256)
        if one.lfs
        else Listed(one.rfilename, one.size or 0, blob=one.blob_id or "")
        for one in told.siblings or ()
    ]
    wrong = next((row.name for row in rows if known and known.get(row.name, row.sha256) != row.sha256), None)
    if wrong is not None:
        raise ModelError(f"{wrong} of {repository} is not the file that was published; it is not fetched.")
    files = tuple(wanted(rows))
    if _COMMIT.fullmatch(revision) and told.sha != revision:
        raise ModelError(f"{constants.ENDPOINT} answers with another revision of {repository} than was asked for.")
    if not told.sha or not files:
        raise ModelError(f"{repository} holds no model that Groundwork could use; nothing was fetched.")
    return Pinned(repository, told.sha, files)


def wanted(rows: list[Listed]) -> list[Listed]:
    """Weights and tables of the top folder; archives only where there are no safetensors."""
    named = [row for row in rows if _NAME.fullmatch(row.name) and row.name not in _NEVER]
    plain = any(row.name.endswith(".safetensors") for row in named)
    return [row for row in named if not (plain and ".bin" in row.name)]


def pinned_in(folder: Path) -> Pinned | None:
    """What an earlier fetch into this folder was after, if there was one."""
    try:
        return msgspec.json.decode((folder / PIN).read_bytes(), type=Pinned)
    except (OSError, msgspec.DecodeError):
        return None


def here(folder: Path, pinned: Pinned) -> int:
    """Bytes of it that are here, partial files included."""
    return sum(_size(folder / row.name) or min(_size(_part(folder, row)), row.size) for row in pinned.files)


def whole(folder: Path, pinned: Pinned) -> bool:
    """Whether every file is here; a file gets its name only after its hash was compared."""
    return all((folder / row.name).is_file() for row in pinned.files)


def fetch(pinned: Pinned, folder: Path, told: Told) -> None:
    """Get what is missing; `told(file, bytes here, bytes in all)`. Raises ModelError; what came is kept for next time.

    The process may be killed at any time.
    """
    total = sum(row.size for row in pinned.files)
    check_room(folder, total - here(folder, pinned))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / PIN, pinned)
        done = sum(row.size for row in pinned.files if (folder / row.name).is_file())
        for row in pinned.files:
            if not (folder / row.name).is_file():
                _fetch_one(pinned, row, folder, _Count(told, row.name, done, total))
                done += row.size
                told(row.name, done, total)
    except GroundworkError:
        raise
    except (httpx2.HTTPError, OSError, ValueError) as error:
        raise _refusal(error, pinned.repository, folder) from error


class _Count:
    """Bytes of one file, told as bytes of all."""

    def __init__(self, told: Told, name: str, before: int, total: int) -> None:
        self._told, self._name, self._before, self._total = told, name, before, total

    def __call__(self, done: int, checking: bool = False) -> None:
        self._told(f"checking {self._name}" if checking else self._name, self._before + done, self._total)


class _Watched:
    """A file whose writing is told; the library rewinds it when the server ignores where to go on."""

    def __init__(self, file: BinaryIO, count: _Count) -> None:
        self._file, self._count = file, count
        self.seek, self.tell, self.truncate = file.seek, file.tell, file.truncate

    def write(self, chunk: bytes) -> int:
        written = self._file.write(chunk)
        self._count(self._file.tell())
        return written


def _fetch_one(pinned: Pinned, row: Listed, folder: Path, count: _Count) -> None:
    part = _part(folder, row)
    if _size(part) > row.size:
        part.unlink()
    url = hf_hub_url(pinned.repository, row.name, revision=pinned.commit)
    place = get_hf_file_metadata(url, token=False, retry_on_errors=True)
    if place.commit_hash != pinned.commit:
        raise ModelError(f"The hub sent {row.name} of another revision of {pinned.repository}; nothing of it was kept.")
    with part.open("ab") as file:
        have = file.tell()
        count(have)
        http_get(
            place.location,
            cast("BinaryIO", _Watched(file, count)),
            resume_size=have,
            expected_size=row.size,
            displayed_filename=row.name,
        )
        file.flush()
        os.fsync(file.fileno())
    if not _right(part, row, count):
        part.unlink()
        raise ModelError(
            f"{row.name} of {pinned.repository} did not arrive as published and was deleted; go on to get it again."
        )
    part.replace(folder / row.name)


def _right(path: Path, row: Listed, count: _Count) -> bool:
    """Whether the content has the hash that the hub told for it."""
    digest = hashlib.sha256() if row.sha256 else hashlib.sha1(b"blob %d\0" % row.size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            count(row.size, checking=True)
    return digest.hexdigest() == (row.sha256 or row.blob)


# The first kind that an error is of decides the sentence.
_SENTENCES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (
        (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError),
        "{host} has no {repository} of that revision, or does not give it to everyone.",
    ),
    (HfHubHTTPError, "{host} refused to send {repository} ({kind}); try again later."),
    (httpx2.ProxyError, "The proxy lets nothing through to {host}; correct it in the settings."),
    (httpx2.HTTPError, "The connection to {host} was lost ({kind})."),
)


def _refusal(error: Exception, repository: str, folder: Path | None = None) -> ModelError:
    """One sentence for what the network, the hub or the disk did."""
    host, kind = constants.ENDPOINT, type(error).__name__
    number = error.errno if isinstance(error, OSError) else None
    sentence = next((words for kinds, words in _SENTENCES if isinstance(error, kinds)), "")
    if not sentence and number in _FULL:
        sentence = "The disk of {folder} is full: free some space."
    elif not sentence and number and folder:
        sentence = f"{{folder}} cannot be written: {os.strerror(number)}."
    elif not sentence:
        sentence = "{host} did not send {repository} as a hub does; check proxy and address."
    kept = " What came is kept; go on when you like." if folder else ""
    return ModelError(sentence.format(host=host, repository=repository, kind=kind, folder=folder) + kept)


def _part(folder: Path, row: Listed) -> Path:
    return folder / f"{row.name}.part"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
