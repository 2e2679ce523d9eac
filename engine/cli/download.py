"""`groundwork-engine download KEY`: fetch a model from the hub, or go on where an earlier fetch stopped.

The only command that uses the network, and only for what was named.
"""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine.cli import Bar
from engine.grounding import catalogue
from engine.grounding.manifest import MANIFEST


def command(
    key: Annotated[str, typer.Argument(help="A key from `models survey`, or OWNER/NAME[@REVISION] of the hub")],
    discard: Annotated[bool, typer.Option("--discard", help="Delete what was fetched of it instead")] = False,
    lines: Annotated[bool, typer.Option("--lines", help="Print progress and the outcome as lines of JSON")] = False,
) -> None:
    """Fetch a model from the hub; what came is kept when it stops."""
    wanted = catalogue.offer(key)
    if discard:
        catalogue.discard(wanted)
        typer.echo("{}" if lines else f"discarded {key}")
        return
    try:
        folders = catalogue.fetch(wanted, Bar(lines))
    except KeyboardInterrupt:
        typer.echo("Stopped; the same command goes on from here.", err=True)
        raise typer.Exit(130) from None
    for folder in folders.values():
        _take_in(folder)
    told = {name: str(folder) for name, folder in folders.items()}
    typer.echo(msgspec.json.encode(told) if lines else "\n".join(f"{name}\t{folder}" for name, folder in told.items()))


def _take_in(folder: Path) -> None:
    """A model folder needs no conversion; only looking into one loads torch."""
    if (folder / MANIFEST).is_file():
        import_module("engine.grounding.library").add(folder)
