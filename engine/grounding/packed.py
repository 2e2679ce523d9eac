"""A model folder in one file, a .zip or .tar, as it comes on a stick.

The archive is not believed: only what its manifest names is taken, under the plain names that manifests may have, no
byte more than it tells and only with the hash it tells. Nothing else in the archive is looked at.
"""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from engine.domain.errors import ModelError
from engine.grounding.library import laid_down
from engine.grounding.manifest import MANIFEST, parsed
from engine.grounding.user_data import Told

_Files = Mapping[str, Callable[[], IO[bytes] | None]]
"""The plain files of an archive by their names in it, to be opened."""

_BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
    *(EOFError, LookupError, NotImplementedError, RuntimeError, ValueError),
)


def unpacked(archive: Path, name: str, told: Told) -> Path:
    """The folder that a packed model was unpacked into, where models are kept; a ModelError says what is wrong."""
    with _files(archive) as files:
        manifests = [path for path in files if PurePosixPath(path).name == MANIFEST]
        if not manifests:
            raise ModelError(f"{archive.name} holds no model: there is no {MANIFEST} in it.")
        outermost = min(manifests, key=lambda path: path.count("/"))
        folder = outermost.removesuffix(MANIFEST)

        def opened(file: str) -> IO[bytes]:
            found = files[folder + file]() if folder + file in files else None
            if found is None:
                raise ModelError(f"{file} is missing in {archive.name}; pack the model again.")
            return found

        with opened(MANIFEST) as file:
            manifest = parsed(file, archive.name)
        return laid_down(manifest, name, opened, told)


@contextmanager
def _files(archive: Path) -> Iterator[_Files]:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                yield {one.filename: partial(packed.open, one) for one in packed.infolist() if not one.is_dir()}
        else:
            # Compressed ones would have to be read whole to find what is in them.
            with tarfile.open(archive, "r:") as tape:
                yield {one.name: partial(tape.extractfile, one) for one in tape if one.isreg()}
    except OSError as error:
        raise ModelError(f"{archive} cannot be read: {error.strerror or error}.") from error
    except _BROKEN as error:
        raise ModelError(f"{archive.name} is damaged, or no .zip or .tar without a password: {error}.") from error
