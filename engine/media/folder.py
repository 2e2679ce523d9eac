"""The media of a folder, for a new project or one that grows."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from engine.domain.errors import MediaError
from engine.domain.media import MediaItem
from engine.media.probe import Probed, media_item, probe

_SUFFIXES = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".tif",
        ".tiff",
        ".bmp",
        ".gif",
        ".heic",
        ".heif",
        ".avif",
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".ts",
        ".mts",
        ".m2ts",
        ".mpg",
        ".mpeg",
        ".ogv",
        ".flv",
        ".wmv",
        ".3gp",
        ".wav",
        ".mp3",
        ".m4a",
        ".aac",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".wma",
        ".aif",
        ".aiff",
    ]
)


class Refused(Struct, frozen=True):
    """A file that looks like a medium and could not be read, with the sentence that says why."""

    path: str
    sentence: str


def media_paths(folder: Path) -> list[Path]:
    """Files that look like media anywhere under `folder`, numbers in their natural order; hidden ones are left out."""
    if not folder.is_dir():
        raise MediaError(f"{folder} is not a folder; name the folder that holds the media.")
    found: list[Path] = []
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "backups"]
        found += [Path(base, name) for name in names if _is_candidate(name)]
    return sorted(found, key=lambda path: _natural(path.relative_to(folder).as_posix()))


def items_of(
    paths: Iterable[Path], root: Path, look: Callable[[Path], Probed] = probe
) -> Iterator[MediaItem | Refused]:
    """Each path as a fresh item of the project at `root`, or why not. A window looks through an `Examiner`."""
    for path in paths:
        try:
            yield media_item(path, root, look(path))
        except MediaError as error:
            yield Refused(str(path), str(error))


def _is_candidate(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in _SUFFIXES  # noqa: PTH122


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part.lower()) for part in re.split(r"(\d+)", text) if part]
