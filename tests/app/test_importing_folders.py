"""Formats that are folders are told by how they are laid out, and read like files."""

from pathlib import Path

import pytest

from app.importing import formats_of
from engine import transfer
from engine.exchange.exporting import Plan
from engine.exchange.formats import FORMATS, format_named
from engine.store.project_store import ProjectStore
from engine.store.sample import lay_down


@pytest.mark.parametrize("format_", ["yolo", "voc"])
def test_a_folder_is_recognised_and_read(tmp_path: Path, format_: str) -> None:
    lay_down(tmp_path / "full", verified=True)
    store = ProjectStore.open(tmp_path / "full")
    transfer.export(store, tmp_path / "out", format_named(format_), Plan())
    store.close()
    (row,) = formats_of(tmp_path / "out")
    assert row.id == format_
    lay_down(tmp_path / "bare")
    bare = ProjectStore.open(tmp_path / "bare")
    draft = transfer.draft(bare, transfer.Request(tmp_path / "out", row), (), guess=True)
    assert transfer.adds(draft.prepared)
    bare.close()


def test_an_unknown_folder_leaves_the_choice_open(tmp_path: Path) -> None:
    assert formats_of(tmp_path) == list(FORMATS)
