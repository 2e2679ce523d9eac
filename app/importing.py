"""Imports, read and written by a program of their own: in a job of ours they would hold up the window."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from PySide6.QtCore import QObject

from app.engine_run import EngineRun
from engine import transfer
from engine.domain.errors import ExchangeError
from engine.domain.media import MediaItem
from engine.exchange.detect import detected
from engine.exchange.formats import FORMATS, Format
from engine.exchange.seeking import lying
from engine.media.container import readable
from engine.media.folder import items_of, media_paths
from engine.media.probe import digest, relative
from engine.media.quarantine import Examiner
from engine.store.project_store import ProjectStore
from engine.transfer import Decisions, Draft, Prepared, Request
from widgets.dialogs.strays import Stray

Report = Callable[[float, float], None]


class Sought(Struct, frozen=True):
    """What a folder holds of the media looked for: item ids by name, and items that the project does not have yet."""

    decided: Mapping[str, str]
    media: tuple[MediaItem, ...] = ()


class ImportRun(EngineRun):
    """Read a file, the outcome being a `Draft`, or import it in one step, for which the project must be lent."""

    sorry = "The import ended before it was done; nothing was imported. Try it again."

    def __init__(
        self, store: ProjectStore, request: Request, said: Decisions, parent: QObject, *, preview: bool = False
    ) -> None:
        project, source = store.folder.absolute(), request.source.absolute()
        words = ["import", str(project), str(source), "--lines", "--format", request.format.id]
        if preview:
            words.append("--preview")
        super().__init__(*words, parent=parent, said=msgspec.json.encode(said) + b"\n")


def drafted(line: bytes) -> Draft:
    return msgspec.json.decode(line, type=Draft)


def strays(draft: Draft) -> tuple[Stray, ...]:
    """The names to decide on."""
    found = draft.prepared.preview.unmatched
    return tuple(Stray(name, uses, draft.near.get(name, "")) for name, uses in found.items())


def formats_of(source: Path) -> list[Format]:
    """The format that a folder is laid out in or those that a file's ending allows; all when that says nothing."""
    if source.is_dir():
        with suppress(ExchangeError):
            return [detected(source)]
    fitting = [row for row in FORMATS if source.suffix.casefold() in row.extensions]
    return fitting or list(FORMATS)


def seek(reader: ProjectStore, folder: Path, wanted: Mapping[str, str], report: Report) -> Sought:
    """Look in a folder for media that a file names; `wanted` maps names to digests. Closes the reader."""
    try:
        found = lying(media_paths(folder), wanted, _content, report)
        known = {item.path: item for item in transfer.media_of(reader)}
        by_content = {item.digest: item for item in known.values() if item.digest}
        fresh = {relative(path, reader.root): path for path in found.values()}
        with Examiner() as examiner:
            unknown = [path for place, path in fresh.items() if place not in known]
            read = [item for item in items_of(unknown, reader.root, examiner.examine) if isinstance(item, MediaItem)]
        met = {**known, **{item.path: by_content.get(item.digest, item) for item in read}}
        places = {name: relative(path, reader.root) for name, path in found.items()}
        decided = {name: met[place].id for name, place in places.items() if place in met}
        return Sought(decided, tuple(item for item in read if item.digest not in by_content))
    finally:
        reader.close()


def told(prepared: Prepared, left_out: int, *, source: str) -> str:
    """What an import would do, as the user reads it."""
    found = prepared.preview
    if found.unmatched and not transfer.adds(prepared) and not found.report.media:
        return (
            f"None of the media that {source} names is in the project, so there is nothing to import yet. Choose below "
            "which medium each name means, or look in the folder where the files lie; it adds them to the project."
        )
    open_ = len(found.unmatched) - left_out
    new = (_counted(found.annotations, "annotation"), _counted(found.queries, "question"))
    known = f"{found.duplicates:,} are there already; {found.kept:,} differ from the project's, which stay."
    lines = [
        f"Adds {', '.join(new)}, {_counted(found.labels, 'label')} and {_media(len(prepared.media))}.",
        known if found.duplicates or found.kept else "",
        f"Not in the project: {_media(open_)}; decide below, or it is left out." if open_ > 0 else "",
        f"Left out as you said: {_media(left_out)}." if left_out else "",
        *(f"• {sentence}" for sentence in found.report.sentences),
    ]
    return "\n".join(line for line in lines if line)


def _content(path: Path) -> str:
    with readable(path):
        return digest(path)


def _media(number: int) -> str:
    return f"{number:,} {'medium' if number == 1 else 'media'}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
