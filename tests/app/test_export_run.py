"""An export in a program of its own."""

from pathlib import Path

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from app.export_run import ExportRun, arguments
from engine import edits
from engine.domain.annotation import Annotation, Origin, Provenance, Review
from engine.domain.geometry import Box
from engine.domain.media import MediaItem, MediaKind
from engine.store.project_store import ProjectStore
from engine.transfer import Exported

VALUES = {"format": "coco", "states": "verified", "split": "none", "copy": False, "empty": False}
SIGNED = Provenance(Origin.HUMAN, "ann", "2026-01-01T00:00:00Z")


@pytest.fixture
def project(tmp_path: Path) -> ProjectStore:
    """A project that is open for writing, as it is while its window exports."""
    store = ProjectStore.create(tmp_path / "media.groundwork")
    item = MediaItem("m", "a.png", MediaKind.IMAGE, 64, 48)
    store.apply_changes("Add", edits.created("Add", [item]).changes)
    boxes = [Annotation(f"b{at}", "m", "thing", Box(at, 1, at + 9, 9), Review.ACCEPTED, SIGNED) for at in range(3)]
    store.apply_changes("Draw", edits.created("Draw", boxes).changes)
    return store


def test_a_project_that_is_open_is_exported_and_its_numbers_come_back(
    project: ProjectStore, tmp_path: Path, qtbot: QtBot
) -> None:
    one = ExportRun(project.folder, tmp_path / "out.json", VALUES)
    with qtbot.waitSignal(one.done, timeout=120_000) as heard:
        one.start()
    done = msgspec.json.decode(heard.args[0], type=Exported)
    assert done.report.annotations == 3
    assert done.numbers
    assert len(msgspec.json.decode((tmp_path / "out.json").read_bytes())["annotations"]) == 3


def test_a_preview_writes_nothing(project: ProjectStore, tmp_path: Path, qtbot: QtBot) -> None:
    one = ExportRun(project.folder, tmp_path / "out.json", VALUES, preview=True)
    with qtbot.waitSignal(one.done, timeout=120_000) as heard:
        one.start()
    assert msgspec.json.decode(heard.args[0], type=Exported).report.annotations == 3
    assert not (tmp_path / "out.json").exists()


def test_a_refusal_arrives_as_its_sentence(project: ProjectStore, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    one = ExportRun(project.folder, tmp_path / "full", {**VALUES, "format": "yolo"})
    with qtbot.waitSignal(one.failed, timeout=120_000) as heard:
        one.start()
    assert heard.args[0].endswith("holds other files; choose an empty or new folder for the export.")


def test_a_stopped_run_says_nothing_more(project: ProjectStore, tmp_path: Path, qtbot: QtBot) -> None:
    one = ExportRun(project.folder, tmp_path / "out.json", VALUES)
    said: list[object] = []
    one.done.connect(said.append)
    one.failed.connect(said.append)
    with qtbot.waitSignal(one.over, timeout=120_000):
        one.start()
        one.stop()
    assert not said


def test_the_choices_become_words_of_the_command() -> None:
    words = arguments({"format": "voc", "states": "all", "split": "80", "copy": True, "empty": True})
    assert words[:2] == ["--format", "voc"]
    assert words.count("--review") == len(Review)
    assert words[-4:] == ["--split", "80,10,10", "--media", "--empty"]
