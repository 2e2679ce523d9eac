"""`groundwork-engine models`: one life of a model, from the published checkpoint to its removal."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.cli import app
from engine.domain.errors import ModelError
from engine.grounding import library, manifest
from engine.grounding.embedded import model_folder
from engine.grounding.manifest import Manifest

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "parity" / "set_A"


@pytest.fixture(autouse=True)
def _own_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDWORK_DATA", str(tmp_path / "data"))


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["models", *arguments])
    if result.exception is not None:
        raise result.exception
    return str(result.stdout)


def _named() -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in json.loads(_run("list", "--json"))}


def _convert(to: Path) -> str:
    clip = str(GOLDEN / "clip_vision_tower")
    return _run("convert", str(GOLDEN / "checkpoint"), "--clip", clip, "--to", str(to), "--precision", "bf16")


def test_a_model_is_converted_added_found_verified_and_removed(tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    assert "ImageBind" in _convert(folder)
    assert "added Toy" in _run("add", str(folder), "--name", "Toy")
    row = _named()["Toy"]
    assert row["precisions"] == ["bf16"]
    assert row["problem"] == ""
    assert model_folder("Toy") == folder
    assert model_folder(str(folder)) == folder
    assert json.loads(_run("verify", "Toy", "--json"))["manifest"]["name"] == "GroundingGPT"
    assert "fp32" in _run("quantize", "Toy", "--precision", "fp32")
    assert _named()["Toy"]["precisions"] == ["bf16", "fp32"]
    _run("remove", "Toy")
    assert "Toy" not in _named()
    assert (folder / "manifest.json").exists()


def test_a_model_on_a_stick_is_copied_by_its_manifest_and_told_in_lines(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    _convert(stick)
    out = _run("add", str(stick / "manifest.json"), "--name", "Mine", "--copy", "--lines").splitlines()
    assert all(len(json.loads(line)) == 3 for line in out[:-1])
    assert json.loads(out[-1])["name"] == "Mine"
    copied = tmp_path / "data" / "models" / "Mine"
    assert model_folder("Mine") == copied
    shutil.rmtree(stick)
    assert json.loads(_run("verify", "Mine", "--json"))["folder"] == str(copied)


def test_a_packed_model_is_unpacked_and_added(tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    _convert(folder)
    archive = shutil.make_archive(str(tmp_path / "toy"), "zip", folder)
    shutil.rmtree(folder)
    out = _run("add", archive, "--lines").splitlines()
    assert {json.loads(line)[0].split()[0] for line in out[:-1]} == {"copying", "verifying"}
    assert json.loads(out[-1])["folder"] == str(tmp_path / "data" / "models" / "GroundingGPT")


def test_a_conversion_can_add_what_it_made(tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    clip = str(GOLDEN / "clip_vision_tower")
    _run(
        "convert", str(GOLDEN / "checkpoint"), "--clip", clip, "--to", str(folder), "--name", "Toy", "--add", "--lines"
    )
    assert _named()["Toy"]["folder"] == str(folder)


def test_removing_with_files_deletes_those_of_the_manifest_alone(tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    _convert(folder)
    (folder / "notes").write_text("mine")
    _run("add", str(folder))
    _run("remove", "GroundingGPT", "--files")
    assert [path.name for path in folder.iterdir()] == ["notes"]


def test_a_damaged_model_is_not_added_and_one_damaged_later_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    _convert(folder)
    _run("add", str(folder))
    path = next(folder.glob("senses-*"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="damaged"):
        _run("verify", "GroundingGPT")
    with pytest.raises(ModelError, match="damaged"):
        _run("add", str(folder), "--name", "again")
    path.unlink()
    assert "missing" in str(_named()["GroundingGPT"]["problem"])


def test_a_name_is_given_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        _convert(tmp_path / name)
    _run("add", str(tmp_path / "one"))
    with pytest.raises(ModelError, match="another name"):
        _run("add", str(tmp_path / "two"))


def test_a_name_that_is_taken_is_told_before_anything_is_copied(tmp_path: Path) -> None:
    for name in ("one", "two"):
        _convert(tmp_path / name)
    _run("add", str(tmp_path / "one"), "--name", "Mine")
    packed = shutil.make_archive(str(tmp_path / "two"), "zip", tmp_path / "two")
    for arguments in ((str(tmp_path / "two"), "--copy"), (packed,)):
        with pytest.raises(ModelError, match="another name"):
            _run("add", *arguments, "--name", "Mine")
    assert not (tmp_path / "data" / "models").exists()


def test_a_name_that_is_taken_is_told_before_a_conversion(tmp_path: Path) -> None:
    own = json.loads(_run("list", "--json"))[0]["name"]
    with pytest.raises(ModelError, match="another name"):
        _run("convert", "no such", "--clip", "no such", "--to", str(tmp_path / "toy"), "--name", own, "--add")


@pytest.mark.parametrize("name", ["\x1b[2J", "two\nlines", " "])
def test_a_name_that_a_manifest_gives_is_one_that_a_model_may_have(tmp_path: Path, name: str) -> None:
    _convert(tmp_path / "toy")
    path = tmp_path / "toy" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"name": name}))
    with pytest.raises(ModelError, match="--name"):
        _run("add", str(tmp_path / "toy"))


def test_models_added_while_a_large_one_is_checked_stay_in_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("large", "small"):
        _convert(tmp_path / name)
    examine = library.examine

    def slow(folder: Path, hashed: Callable[[int], None]) -> Manifest:
        monkeypatch.setattr(library, "examine", examine)
        library.add(tmp_path / "small", "small")
        return examine(folder, hashed)

    monkeypatch.setattr(library, "examine", slow)
    library.add(tmp_path / "large", "large")
    assert {"large", "small"} <= _named().keys()


def test_the_model_of_the_program_is_known_by_its_name_and_keeps_it(tmp_path: Path) -> None:
    own = json.loads(_run("list", "--json"))[0]
    assert model_folder(own["name"]) == Path(own["folder"])
    assert json.loads(_run("verify", own["name"], "--json"))["folder"] == own["folder"]
    _convert(tmp_path / "toy")
    for arguments in (
        ("add", str(tmp_path / "toy"), "--name", own["name"]),
        ("remove", own["name"]),
        ("quantize", own["name"], "--precision", "Q8_0"),
    ):
        with pytest.raises(ModelError, match=f"{own['name']} .*belongs to the program"):
            _run(*arguments)
    assert list(_named()) == [own["name"]]


def test_the_files_of_the_program_stay_whatever_their_model_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _convert(tmp_path / "own")
    monkeypatch.setattr(library, "EMBEDDED", tmp_path / "own")
    _run("add", str(tmp_path / "own"), "--name", "mine")
    with pytest.raises(ModelError, match="belong to the program and stay"):
        _run("remove", "mine", "--files")
    assert library.find("mine") == tmp_path / "own"
    _run("verify", "mine")
    _run("remove", "mine")


def test_the_files_of_a_damaged_model_can_be_removed(tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    _convert(folder)
    _run("add", str(folder))
    next(folder.glob("senses-*")).unlink()
    (folder / "tokenizer.model").write_text("damaged")
    _run("remove", "GroundingGPT", "--files")
    assert not folder.exists()
    assert "GroundingGPT" not in _named()


def test_a_model_whose_manifest_tells_no_files_is_taken_off_the_list_alone(tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    _convert(folder)
    _run("add", str(folder))
    (folder / "manifest.json").write_text("{")
    with pytest.raises(ModelError, match="off the list alone"):
        _run("remove", "GroundingGPT", "--files")
    _run("remove", "GroundingGPT")
    assert "GroundingGPT" not in _named()


def test_a_list_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _convert(tmp_path / "toy")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GROUNDWORK_DATA", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="file cannot be written"):
        _run("add", str(tmp_path / "toy"))


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _convert(tmp_path / "toy")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(manifest, "entry", refuse)
    with pytest.raises(ModelError, match="cannot be read"):
        _run("verify", str(tmp_path / "toy"))


def test_a_damaged_list_is_told_and_not_overwritten() -> None:
    library.shelf_file().parent.mkdir(parents=True)
    library.shelf_file().write_text("{")
    with pytest.raises(ModelError, match="damaged"):
        _run("list")
    assert library.shelf_file().read_text() == "{"


@pytest.mark.parametrize("name", ["a" * 300, "a\0b"])
def test_a_name_that_is_no_path_either_is_told(name: str) -> None:
    with pytest.raises(ModelError, match="No model is called"):
        library.find(name)


def test_a_wrong_name_is_status_2_and_one_sentence() -> None:
    command = [sys.executable, "-m", "engine", "models", "verify", "nothing"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "nothing" in done.stderr
