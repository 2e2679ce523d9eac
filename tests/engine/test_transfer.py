"""A project's annotations out to files and back in, as both programs do it."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine import transfer
from engine.domain.annotation import Annotation
from engine.domain.errors import Cancelled, ExchangeError
from engine.domain.geometry import Box, Key, Track
from engine.domain.media import MediaItem
from engine.edits import Change
from engine.exchange.dataset import Dataset, Selection
from engine.exchange.exporting import Plan, report_path
from engine.exchange.formats import FORMATS, format_named
from engine.media.index import frame_index
from engine.media.probe import media_item
from engine.store.project_store import ProjectStore
from tests.engine.exchange.samples import example, said

ROOT = Path(__file__).parents[2]
ALL = [row.id for row in FORMATS]


def project(folder: Path, dataset: Dataset | None = None, *, annotations: bool = True) -> ProjectStore:
    store = ProjectStore.create(folder, author="ada")
    found = dataset or example()
    rows = (*found.items, *found.labels, *found.queries, *(found.annotations if annotations else ()))
    store.apply_changes("Fill", (Change(None, row) for row in rows))
    return store


def state(store: ProjectStore) -> str:
    rows = [*store.items(), *store.labels(), *store.annotations()]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


@pytest.mark.parametrize("id_", ALL)
def test_an_export_read_into_a_second_project_is_one_step_and_adds_nothing_twice(id_: str, tmp_path: Path) -> None:
    format_ = format_named(id_)
    target = tmp_path / f"out{format_.suffix}"
    store = project(tmp_path / "first")
    report = transfer.export(store, target, format_, Plan())
    assert report.annotations > 0
    assert json.loads(report_path(target).read_bytes())["format"] == id_
    again = transfer.Request(target, format_)
    assert transfer.read(store, again).preview.annotations == 0
    assert transfer.read(store, again).preview.duplicates == report.annotations

    other = project(tmp_path / "second", annotations=False)
    if id_ == "coco-results":
        other.set_value(transfer.NUMBERS, store.value(transfer.NUMBERS) or "")
    before, steps = state(other), len(other.history())
    request = transfer.Request(target, format_)
    prepared = transfer.read(other, request)
    assert state(other) == before
    found = transfer.take(other, request, prepared.media)
    assert found.annotations == prepared.preview.annotations == report.annotations
    assert other.count_annotations() == report.annotations
    assert len(other.history()) == steps + 1
    other.undo()
    assert state(other) == before
    store.close()
    other.close()


def test_an_import_that_fails_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    store = project(tmp_path / "p", annotations=False)
    file = tmp_path / "broken.TextGrid"
    before = state(store)
    file.write_text('File type = "ooTextFile"\nObject class = "TextGrid"\n0 1 <exists> 3')
    (tmp_path / "run.TextGrid").write_text(file.read_text())
    request = transfer.Request(tmp_path / "run.TextGrid", format_named("praat"))
    with pytest.raises(ExchangeError, match="not a sound TextGrid"):
        transfer.take(store, request, ())
    assert state(store) == before
    store.close()


def test_cancelling_leaves_files_and_project_as_they_were(tmp_path: Path) -> None:
    store = project(tmp_path / "p")
    target = tmp_path / "out.json"
    target.write_text("mine")

    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        transfer.export(store, target, format_named("coco"), Plan(), tick=stop)
    assert target.read_text() == "mine"
    assert not list(tmp_path.glob(".*partial"))
    store.close()


def test_numbers_stay_when_annotations_come_and_go(tmp_path: Path) -> None:
    store = project(tmp_path / "p")
    coco, target = format_named("coco"), tmp_path / "out.json"
    transfer.export(store, target, coco, Plan())
    first = {row["gw"]["uid"]: row["id"] for row in json.loads(target.read_bytes())["annotations"]}
    gone = store.get(Annotation, next(iter(first)))
    assert gone is not None
    store.apply_changes("Replace", [Change(gone, None), Change(None, replace(gone, id="0" * 24 + "ZZ"))])
    transfer.export(store, target, coco, Plan())
    second = {row["gw"]["uid"]: row["id"] for row in json.loads(target.read_bytes())["annotations"]}
    assert {uid: number for uid, number in second.items() if uid in first}.items() <= first.items()
    assert second["0" * 24 + "ZZ"] not in first.values()
    store.close()


def test_what_the_project_says_otherwise_is_kept(tmp_path: Path) -> None:
    store = project(tmp_path / "p")
    target, native = tmp_path / "out.json", format_named("native")
    transfer.export(store, target, native, Plan())
    one = next(iter(store.annotations()))
    changed = replace(one, phrase="something else")
    store.apply_changes("Relabel", [Change(one, changed)])
    found = transfer.take(store, transfer.Request(target, native), ())
    assert (found.annotations, found.kept) == (0, 1)
    assert store.get(Annotation, one.id) == changed
    store.close()


def test_a_medium_of_another_name_is_matched_by_choice(tmp_path: Path) -> None:
    store = project(tmp_path / "p")
    target, coco = tmp_path / "out.json", format_named("coco")
    transfer.export(store, target, coco, Plan())
    target.write_bytes(target.read_bytes().replace(b"pictures/yard.png", b"photos/other.png"))
    other = project(tmp_path / "q", annotations=False)
    prepared = transfer.read(other, transfer.Request(target, coco))
    assert list(prepared.preview.unmatched) == ["photos/other.png"]
    yard = other.item_at("pictures/yard.png")
    assert yard is not None
    decided = transfer.read(other, transfer.Request(target, coco, {"photos/other.png": yard.id}))
    assert not decided.preview.unmatched
    assert decided.preview.annotations == prepared.preview.annotations + 1
    store.close()
    other.close()


def test_what_a_preview_read_is_not_read_again_unless_the_project_moved_on(tmp_path: Path) -> None:
    store, target, coco = project(tmp_path / "p"), tmp_path / "out.json", format_named("coco")
    transfer.export(store, target, coco, Plan())
    other, request = project(tmp_path / "q", annotations=False), transfer.Request(target, coco)
    prepared, long = transfer.read(other, request), transfer.read(other, request, keep=1)
    assert (long.changes, long.preview) == (None, prepared.preview)
    kept = target.rename(tmp_path / "away.json")
    found = transfer.commit(other, request, prepared)
    assert found.annotations == other.count_annotations() > 0
    with pytest.raises(ExchangeError):
        transfer.commit(other, request, prepared)
    kept.rename(target)
    assert transfer.commit(other, request, prepared).annotations == 0
    assert transfer.commit(other, request, long).duplicates == found.annotations
    store.close()
    other.close()


def test_what_a_file_says_of_the_content_of_unmatched_media_is_kept_and_the_users_choice_wins(tmp_path: Path) -> None:
    whole = example()
    one, two = (replace(item, digest=f"{at:064x}") for at, item in enumerate(whole.items[:2], start=1))
    store = project(tmp_path / "p", replace(whole, items=(one, two, *whole.items[2:])))
    target, native = tmp_path / "out.json", format_named("native")
    transfer.export(store, target, native, Plan())
    target.write_bytes(target.read_bytes().replace(one.path.encode(), b"elsewhere/lost.bin"))
    other = project(
        tmp_path / "q", replace(whole, items=(replace(one, digest=""), two, *whole.items[2:])), annotations=False
    )
    assert transfer.read(other, transfer.Request(target, native)).digests == {"elsewhere/lost.bin": one.digest}
    decided = transfer.read(other, transfer.Request(target, native, {"elsewhere/lost.bin": one.id}))
    assert (decided.digests, decided.preview.unmatched) == ({}, {})
    store.close()
    other.close()


def test_filters_choose_what_is_exported(tmp_path: Path) -> None:
    store = project(tmp_path / "p")
    car = store.labels()[0]
    plan = Plan(Selection(labels=frozenset({car.id})))
    assert transfer.preview_export(store, format_named("coco"), plan).annotations == 1
    assert transfer.preview_export(store, format_named("csv"), Plan(Selection(authors=frozenset({"eve"})))).media == 0
    store.close()


def engine(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "engine", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_commands_export_and_import(tmp_path: Path) -> None:
    project(tmp_path / "p").close()
    project(tmp_path / "q", annotations=False).close()
    done = engine("export", tmp_path / "p", tmp_path / "out", "--format", "voc", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["annotations"] == 4
    preview = engine("import", tmp_path / "q", tmp_path / "out", "--preview", "--json")
    assert json.loads(preview.stdout)["annotations"] == 4
    done = engine("import", tmp_path / "q", tmp_path / "out")
    assert "added 4 annotations" in done.stdout
    assert json.loads(engine("status", tmp_path / "q", "--json").stdout)["annotations"]["accepted"] == 4
    wrong = engine("export", tmp_path / "p", tmp_path / "out", "--format", "word")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    lost = engine("import", tmp_path / "p", tmp_path / "nothing.json")
    assert (lost.returncode, lost.stderr.count("\n")) == (2, 1)


def test_media_that_lie_beside_the_file_come_along(tmp_path: Path) -> None:
    from PIL import Image

    images = tmp_path / "data" / "images"
    images.mkdir(parents=True)
    Image.new("RGB", (40, 30)).save(images / "new.png")
    sheet = {
        "images": [
            {"id": 1, "file_name": "images/new.png", "width": 40, "height": 30},
            {"id": 2, "file_name": "../../secret.png", "width": 40, "height": 30},
        ],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0}],
        "categories": [{"id": 1, "name": "cat"}],
    }
    Image.new("RGB", (40, 30)).save(tmp_path / "secret.png")
    (tmp_path / "data" / "instances.json").write_text(json.dumps(sheet))
    store = ProjectStore.create(tmp_path / "p")
    request = transfer.Request(tmp_path / "data" / "instances.json", format_named("coco"))
    prepared = transfer.read(store, request)
    assert [Path(item.path).name for item in prepared.media] == ["new.png"]
    transfer.take(store, request, prepared.media)
    assert store.count_items() == 1
    assert [one.phrase for one in store.annotations()] == ["cat"]
    assert isinstance(store.items()[0], MediaItem)
    store.undo()
    assert store.count_items() == 0
    store.close()


def test_tracks_of_a_real_clip_stand_on_its_own_frames(tmp_path: Path) -> None:
    golden = ROOT / "tests" / "golden" / "parity" / "set_A" / "media" / "clip_long.mp4"
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(golden.read_bytes())
    item = media_item(folder / "clip.mp4", tmp_path / "media")
    table = frame_index(folder / "clip.mp4").pts.tolist()
    keys = tuple(Key(table[at], Box(1, 2, 20 + at, 22)) for at in (0, 7, len(table) - 1))
    dataset = Dataset((item,), (), (said(item, Track(keys)),))
    for id_ in ("cvat-video", "coco", "label-studio"):
        store = project(folder / f"{id_}.groundwork", dataset)
        target, format_ = tmp_path / f"{id_}.json", format_named(id_)
        report = transfer.export(store, target, format_, Plan())
        assert not [loss for loss in report.losses if loss.how in {"rounded", "changed"}]
        other = project(folder / f"{id_}-2.groundwork", dataset, annotations=False)
        transfer.take(other, transfer.Request(target, format_), ())
        (found,) = other.annotations()
        assert isinstance(found.geometry, Track)
        assert [key.pts for key in found.geometry.keys] == [key.pts for key in keys]
        for one, meant in zip(found.geometry.keys, keys, strict=True):
            assert one.box.edges == pytest.approx(meant.box.edges, abs=1e-9)
        store.close()
        other.close()
