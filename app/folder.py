"""What a path on the command line or in a dialog means: a project, a folder of media, or media."""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from engine.domain.errors import UsageError

PROJECT = "project.db"
_SUFFIX = ".groundwork"


class Place(Struct, frozen=True):
    """Where the project is (or is to be made) and which files are to be in it."""

    project: Path
    exists: bool
    media: tuple[Path, ...] = ()
    folder: Path | None = None


def place_of(paths: Iterable[Path]) -> Place:
    """What the user named: one folder, one project, or files. Raises UsageError."""
    named = [path.expanduser().resolve() for path in paths]
    missing = next((path for path in named if not path.exists()), None)
    if missing is not None:
        raise UsageError(f"{missing} does not exist; check the name.")
    if len(named) == 1 and named[0].is_dir():
        return _folder(named[0])
    if len(named) == 1 and named[0].name == PROJECT:
        return Place(named[0].parent, exists=True)
    if any(path.is_dir() for path in named):
        raise UsageError("Open one folder at a time, or files.")
    project = project_in(named[0].parent)
    return Place(project, exists=(project / PROJECT).exists(), media=tuple(named))


def project_in(folder: Path) -> Path:
    """The project folder for the media in `folder`: itself, one inside it, or the one that would be made."""
    if (folder / PROJECT).exists():
        return folder
    inside = sorted(path.parent for path in folder.glob(f"*{_SUFFIX}/{PROJECT}"))
    return inside[0] if inside else folder / f"{folder.name or 'media'}{_SUFFIX}"


def _folder(folder: Path) -> Place:
    project = project_in(folder)
    return Place(project, exists=(project / PROJECT).exists(), folder=folder)
