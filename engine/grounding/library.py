"""The models this user has: names for folders, kept in one small file; nothing is copied.

The embedded model is always there. A folder is taken in only after every byte of it was checked.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

import resources
from engine.domain.errors import ModelError
from engine.grounding.manifest import MANIFEST, FileEntry, Manifest, entry, parsed, read_manifest, write_manifest
from engine.grounding.trust import Hashed, examine
from engine.grounding.user_data import Told, check_room, data_folder, write_whole

EMBEDDED = resources.path("groundling")
"""Where the model lies that ships with the program."""

_CHUNK = 8 << 20
_LONGEST_NAME = 120


class Shelf(Struct, frozen=True):
    """Absolute folders by name."""

    models: dict[str, str] = {}


class Known(Struct, frozen=True):
    """A model of the list; `problem` says why it cannot be used."""

    name: str
    folder: str
    size: int = 0
    precisions: tuple[str, ...] = ()
    licence: str = ""
    problem: str = ""


def shelf_file() -> Path:
    """Where the names are kept."""
    return data_folder() / "models.json"


def is_embedded(folder: Path) -> bool:
    """Whether a folder is that of the model that ships with the program, under whatever name it was added."""
    return folder.resolve() == EMBEDDED.resolve()


def check_name(name: str) -> None:
    """Raise a ModelError unless a model may be called so."""
    if not (name.strip() and name.isprintable() and len(name) <= _LONGEST_NAME):
        raise ModelError(f"A name has 1 to {_LONGEST_NAME} letters, digits or signs; choose another with --name.")


def listed() -> list[Known]:
    """The embedded model, then all others by name, damaged ones included."""
    embedded = _embedded()
    first = [_known(embedded, EMBEDDED)] if embedded else []
    return first + [_known(name, Path(folder)) for name, folder in sorted(_read().models.items())]


def find(name: str) -> Path:
    """The folder of a model named in the list, or of a path to a model folder."""
    folder = _read().models.get(name)
    if folder is not None:
        return Path(folder)
    # What cannot even be looked up is no folder of a model.
    with suppress(OSError):
        if (Path(name) / MANIFEST).is_file():
            return Path(name)
    if name and name == _embedded():
        return EMBEDDED
    raise ModelError(f"No model is called “{name[:80]}”; “groundwork-engine models list” shows those there are.")


def check_free(name: str, folder: Path) -> None:
    """Raise a ModelError unless the model in `folder` may be added under that name."""
    check_name(name)
    if name == _embedded():
        raise ModelError(f"{name} is the model that belongs to the program; give this one another name.")
    if _read().models.get(name, str(folder.resolve())) != str(folder.resolve()):
        raise ModelError(f"A model called “{name}” is there already; give this one another name.")


def add(folder: Path, name: str = "", hashed: Hashed = lambda _: None) -> Known:
    """Check every byte of a model folder and give it a name in the list."""
    chosen = name or read_manifest(folder).name
    check_free(chosen, folder)
    examine(folder, hashed)
    # Others may have been added meanwhile.
    check_free(chosen, folder)
    _write_shelf({**_read().models, chosen: str(folder.resolve())})
    return _known(chosen, folder)


def copied(folder: Path, name: str, told: Told) -> Path:
    """Copy the files that a model folder's manifest names to where models are kept."""
    return laid_down(read_manifest(folder), name, lambda file: (folder / file).open("rb"), told)


def laid_down(manifest: Manifest, name: str, opened: Callable[[str], IO[bytes]], told: Told) -> Path:
    """Write the files of a manifest to where models are kept, each only with its hash; the manifest is last."""
    target = data_folder() / "models" / (re.sub(r"[^A-Za-z0-9._-]+", "-", name or manifest.name).strip(".-") or "model")
    check_free(name or manifest.name, target)
    _check_unused(target, manifest)
    done, total = 0, sum(row.size for row in manifest.files.values())
    check_room(target, sum(row.size for one, row in manifest.files.items() if not _has_size(target / one, row)))
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file, row in manifest.files.items():
            told(f"copying {file}", done, total)
            if not _has_size(target / file, row) or entry(target / file) != row:
                with _reading(file):
                    source = opened(file)
                with source:
                    _write(target / file, source, row)
            done += row.size
        write_manifest(target, manifest)
    except BrokenPipeError:
        # Who was told how far it is has gone.
        raise
    except OSError as error:
        raise ModelError(f"{target} cannot be written: {error.strerror}; make room and try again.") from error
    return target


def remove(name: str, *, files: bool = False) -> None:
    """Take a name off the list; with `files`, the files that its manifest names are deleted too."""
    models = _read().models
    if name not in models and name == _embedded():
        raise ModelError(f"{name} belongs to the program and stays.")
    if name not in models:
        raise ModelError(f"No model is called “{name[:80]}”; “groundwork-engine models list” shows those there are.")
    if files and is_embedded(Path(models[name])):
        raise ModelError(f"The files of {name} belong to the program and stay; take it off the list alone.")
    if files:
        _delete(Path(models[name]))
    _write_shelf({other: path for other, path in models.items() if other != name})


def _embedded() -> str:
    """What the model that ships with the program is called; "" where none does."""
    try:
        with (EMBEDDED / MANIFEST).open("rb") as file:
            return parsed(file, EMBEDDED.name).name
    except OSError:
        return ""


def _delete(folder: Path) -> None:
    """The files that a manifest names, whole or not, itself last."""
    if not (folder / MANIFEST).is_file():
        return
    try:
        with (folder / MANIFEST).open("rb") as file:
            named = _named(file, folder)
        for one in (*named, MANIFEST):
            (folder / one).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
    except OSError as error:
        raise ModelError(f"{folder} cannot be deleted: {error.strerror}; delete it yourself.") from error


def _named(file: IO[bytes], folder: Path) -> Collection[str]:
    try:
        return parsed(file, folder.name).files
    except ModelError as error:
        raise ModelError(
            f"The manifest of {folder} does not say which files are the model's; take it off the list alone and delete "
            "them yourself."
        ) from error


def _has_size(path: Path, row: FileEntry) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size == row.size


def _write_shelf(models: dict[str, str]) -> None:
    try:
        write_whole(shelf_file(), Shelf(models))
    except OSError as error:
        raise ModelError(
            f"{data_folder()} cannot be written: {error.strerror}; make room or set GROUNDWORK_DATA to another."
        ) from error


def _check_unused(target: Path, manifest: Manifest) -> None:
    if (target / MANIFEST).is_file():
        with (target / MANIFEST).open("rb") as file:
            if parsed(file, target.name) != manifest:
                raise ModelError(f"Another model lies in {target}; give this one another name.")


def _write(path: Path, source: IO[bytes], row: FileEntry) -> None:
    """The stream's bytes, if they are those that the manifest tells; never more of them."""
    part = path.with_name(f"{path.name}.part")
    digest, size = hashlib.sha256(), 0
    try:
        with part.open("wb") as file:
            for block in _blocks(source, path.name, row.size + 1):
                digest.update(block)
                file.write(block)
                size += len(block)
        if size != row.size or digest.hexdigest() != row.sha256:
            raise ModelError(f"{path.name} is not what the manifest tells; it is damaged or was changed.")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _blocks(source: IO[bytes], name: str, most: int) -> Iterator[bytes]:
    """The bytes of a stream, at most so many."""
    while most:
        with _reading(name):
            block = source.read(min(most, _CHUNK))
        if not block:
            return
        most -= len(block)
        yield block


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """What cannot be read is not a folder that cannot be written."""
    try:
        yield
    except OSError as error:
        raise ModelError(
            f"{name} cannot be read ({error.strerror or error}); it is damaged or you may not read it."
        ) from error


def _known(name: str, folder: Path) -> Known:
    try:
        manifest = read_manifest(folder)
    except ModelError as error:
        return Known(name, str(folder), problem=str(error))
    precisions = tuple(row.precision for row in manifest.languages)
    size = sum(told.size for told in manifest.files.values())
    return Known(name, str(folder), size, precisions, manifest.licence)


def _read() -> Shelf:
    try:
        return msgspec.json.decode(shelf_file().read_bytes(), type=Shelf)
    except (FileNotFoundError, NotADirectoryError):
        return Shelf()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{shelf_file()} is damaged; move it away and add the models again.") from error
