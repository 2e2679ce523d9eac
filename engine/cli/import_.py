"""`groundwork-engine import PROJECT FILE`: annotations of others into a project, previewed, as one step."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine import transfer
from engine.cli.export import progress, tell
from engine.domain.errors import UsageError
from engine.exchange.detect import detected
from engine.exchange.formats import FORMATS, Format, format_named
from engine.exchange.importing import Preview
from engine.exchange.incoming import Options
from engine.store.project_store import ProjectStore

_IDS = ", ".join(row.id for row in FORMATS)
_SHOWN = 10


def command(
    project: Annotated[Path, typer.Argument(help="Project folder")],
    file: Annotated[Path, typer.Argument(help="File or folder to read")],
    *,
    format_: Annotated[str, typer.Option("--format", help=f"One of: {_IDS}; found out unless named")] = "",
    match: Annotated[list[str] | None, typer.Option(help="NAME=PATH: what the file calls a medium")] = None,
    voc_base: Annotated[int | None, typer.Option(help="Pascal VOC: pixels count from 0 or 1", min=0, max=1)] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Change nothing, tell what would be added")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the account as JSON")] = False,
    lines: Annotated[
        bool, typer.Option("--lines", help="Read decisions as a line of JSON, print progress and account as such lines")
    ] = False,
) -> None:
    """Read a file, tell what is in it, and add it to the project as one step that can be undone."""
    row = format_named(format_) if format_ else detected(file)
    if lines:
        typer.echo(_spoken(project, file, row, preview=preview))
        return
    store = ProjectStore.open(project)
    try:
        request = transfer.Request(file, row, _decided(store, match or []), Options(voc_base))
        prepared = transfer.read(store, request, tick=progress)
        found = prepared.preview
        if not preview and transfer.adds(prepared):
            found = transfer.commit(store, request, prepared, tick=progress)
    finally:
        store.close()
    account = msgspec.json.encode({**msgspec.to_builtins(found), "media": len(prepared.media)}).decode()
    typer.echo(account if json else _told(found, len(prepared.media), file, preview=preview))


def _spoken(project: Path, file: Path, row: Format, *, preview: bool) -> str:
    """Read or import for a window, which decides; the outcome as a line of JSON."""
    said = msgspec.json.decode(sys.stdin.buffer.readline(), type=transfer.Decisions)
    request = transfer.Request(file, row, said.decided)
    store = ProjectStore.open(project, author=said.author)
    try:
        if preview:
            tick = partial(tell, "reading")
            draft = transfer.draft(store, request, said.media, guess=said.guess, tick=tick)
            return msgspec.json.encode(draft).decode()
        tick = partial(tell, "importing")
        return msgspec.json.encode(transfer.take(store, request, said.media, author=said.author, tick=tick)).decode()
    finally:
        store.close()


def _decided(store: ProjectStore, pairs: list[str]) -> dict[str, str]:
    decided: dict[str, str] = {}
    for pair in pairs:
        name, separator, path = pair.rpartition("=")
        item = store.item_at(path) if separator else None
        if item is None:
            raise UsageError(f"{pair!r} names no medium of the project; write NAME=PATH as `status` shows paths.")
        decided[name] = item.id
    return decided


def _told(found: Preview, media: int, file: Path, *, preview: bool) -> str:
    verb = "would add" if preview else "added"
    counts = [f"{found.annotations} annotations", f"{found.labels} labels", f"{found.queries} questions"]
    lines = [f"{file} ({found.report.format}) {verb} {', '.join(counts)}, {media} media."]
    if found.duplicates or found.kept:
        lines.append(f"  {found.duplicates} are there already; {found.kept} differ from the project's, which stay.")
    lines += [f"  {sentence}" for sentence in found.report.sentences]
    names = list(found.unmatched)
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        lines.append(f"  Not in the project: {', '.join(names[:_SHOWN])}{more}; say which medium it is with --match.")
    return "\n".join(lines)
