"""Bringing media into a project, in a job: which files of a folder are media, and what each one is."""

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.domain.media import MediaItem
from engine.media.folder import items_of, media_paths
from engine.media.probe import relative
from engine.media.quarantine import Examiner

Report = Callable[[float, float], None]


def find(folder: Path, report: Report) -> list[Path]:
    """Everything under a folder that looks like a medium."""
    report(0, 0)
    return media_paths(folder)


def probe_all(
    paths: Sequence[Path], root: Path, known: frozenset[str], report: Report
) -> tuple[list[MediaItem], list[str]]:
    """Fresh items for the files not known yet, and a sentence for each that could not be read."""
    fresh = [path for path in paths if relative(path, root) not in known]
    items: list[MediaItem] = []
    refused: list[str] = []
    with Examiner() as examiner:
        for done, found in enumerate(items_of(fresh, root, examiner.examine)):
            report(done, len(fresh))
            if isinstance(found, MediaItem):
                items.append(found)
            else:
                refused.append(found.sentence)
    return items, refused
