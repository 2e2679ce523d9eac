"""An export in a program of its own: reading and writing many annotations would stall the window's thread."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from app.engine_run import EngineRun
from engine.domain.annotation import Review

SPLITS = {"none": "", "80": "80,10,10", "70": "70,15,15"}


class ExportRun(EngineRun):
    """When it was `left` on the way, parts of files may lie about."""

    sorry = "The export ended before it was done; nothing was replaced. Try it again."

    def __init__(
        self,
        project: Path,
        target: Path,
        values: Mapping[str, Any],
        parent: QObject | None = None,
        *,
        preview: bool = False,
    ) -> None:
        words = ["--preview"] if preview else []
        super().__init__("export", str(project), str(target), "--lines", *words, *arguments(values), parent=parent)


def arguments(values: Mapping[str, Any]) -> list[str]:
    """The choices of the export dialog as words of the command."""
    words = ["--format", str(values["format"])]
    if values["states"] == "all":
        words += [word for state in Review for word in ("--review", state.value)]
    if split := SPLITS[values["split"]]:
        words += ["--split", split]
    return [*words, *(word for name, word in (("copy", "--media"), ("empty", "--empty")) if values[name])]
