"""Hashes are compared before a model is used; a large one only once, until a file of it changes.

Stamps of sizes and times of change stand in for a second reading. They are kept beside the list of models.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.domain.errors import ModelError
from engine.grounding.gguf_header import check_gguf
from engine.grounding.manifest import MANIFEST, Manifest, read_manifest, verify
from engine.grounding.tensor_file import read_header
from engine.grounding.user_data import data_folder, write_whole

Hashed = Callable[[int], None]

_STAMPS = "verified.json"
# Below this many bytes a reading takes a fraction of a second.
_SMALL = 200_000_000


def trusted(folder: Path, hashed: Hashed = lambda _: None) -> Manifest:
    """The manifest of a model folder whose files were compared with it, now or since they last changed."""
    manifest = read_manifest(folder)
    large = sum(told.size for told in manifest.files.values()) > _SMALL
    if not large or _stamps().get(str(folder.resolve())) != _stamp(folder, manifest):
        examine(folder, hashed)
    return manifest


def examine(folder: Path, hashed: Hashed = lambda _: None) -> Manifest:
    """Compare every byte and every header of a folder; a ModelError names the first that is not what it should be."""
    manifest = read_manifest(folder)
    verify(folder, manifest, hashed)
    for name in manifest.files:
        if name.endswith(".safetensors"):
            read_header(folder / name)
        elif name.endswith(".gguf"):
            check_gguf(folder / name, manifest.architecture.llama)
    _remember(folder, manifest)
    return manifest


def _stamp(folder: Path, manifest: Manifest) -> str:
    digest = hashlib.sha256((folder / MANIFEST).read_bytes())
    for name in sorted(manifest.files):
        told = (folder / name).stat()
        digest.update(f"{name} {told.st_size} {told.st_mtime_ns} {told.st_ino}\n".encode())
    return digest.hexdigest()


def _stamps() -> dict[str, str]:
    try:
        return msgspec.json.decode((data_folder() / _STAMPS).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _remember(folder: Path, manifest: Manifest) -> None:
    if sum(told.size for told in manifest.files.values()) <= _SMALL:
        return
    try:
        write_whole(data_folder() / _STAMPS, {**_stamps(), str(folder.resolve()): _stamp(folder, manifest)})
    except OSError as error:
        raise ModelError(f"{data_folder()} cannot be written; make room or set GROUNDWORK_DATA to another.") from error
