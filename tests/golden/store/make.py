"""Writes `schema-N.db`, a small project as this version lays it out; run once whenever a schema is added.

    PYTHONPATH=. .venv/bin/python tests/golden/store/make.py

Files of earlier schemas are kept as they are: they stand for the projects that people have.
"""

import shutil
import tempfile
from pathlib import Path

import apsw

from engine import edits
from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.geometry import Absent, Box, Key, Segment, Track
from engine.domain.media import Clock, MediaItem, MediaKind
from engine.domain.project import Template
from engine.store import database
from engine.store.project_store import FILE, ProjectStore

SIGNED = Provenance(Origin.HUMAN, "ann", "2026-01-01T00:00:00Z")


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "old.groundwork"
        store = ProjectStore.create(folder, author="ann")
        picture = MediaItem("p", "a.png", MediaKind.IMAGE, 64, 48)
        clip = MediaItem("c", "b.mp4", MediaKind.VIDEO, 64, 48, Clock(1, 1000, 0, 5000))
        store.apply(edits.created("Add media", [picture, clip]))
        store.apply(edits.created("Add label", [Label("l", "kite", 0), Template("t", "Where is the {label}?")]))
        box = Annotation("box", "p", "kite", Box(1, 2, 30, 40), Review.PREDICTED, SIGNED, label="l", score=0.5)
        drawn = [
            box,
            Annotation("not", "p", "dog", Absent(), Review.MISSED, SIGNED),
            Annotation("cut", "c", "song", Segment(100, 900), Review.ACCEPTED, SIGNED),
            Annotation(
                "way", "c", "owl", Track((Key(0, Box(0, 0, 9, 9)), Key(500, Box(5, 5, 14, 14)))), Review.MISSED, SIGNED
            ),
        ]
        store.apply(edits.created("Draw", drawn))
        store.apply(edits.accept(box))
        store.apply(edits.rename(Label("l", "kite", 0), "red kite"))
        store.undo()
        store.close()
        connection = apsw.Connection(str(folder / FILE))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")
        connection.close()
        shutil.copy(folder / FILE, Path(__file__).with_name(f"schema-{len(database.schema())}.db"))


if __name__ == "__main__":
    main()
