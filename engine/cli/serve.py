"""`groundwork-engine serve`: the grounding process, spoken to in lines of JSON."""

import logging
import sys
from pathlib import Path
from typing import Annotated

import platformdirs
import typer

from engine.grounding.grounder import Budgets
from engine.worker import serve


def command(
    cache: Annotated[Path | None, typer.Option("--cache", help="Folder of kept prefixes.")] = None,
    memory: Annotated[int, typer.Option("--memory", help="Bytes of prefixes kept in memory.")] = Budgets().memory,
    disk: Annotated[int, typer.Option("--disk", help="Bytes of prefixes kept on disk; 0 for none.")] = Budgets().disk,
) -> None:
    """Answer requests from stdin on stdout until stdin ends and all are answered."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    folder = cache or Path(platformdirs.user_cache_dir("Groundwork", appauthor=False)) / "prefixes"
    serve(sys.stdin.buffer, folder if disk else None, Budgets(memory, disk))
