"""The models this user has: names for folders, kept in one small file; nothing is copied.

The embedded model is always there. A folder is taken in only after every byte of it was checked.
"""

import re
import shutil
from pathlib import Path

import msgspec
from msgspec import Struct

import resources
from engine.domain.errors import ModelError
from engine.grounding.manifest import MANIFEST, read_manifest, write_manifest
from engine.grounding.trust import Hashed, examine
from engine.grounding.user_data import Told, check_room, data_folder, write_whole


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


def listed() -> list[Known]:
    """The embedded model, then all others by name, damaged ones included."""
    embedded = resources.path("groundling")
    first = [_known(read_manifest(embedded).name, embedded)] if (embedded / MANIFEST).is_file() else []
    return first + [_known(name, Path(folder)) for name, folder in sorted(_read().models.items())]


def find(name: str) -> Path:
    """The folder of a model named in the list, or of a path to a model folder."""
    folder = _read().models.get(name)
    if folder is not None:
        return Path(folder)
    if (Path(name) / MANIFEST).is_file():
        return Path(name)
    raise ModelError(f"No model is called “{name[:80]}”; “groundwork-engine models list” shows those there are.")


def add(folder: Path, name: str = "", hashed: Hashed = lambda _: None) -> Known:
    """Check every byte of a model folder and give it a name in the list."""
    manifest = examine(folder, hashed)
    chosen, models = name or manifest.name, _read().models
    if models.get(chosen, str(folder.resolve())) != str(folder.resolve()):
        raise ModelError(f"A model called “{chosen}” is there already; give this one another name.")
    write_whole(shelf_file(), Shelf({**models, chosen: str(folder.resolve())}))
    return _known(chosen, folder)


def copied(folder: Path, name: str, told: Told) -> Path:
    """Copy the files that a model folder's manifest names to where models are kept; the manifest comes last."""
    manifest = read_manifest(folder)
    target = data_folder() / "models" / re.sub(r"[^A-Za-z0-9._-]+", "-", name or manifest.name)
    missing = {one: row.size for one, row in manifest.files.items() if not (target / one).exists()}
    check_room(target, sum(missing.values()))
    done, total = 0, sum(missing.values())
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file, size in missing.items():
            told(f"copying {file}", done, total)
            part = target / f"{file}.part"
            shutil.copyfile(folder / file, part)
            part.replace(target / file)
            done += size
    except OSError as error:
        raise ModelError(f"{target} cannot be written: {error.strerror}; make room and try again.") from error
    write_manifest(target, manifest)
    return target


def remove(name: str, *, files: bool = False) -> None:
    """Take a name off the list; with `files`, the files that its manifest names are deleted too."""
    models = _read().models
    if name not in models:
        raise ModelError(f"No model is called “{name[:80]}”; “groundwork-engine models list” shows those there are.")
    folder = Path(models[name])
    if files and (folder / MANIFEST).is_file():
        for file in (*read_manifest(folder).files, MANIFEST):
            (folder / file).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            shutil.rmtree(folder)
    write_whole(shelf_file(), Shelf({other: path for other, path in models.items() if other != name}))


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
    except FileNotFoundError:
        return Shelf()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{shelf_file()} is damaged; move it away and add the models again.") from error
