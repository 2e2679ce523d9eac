"""`groundwork-engine sample PROJECT`: lays down the sample project."""

from pathlib import Path
from typing import Annotated

import typer

from engine.store.sample import lay_down


def command(
    project: Annotated[Path, typer.Argument(help="Folder of the new project")],
    verified: Annotated[bool, typer.Option("--verified", help="With the truth as accepted annotations")] = False,
) -> None:
    """Lay down the sample project: pictures, a clip and a sound, all drawn and played by Groundwork."""
    lay_down(project, verified=verified)
    typer.echo(str(project))
