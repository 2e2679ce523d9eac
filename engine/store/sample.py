"""Laying down the sample project: a copy of the shipped media that the user may do anything with."""

import shutil
from pathlib import Path

import msgspec

from engine import edits
from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.errors import StoreError
from engine.domain.ids import new_id
from engine.domain.media import MediaItem
from engine.domain.project import Entity, Template
from engine.domain.sample import SampleTruth
from engine.media.probe import media_item
from engine.store.project_store import FILE, ProjectStore
from resources import path as resource

_AUTHOR = "sample"
_AT = "2026-01-01T00:00:00Z"


def truth() -> list[SampleTruth]:
    """What is shipped, file by file."""
    return msgspec.json.decode(resource("sample/truth.json").read_bytes(), type=list[SampleTruth])


def lay_down(folder: Path, *, verified: bool = False) -> None:
    """Make `folder` the sample project; `verified` adds its truth as accepted annotations.

    Raises `StoreError` when the folder is a project already or cannot be written.
    """
    if (folder / FILE).exists():
        raise StoreError(f"{folder} is a project already; name another folder.")
    known = truth()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in known:
            shutil.copyfile(resource(f"sample/{one.path}"), folder / one.path)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written ({error.strerror}); name a folder you may write.") from error
    items = {one.path: media_item(folder / one.path, folder) for one in known}
    labels = {name: Label(new_id(), name, n) for n, name in enumerate(_names(known))}
    entities: list[Entity] = [*items.values(), *labels.values()]
    entities += [Template(new_id(), text) for text in ("Where is the {label}?", "When do you hear the {label}?")]
    store = ProjectStore.create(folder, author=_AUTHOR)
    store.apply(edits.created("Add sample media", entities))
    if verified:
        store.apply(edits.created("Add the truth", _annotations(known, items, labels)))
    store.close()


def _names(known: list[SampleTruth]) -> list[str]:
    return list(dict.fromkeys(fact.label for one in known for fact in one.annotations))


def _annotations(known: list[SampleTruth], items: dict[str, MediaItem], labels: dict[str, Label]) -> list[Annotation]:
    by = Provenance(Origin.SYNTHETIC, _AUTHOR, _AT)
    return [
        Annotation(new_id(), items[one.path].id, fact.phrase, fact.geometry, Review.ACCEPTED, by, labels[fact.label].id)
        for one in known
        for fact in one.annotations
    ]
