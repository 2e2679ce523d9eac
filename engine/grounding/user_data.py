"""Where the user's models, and what is known of them, are kept."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import platformdirs

from engine.domain.errors import ModelError

Told = Callable[[str, int, int], None]
"""What is under way, bytes done, bytes in all."""

_SPARE = 64 << 20


def data_folder() -> Path:
    """Where the user's models are listed: the user's data folder, or GROUNDWORK_DATA."""
    return Path(os.environ.get("GROUNDWORK_DATA") or platformdirs.user_data_dir("Groundwork", appauthor=False))


def write_whole(path: Path, value: object) -> None:
    """A small JSON file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=1))
    part.replace(path)


def check_room(folder: Path, needed: int) -> None:
    """Refuse before anything is written."""
    place = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(place).free
    if needed and free < needed + _SPARE:
        raise ModelError(
            f"{place} has {free / 1e9:.1f} GB free and {needed / 1e9:.1f} GB are still to come; free some space."
        )
