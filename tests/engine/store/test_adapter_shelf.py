"""Adapters are versions: one is in use, none is lost, each step can be taken back."""

import zipfile
from pathlib import Path

import msgspec
import pytest

from engine.domain.errors import StoreError, UsageError
from engine.domain.training import AdapterRecord, Standing
from engine.store.adapter_shelf import AdapterShelf


@pytest.fixture
def shelf(tmp_path: Path) -> AdapterShelf:
    return AdapterShelf(tmp_path / "project")


def test_what_is_added_is_a_candidate_with_its_files(shelf: AdapterShelf, tmp_path: Path) -> None:
    record = shelf.add(_made(tmp_path, "a"))
    assert shelf.records() == [record]
    assert record.standing is Standing.CANDIDATE
    assert shelf.in_use() is None
    assert {path.name for path in shelf.path(record).iterdir()} == {"adapter.json", "trained.safetensors"}


def test_only_what_is_not_worse_is_promoted_unless_insisted(shelf: AdapterShelf, tmp_path: Path) -> None:
    record = shelf.add(_made(tmp_path, "a"))
    with pytest.raises(UsageError, match="not compared"):
        shelf.promote(record)
    record = shelf.judge(record, {"held out: iou": 0.1}, passes=False)
    with pytest.raises(UsageError, match="worse"):
        shelf.promote(record)
    shelf.promote(record, anyway=True)
    used = shelf.in_use()
    assert used is not None
    assert used.scores == {"held out: iou": 0.1}


def test_rolling_back_goes_step_by_step_to_the_model_alone(shelf: AdapterShelf, tmp_path: Path) -> None:
    first, second = (shelf.judge(shelf.add(_made(tmp_path, name)), {}, passes=True) for name in "ab")
    shelf.promote(first)
    shelf.promote(second)
    assert [record.standing for record in shelf.records()] == [Standing.RETIRED, Standing.PROMOTED]
    back = shelf.roll_back()
    assert back is not None
    assert back.id == first.id
    assert shelf.roll_back() is None
    with pytest.raises(UsageError):
        shelf.roll_back()
    assert len(shelf.records()) == 2


def test_what_is_in_use_is_not_removed(shelf: AdapterShelf, tmp_path: Path) -> None:
    record = shelf.add(_made(tmp_path, "a"))
    shelf.promote(record, anyway=True)
    with pytest.raises(UsageError, match="in use"):
        shelf.remove(shelf.get("a"))
    shelf.roll_back()
    shelf.remove(shelf.get("a"))
    assert shelf.records() == []


def test_an_archive_brings_the_same_adapter_to_another_project(shelf: AdapterShelf, tmp_path: Path) -> None:
    record = shelf.add(_made(tmp_path, "a"))
    shelf.export(record, tmp_path / "a.zip")
    other = AdapterShelf(tmp_path / "other")
    brought = other.import_(tmp_path / "a.zip")
    for name in ("trained.safetensors",):
        assert (other.path(brought) / name).read_bytes() == (shelf.path(record) / name).read_bytes()
    assert shelf.import_(tmp_path / "a.zip").id != record.id


@pytest.mark.parametrize("name", ["../evil.json", "/tmp/evil", "code.py", "adapter_model.bin"])
def test_an_archive_with_anything_else_is_refused(shelf: AdapterShelf, tmp_path: Path, name: str) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "x")
    with pytest.raises(StoreError, match="refused"):
        shelf.import_(path)
    assert shelf.records() == []
    assert not list(tmp_path.glob("evil*"))


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04rest"])
def test_no_archive_is_told_so(shelf: AdapterShelf, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.zip").write_bytes(content)
    with pytest.raises(StoreError, match="choose another file"):
        shelf.import_(tmp_path / "bad.zip")


def _made(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / f"run-{name}" / "adapter"
    folder.mkdir(parents=True)
    record = AdapterRecord(name * 26, name, "adapter", "m", "d", "smoke", "x", f"2026-01-0{1 + ord(name) % 5}")
    (folder / "adapter.json").write_bytes(msgspec.json.encode(record))
    (folder / "trained.safetensors").write_bytes(name.encode() * 9)
    (folder / "run.py").write_text("not taken along")
    return folder
