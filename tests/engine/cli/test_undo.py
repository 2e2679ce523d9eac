"""`undo` as a shell sees it, and what is left when it is killed."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine import edits
from engine.domain.annotation import Annotation, Origin, Provenance, Review
from engine.domain.geometry import Box
from engine.domain.media import MediaItem, MediaKind
from engine.store.project_store import ProjectStore

ROOT = Path(__file__).parents[3]
SIGNED = Provenance(Origin.IMPORTED, "x.json", "2026-01-01T00:00:00Z")
BOXES = 3000


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "engine", "undo", *map(str, words)]


def undo(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One picture with very many boxes, which came in one step."""
    store = ProjectStore.create(tmp_path / "p", author="ann")
    store.apply(edits.created("Add media", [MediaItem("I", "kite.jpg", MediaKind.IMAGE, 640, 480)]))
    boxes = (
        Annotation(f"{at:05d}", "I", "kite", Box(1, 1, 9 + at % 99, 9), Review.ACCEPTED, SIGNED) for at in range(BOXES)
    )
    store.apply_changes("Import x.json", edits.created("Import x.json", boxes).changes)
    store.close()
    return tmp_path / "p"


def count(project: Path) -> int:
    store = ProjectStore.open(project)
    try:
        return store.count_annotations()
    finally:
        store.close()


def test_a_large_step_is_undone_and_redone(project: Path) -> None:
    done = undo(project)
    assert (done.returncode, done.stdout.strip()) == (0, "Undone: Import x.json")
    assert count(project) == 0
    done = undo(project, "--redo", "--lines", "--author", "bob")
    *progress, outcome = [json.loads(line) for line in done.stdout.splitlines()]
    assert outcome == {"label": "Import x.json"}
    assert progress[0] == ["redoing", 0, BOXES]
    assert count(project) == BOXES


def test_nothing_to_redo_is_told_in_a_sentence(project: Path) -> None:
    done = undo(project, "--redo")
    assert done.returncode == 2
    assert done.stderr.strip().endswith("has nothing to redo.")


def test_a_project_that_is_open_elsewhere_is_left_alone(project: Path) -> None:
    store = ProjectStore.open(project)
    done = undo(project)
    store.close()
    assert done.returncode == 2
    assert "open elsewhere" in done.stderr
    assert count(project) == BOXES


def test_killed_in_the_middle_it_has_changed_nothing(project: Path) -> None:
    child = subprocess.Popen(command(project, "--lines"), cwd=ROOT, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert json.loads(child.stdout.readline()) == ["undoing", 0, BOXES]
    child.send_signal(signal.SIGKILL)
    child.wait(60)
    child.stdout.close()
    assert count(project) in {0, BOXES}
    store = ProjectStore.open(project)
    assert (store.undo_label == "Import x.json") is (store.count_annotations() == BOXES)
    store.close()
