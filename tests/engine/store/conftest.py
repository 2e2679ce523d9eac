"""Projects to edit, and random but legal edits of them."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest

from engine import edits
from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.geometry import Box, Key, Segment, Track
from engine.domain.ids import new_id
from engine.domain.media import MediaItem, MediaKind
from engine.store.project_store import ProjectStore

BY = Provenance(Origin.HUMAN, "anna", "2026-01-01T00:00:00Z")


def item(n: int = 0) -> MediaItem:
    return MediaItem(f"item {n}", f"media/{n:06}.png", MediaKind.IMAGE, 640, 480)


def annotation(item_id: str, review: Review = Review.PREDICTED, *, id: str = "", **fields: object) -> Annotation:  # noqa: A002
    return Annotation(id or new_id(), item_id, "kite", Box(1, 2, 30, 40), review, BY, score=0.5, **fields)


def random_edit(store: ProjectStore, random: Random) -> edits.Edit:
    """A legal edit of what the store holds at present."""
    held = list(store.annotations())
    media = store.items()
    fresh = f"{random.getrandbits(64):016x}"
    if not held or random.random() < 0.4:
        return edits.draw(annotation(random.choice(media).id, id=fresh))
    one = random.choice(held)
    x = random.random() * 100
    deeds: list[Callable[[], edits.Edit]] = [
        lambda: edits.accept(one),
        lambda: edits.reject(one),
        lambda: edits.reshape(one, Box(x, x, x + 10, x + 20)),
        lambda: edits.reshape(one, Segment(0, 10)),
        lambda: edits.reshape(one, Track((Key(0, Box(0, 0, 5, 5)), Key(10, Box(x, x, x + 5, x + 5))))),
        lambda: edits.relabel(one, label=None, phrase=f"thing {x:.2f}"),
        lambda: edits.remove(random.sample(held, min(len(held), 3))),
        lambda: edits.together("Accept all", [edits.accept(other) for other in held]),
        lambda: edits.created("Add label", [Label(fresh, f"label {x}")]),
        lambda: edits.finish(random.choice(media), done=random.random() < 0.5),
    ]
    return random.choice(deeds)()


def everything(store: ProjectStore) -> tuple[object, ...]:
    """All that the project holds."""
    return store.items(), list(store.annotations()), store.labels(), store.templates()


def digest(store: ProjectStore) -> str:
    """A short stand-in for `everything` that crosses processes."""
    return hashlib.sha256(msgspec.json.encode(everything(store))).hexdigest()


def step(store: ProjectStore, random: Random) -> None:
    """One deed of the scripted annotator: mostly edits, some undo and redo."""
    deed = random.random()
    if deed < 0.15 and store.undo_label != "Add media":
        store.undo()
    elif deed < 0.25:
        store.redo()
    else:
        store.apply(random_edit(store, random))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProjectStore]:
    opened = ProjectStore.create(tmp_path / "project", author="anna")
    opened.apply(edits.created("Add media", [item(n) for n in range(5)]))
    yield opened
    opened.close()
