"""Kept prefixes stay within their budgets whatever becomes of the questions, and of other processes."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from engine.grounding.prefixes import PrefixCache

BYTES = 100


class Kept:
    """Stands for the backbone: every prefix takes as many bytes."""

    def __init__(self) -> None:
        self.dropped: list[object] = []

    def size(self, _: object) -> int:
        return BYTES

    def drop(self, prefix: object) -> None:
        self.dropped.append(prefix)

    def save(self, _: object, path: Path) -> None:
        path.write_bytes(bytes(BYTES))

    def load(self, path: Path) -> object:
        return path.name


def _cache(folder: Path | None, disk: int = 10 * BYTES) -> tuple[PrefixCache, Kept]:
    backbone: Any = Kept()
    return PrefixCache(backbone, folder, 3 * BYTES, disk), backbone


def _key(number: int) -> str:
    return f"{number:064x}"


def test_questions_that_never_end_well_fill_no_more_memory_than_allowed(tmp_path: Path) -> None:
    cache, backbone = _cache(None)
    for number in range(20):
        cache.put(_key(number), object())
        assert cache.bytes_held() <= 4 * BYTES
    assert len(backbone.dropped) == 16
    cache.tidy()
    assert cache.bytes_held() == 3 * BYTES
    assert cache.get(_key(19))
    for number in range(20):
        (tmp_path / f"{_key(number)}.prefix").touch()
    again, _ = _cache(tmp_path)
    assert all(again.get(_key(number)) for number in range(20))
    assert again.bytes_held() <= 4 * BYTES


def test_what_a_killed_process_was_writing_is_removed_an_hour_later(tmp_path: Path) -> None:
    cache, _ = _cache(tmp_path)
    old, new, foreign = (tmp_path / name for name in (f"{_key(1)}.part", f"{_key(2)}.part", "film.mp4.part"))
    for path, age in ((old, 4000), (new, 60), (foreign, 4000)):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    cache.put(_key(3), object())
    cache.tidy()
    assert {path.name for path in tmp_path.iterdir()} == {new.name, foreign.name, f"{_key(3)}.prefix"}


def test_a_file_that_another_process_removes_meanwhile_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, _ = _cache(tmp_path, disk=BYTES)
    stat, unlink = Path.stat, Path.unlink

    def quicker(path: Path, **options: Any) -> Any:
        if path.name == f"{_key(0)}.prefix":
            unlink(path, missing_ok=True)
        return stat(path, **options)

    def locked(path: Path, **_: Any) -> None:
        if path.name == f"{_key(1)}.prefix":
            raise PermissionError(path)
        unlink(path)

    cache.put(_key(0), object())
    cache.tidy()
    monkeypatch.setattr(Path, "stat", quicker)
    monkeypatch.setattr(Path, "unlink", locked)
    for number in (1, 2, 3):
        cache.put(_key(number), object())
        cache.tidy()
    assert [path.name for path in tmp_path.iterdir()] == [f"{_key(1)}.prefix"]
