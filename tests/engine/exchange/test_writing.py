"""Exports reach their place whole or not at all, even when the exporter is killed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.domain.errors import ExchangeError
from engine.exchange.dataset import Split, with_splits
from engine.exchange.exporting import Plan, export
from engine.exchange.formats import FORMATS, format_named
from engine.exchange.outgoing import File
from engine.exchange.writing import MARK, sweep, write_file, write_folder
from tests.engine.exchange.samples import example, incoming, picture

IDS = [row.id for row in FORMATS]
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("id_", IDS)
def test_a_killed_exporter_leaves_a_readable_target(id_: str, tmp_path: Path) -> None:
    assert killed(id_, tmp_path, 1) == 0


@pytest.mark.soak
@pytest.mark.parametrize("id_", IDS)
def test_an_exporter_killed_sixty_times_leaves_a_readable_target(id_: str, tmp_path: Path) -> None:
    assert killed(id_, tmp_path, 60) == 0


def killed(id_: str, folder: Path, times: int) -> int:
    """How often the target was unreadable or not what an undisturbed export leaves, after a SIGKILL while exporting."""
    format_ = format_named(id_)
    target = folder / f"out{format_.suffix}"
    export(example(), target, format_)
    whole = content(target)
    bad = 0
    for at in range(times):
        command = [sys.executable, "-m", "tests.engine.exchange.export_forever", id_, str(target)]
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(random.Random(f"{id_}{at}").uniform(0, 0.03))
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        sweep(target)
        bad += content(target) != whole
        list(format_.read(target, incoming(example())))
    export(example(), target, format_)
    assert sorted(path.name for path in folder.iterdir()) == sorted([target.name, f"{target.name}.losses"])
    return bad


def content(target: Path) -> dict[str, bytes]:
    if target.is_file():
        return {"": target.read_bytes()}
    return {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}


def test_a_folder_with_other_things_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(ExchangeError, match="holds other files"):
        export(example(), tmp_path / "mine", format_named("voc"))
    assert content(tmp_path / "mine") == {"thesis.txt": b"years of work"}
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_second_export_replaces_the_first_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    write_folder(target, [File("a.txt", b"1"), File("deep/b.txt", b"2")])
    write_folder(target, [File("c.txt", b"3")])
    assert set(content(target)) == {"c.txt", MARK}


def test_a_file_never_leads_out_of_the_export(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="outside"):
        write_folder(tmp_path / "out", [File("../evil.txt", b"x")])
    assert not list(tmp_path.iterdir())


def test_a_failing_writer_leaves_the_old_target(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    write_file(target, b"old")

    with pytest.raises(ExchangeError, match="cannot be written"):
        write_file(tmp_path / "out.json" / "below.json", b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_a_folder_moved_aside_by_a_killed_exporter_comes_back(tmp_path: Path) -> None:
    target = tmp_path / "out"
    write_folder(target, [File("a.txt", b"1")])
    target.rename(tmp_path / ".out.99.old.partial")
    (tmp_path / ".out.99.partial").mkdir()
    sweep(target)
    assert set(content(target)) == {"a.txt", MARK}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_split_is_by_medium_seeded_and_stable_while_the_project_grows() -> None:
    items = tuple(picture(f"{at}.png") for at in range(400))
    dataset = example()

    small = with_splits(replace(dataset, items=items[:200]), (80, 10, 10), 7).splits
    large = with_splits(replace(dataset, items=items), (80, 10, 10), 7).splits
    assert small.items() <= large.items()
    assert large != with_splits(replace(dataset, items=items), (80, 10, 10), 8).splits
    shares = [sum(split is one for split in large.values()) / 400 for one in Split]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.06)


@pytest.mark.parametrize("id_", IDS)
def test_a_divided_export_holds_every_annotation_once(id_: str, tmp_path: Path) -> None:
    format_ = format_named(id_)
    whole = export(example(), tmp_path / f"whole{format_.suffix}", format_)
    parts = export(example(), tmp_path / "parts", format_, Plan(shares=(1, 1, 1), seed=3))
    assert parts.annotations == whole.annotations
    if not format_.own_splits:
        found = {path.name.partition(".")[0] for path in (tmp_path / "parts").iterdir() if path.name != MARK}
        assert found <= {"train", "val", "test"}
