"""Power cuts, full disks and failing writes: what was acknowledged stays, what failed is told in a sentence."""

import shutil
from pathlib import Path
from random import Random

import apsw
import pytest

from engine import edits
from engine.domain.errors import GroundworkError, StoreError
from engine.store import database
from engine.store.project_store import ProjectStore
from tests.engine.store.conftest import digest, item, step
from tests.engine.store.shim import Disk, Event, after_power_loss


@pytest.fixture(autouse=True)
def frequent_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_CHECKPOINT_PAGES", 30)


def record(folder: Path, seed: int, deeds: int) -> tuple[list[Event], list[tuple[int, str]]]:
    """What a scripted run wrote, and after each deed how much of it there was and what the project held."""
    random = Random(seed)
    with Disk() as disk:
        store = ProjectStore.create(folder)
        store.apply(edits.created("Add media", [item(n) for n in range(5)]))
        marks = [(len(disk.log), digest(store))]
        for _ in range(deeds):
            step(store, random)
            marks.append((len(disk.log), digest(store)))
        log = list(disk.log)
        store.close()
    return log, marks


def losses(folder: Path, seeds: int, deeds: int = 40) -> int:
    """In how many of `seeds` power cuts something acknowledged was lost."""
    lost = 0
    for seed in range(seeds):
        random = Random(seed)
        if seed % 20 == 0:
            log, marks = record(folder / f"run{seed}", seed, deeds)
            states = [state for _, state in marks]
        cut = random.randint(marks[0][0], len(log))
        acknowledged = sum(mark <= cut for mark, _ in marks) - 1
        place = folder / f"cut{seed}"
        place.mkdir()
        for name, data in after_power_loss(log[:cut], random).items():
            if not name.endswith("-shm"):
                (place / name).write_bytes(data)
        lost += not _holds(place, states[acknowledged : acknowledged + 2])
    return lost


def _holds(place: Path, states: list[str]) -> bool:
    try:
        store = ProjectStore.open(place)
    except StoreError:
        return False
    held = digest(store) in states and store._connection.pragma("integrity_check") == "ok"
    store.close()
    shutil.rmtree(place)
    return held


def test_a_power_cut_loses_nothing_acknowledged(tmp_path: Path) -> None:
    assert losses(tmp_path, 200) == 0


def test_without_full_sync_the_same_cuts_do_lose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control run: a shim that loses nothing would prove nothing."""
    monkeypatch.setattr(database, "_SYNCHRONOUS", "NORMAL")
    assert losses(tmp_path, 100) > 20


@pytest.mark.soak
def test_four_thousand_power_cuts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert losses(tmp_path / "full", 4000) == 0
    monkeypatch.setattr(database, "_SYNCHRONOUS", "NORMAL")
    control = losses(tmp_path / "normal", 400)
    print(f"power cuts: FULL lost 0 of 4,000, NORMAL {control} of 400")
    assert control > 80


def refused_at(folder: Path, n: int, deeds: int, refusal: type[apsw.Error]) -> bool:
    """Work with every write refused from the n-th on until the user was told once; whether it came to that."""
    told = False
    random = Random(7)
    with Disk() as disk:
        disk.refusal = refusal
        store = ProjectStore.create(folder)
        store.apply(edits.created("Add media", [item(n) for n in range(5)]))
        disk.count, disk.refuse_from = 0, n
        for _ in range(deeds):
            before, at = digest(store), random.getstate()
            try:
                step(store, random)
            except GroundworkError as error:
                assert isinstance(error, StoreError), error
                assert str(store.folder) in str(error)
                assert digest(store) == before
                told = True
                disk.refuse_from = None
                random.setstate(at)
                step(store, random)
        end = digest(store)
        disk.refuse_from = None
        store.close()
    again = ProjectStore.open(folder)
    assert digest(again) == end
    assert again._connection.pragma("integrity_check") == "ok"
    again.close()
    shutil.rmtree(folder)
    return told


@pytest.mark.parametrize("refusal", [apsw.FullError, apsw.IOError])
def test_a_refused_write_is_told_and_loses_nothing(tmp_path: Path, refusal: type[apsw.Error]) -> None:
    assert sum(refused_at(tmp_path / str(n), n, 20, refusal) for n in range(1, 120, 4)) >= 25


@pytest.mark.soak
@pytest.mark.parametrize("refusal", [apsw.FullError, apsw.IOError])
def test_every_write_of_a_long_script_may_be_refused(tmp_path: Path, refusal: type[apsw.Error]) -> None:
    n = 1
    while refused_at(tmp_path / str(n), n, 100, refusal):
        n += 1
    print(f"{refusal.__name__} at each of {n - 1} writes: 0 acknowledged edits lost")
    assert n > 300


def test_the_ballast_lets_one_more_edit_through_a_full_disk(tmp_path: Path) -> None:
    with Disk() as disk:
        store = ProjectStore.create(tmp_path / "p")
        ballast = store.folder / "project.ballast"
        assert ballast.stat().st_size == 4 << 20
        disk.count, disk.refuse_from = 0, 1
        note = disk.note

        def refuse_until_dropped(event: Event) -> None:
            disk.refuse_from = 1 if ballast.exists() else None
            note(event)

        disk.note = refuse_until_dropped  # type: ignore[method-assign]
        store.apply(edits.created("Add media", [item()]))
        assert store.count_items() == 1
        assert not ballast.exists()
        store.close()
    ProjectStore.open(store.folder).close()
    assert ballast.exists()
