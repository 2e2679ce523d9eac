"""`groundwork-engine init PROJECT MEDIA_FOLDER`: a project out of a folder of media."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from engine import edits
from engine.domain.errors import UsageError
from engine.domain.media import MediaItem
from engine.media.folder import Refused, items_of, media_paths
from engine.store.project_store import ProjectStore, root_of


def command(
    project: Annotated[Path, typer.Argument(help="Folder of the new project")],
    media_folder: Annotated[Path, typer.Argument(help="Folder whose media it refers to")],
) -> None:
    """Make a project that refers to every picture, clip and sound of a folder."""
    paths = media_paths(media_folder)
    if not paths:
        raise UsageError(f"{media_folder} holds no pictures, clips or sounds; name another folder.")
    root = root_of(project)
    items: list[MediaItem] = []
    refused: list[Refused] = []
    for n, found in enumerate(items_of(paths, root), 1):
        if isinstance(found, MediaItem):
            items.append(found)
        else:
            refused.append(found)
        if sys.stderr.isatty():
            typer.echo(f"\r{n} of {len(paths)}", nl=False, err=True)
    if not items:
        raise UsageError(f"None of the {len(refused)} files in {media_folder} can be read: {refused[0].sentence}")
    store = ProjectStore.create(project)
    store.apply(edits.created("Add media", items))
    store.close()
    for one in refused:
        typer.echo(f"\nleft out: {one.sentence}", err=True)
    typer.echo(f"{project}: {len(items)} media" + (f", {len(refused)} left out" if refused else ""))
