"""`groundwork-engine undo PROJECT`: the newest step of the history taken back, or made again, however large it is."""

from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine.cli import Bar
from engine.domain.errors import StoreError, UsageError
from engine.store.project_store import ProjectStore


def command(
    project: Annotated[Path, typer.Argument(help="Project folder")],
    *,
    redo: Annotated[bool, typer.Option("--redo", help="Make the step undone last again")] = False,
    author: Annotated[str, typer.Option("--author", help="Who does it, for the history")] = "",
    lines: Annotated[bool, typer.Option("--lines", help="Print progress and outcome as lines of JSON")] = False,
) -> None:
    """All of a step or nothing of it: stopped before the end, the project is as it was."""
    store = ProjectStore.open(project, author=author)
    try:
        if store.read_only:
            raise StoreError(f"{project} is open elsewhere; close it there first.")
        label = store.redo_label if redo else store.undo_label
        if label is None:
            raise UsageError(f"{project} has nothing to {'redo' if redo else 'undo'}.")
        store.travel(backwards=not redo, report=partial(Bar(lines), "redoing" if redo else "undoing"))
    finally:
        store.close()
    typer.echo(msgspec.json.encode({"label": label}) if lines else f"{'Redone' if redo else 'Undone'}: {label}")
