"""The program `groundwork-engine`: every module beside this one is a command, imported only when it is called.

A command module holds `command`, a function with annotated parameters, or `app`, a Typer with sub-commands; one named
like a Python keyword ends in an underscore. Results go to stdout, progress to stderr.
"""

import logging
import math
from importlib import import_module
from pkgutil import iter_modules
from time import monotonic
from typing import Any

import msgspec
import typer
from typer.core import TyperGroup

from engine.domain.errors import UsageError

# On some processors it advises a package that fetches code from a hub.
logging.getLogger("bitsandbytes.backends").setLevel(logging.ERROR)
_MODULES = {module.name.rstrip("_"): module.name for module in iter_modules(__path__)}


class Commands(TyperGroup):
    """The modules as a command group that loads late: only asking and training pay for torch."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return sorted(_MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"engine.cli.{_MODULES[cmd_name]}")
        sub = getattr(module, "app", None)
        if sub is None:
            sub = typer.Typer(add_completion=False)
            sub.command(cmd_name)(module.command)
        command = typer.main.get_command(sub)
        command.name = cmd_name
        return command


class Bar:
    """Progress: a line on stderr for each percent, or a line of JSON on stdout ten times a second at most."""

    def __init__(self, lines: bool = False) -> None:
        self._last: object = None
        self._lines = lines

    def __call__(self, what: str, done: int, total: int) -> None:
        now = int(monotonic() * 10) if self._lines else 100 * done // max(total, 1)
        if (what, now) == self._last:
            return
        self._last = what, now
        if self._lines:
            typer.echo(msgspec.json.encode((what, done, total)))
        else:
            typer.echo(f"{now:3} %  {what}", err=True)


def numbers(text: str, count: int, option: str) -> list[float]:
    """The numbers of an option, first all the lower and then all the higher ones."""
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not all(math.isfinite(number) for number in found):
        raise UsageError(f"{option} takes finite numbers.")
    if len(found) != count or not all(low < high for low, high in zip(found, found[count // 2 :], strict=False)):
        raise UsageError(f"{option} takes {count} numbers with commas between, the smaller ones first.")
    return found


app = typer.Typer(cls=Commands, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def program() -> None:
    """The headless half of Groundwork: projects, media, asking, exchange and training."""
