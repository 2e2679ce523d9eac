"""`groundwork-engine status PROJECT`: what a project holds and how far its review is."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec import Struct

from engine.domain.annotation import Review
from engine.domain.media import MediaKind
from engine.domain.project import AnnotationFilter, ItemFilter
from engine.store import backups
from engine.store.project_store import ProjectStore


class Status(Struct, frozen=True):
    """Counts of a project; `media` by kind, `annotations` by review state."""

    project: str
    media: dict[str, int]
    annotations: dict[str, int]
    labels: int
    done: int
    pending: int
    steps: int
    undo: str | None
    redo: str | None
    backups: int
    read_only: bool


def command(
    project: Annotated[Path, typer.Argument(help="Project folder")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> None:
    """Show what a project holds."""
    store = ProjectStore.open(project)
    try:
        status = _status(store)
    finally:
        store.close()
    typer.echo(msgspec.json.encode(status).decode() if json else _told(status))


def _status(store: ProjectStore) -> Status:
    newest = store.history(limit=1)
    return Status(
        project=str(store.folder),
        media={kind.value: store.count_items(ItemFilter(kind=kind)) for kind in MediaKind},
        annotations={one.value: store.count_annotations(AnnotationFilter(reviews=(one,))) for one in Review},
        labels=len(store.labels()),
        done=store.count_items(ItemFilter(done=True)),
        pending=store.count_items(ItemFilter(pending=True)),
        steps=newest[0].seq if newest else 0,
        undo=store.undo_label,
        redo=store.redo_label,
        backups=len(backups.listed(store.folder)),
        read_only=store.read_only,
    )


def _told(status: Status) -> str:
    lines = [
        f"project      {status.project}" + (" (open elsewhere, read-only)" if status.read_only else ""),
        f"media        {_listed(status.media)}",
        f"annotations  {_listed(status.annotations)}",
        f"labels       {status.labels}",
        f"items        {status.done} done, {status.pending} with predictions to review",
        f"history      {status.steps} steps, undo: {status.undo or 'nothing'}, redo: {status.redo or 'nothing'}",
        f"backups      {status.backups}",
    ]
    return "\n".join(lines)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
