"""Models in one file: taken in whole, refused in a sentence, and never a file outside their folder."""

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import resources
from engine.domain.errors import ModelError
from engine.grounding import library
from engine.grounding.packed import unpacked

MODEL = resources.path("groundling")
Contents = dict[str, bytes]


@pytest.fixture(autouse=True)
def _own_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDWORK_DATA", str(tmp_path / "data"))


@pytest.fixture(scope="module")
def whole() -> Contents:
    return {path.name: path.read_bytes() for path in MODEL.iterdir() if path.is_file()}


def zipped(path: Path, contents: Contents) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return path


def taped(path: Path, contents: Contents, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def take(archive: Path, name: str = "") -> Path:
    return unpacked(archive, name, lambda *_: None)


@pytest.mark.parametrize("packed", [zipped, taped])
@pytest.mark.parametrize("folder", ["", "some/folder/"])
def test_a_packed_model_is_unpacked_and_can_be_added(
    packed: Callable[[Path, Contents], Path], folder: str, whole: Contents, tmp_path: Path
) -> None:
    told: list[str] = []
    archive = packed(tmp_path / "model.bin", {folder + name: data for name, data in whole.items()})
    there = unpacked(archive, "Mine", lambda what, _done, _total: told.append(what))
    assert there == tmp_path / "data" / "models" / "Mine"
    assert told[0].startswith("copying ")
    assert library.add(there, "Mine").problem == ""


def test_what_the_manifest_does_not_name_stays_in_the_archive(whole: Contents, tmp_path: Path) -> None:
    more = {"../../escaped": b"x", "/absolute": b"x", "run.py": b"x", "manifest.json/../../up": b"x"}
    there = take(zipped(tmp_path / "a.zip", whole | more), "Mine")
    assert {path.name for path in there.iterdir()} <= set(whole)
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "data"}
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["models"]


@pytest.mark.parametrize("name", ["..", "../../up", "/etc", "…"])
def test_the_name_that_a_model_gives_itself_leads_nowhere_else(name: str, whole: Contents, tmp_path: Path) -> None:
    manifest = json.dumps(json.loads(whole["manifest.json"]) | {"name": name}).encode()
    there = take(taped(tmp_path / "a.tar", whole | {"manifest.json": manifest}))
    assert there.parent == tmp_path / "data" / "models"
    assert not there.name.startswith(".")


def test_a_link_is_no_file_of_a_model(whole: Contents, tmp_path: Path) -> None:
    victim = next(name for name in whole if name.endswith(".model"))
    archive = taped(tmp_path / "a.tar", {name: data for name, data in whole.items() if name != victim})
    with tarfile.open(archive, "a") as tape:
        link = tarfile.TarInfo(victim)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tape.addfile(link)
    with pytest.raises(ModelError, match=f"{victim} is missing"):
        take(archive, "Mine")


@pytest.mark.parametrize("change", [lambda data: data[:-1] + b"?", lambda data: data + b"?", lambda data: data[:-1]])
def test_a_file_with_other_bytes_is_not_taken(
    change: Callable[[bytes], bytes], whole: Contents, tmp_path: Path
) -> None:
    victim = next(name for name in whole if name.endswith(".model"))
    with pytest.raises(ModelError, match=f"{victim} is not what the manifest tells"):
        take(zipped(tmp_path / "a.zip", whole | {victim: change(whole[victim])}), "Bad")
    assert not list((tmp_path / "data").rglob("*.part"))
    assert not (tmp_path / "data" / "models" / "Bad" / "manifest.json").exists()
    assert library.add(take(zipped(tmp_path / "b.zip", whole), "Bad"), "Bad").problem == ""


@pytest.mark.parametrize("change", [lambda data: data + b"?", lambda data: data[:-1] + b"?"])
def test_other_files_under_the_names_of_a_model_are_not_taken_for_it(
    change: Callable[[bytes], bytes], whole: Contents, tmp_path: Path
) -> None:
    lying = tmp_path / "data" / "models" / "Stale"
    lying.mkdir(parents=True)
    for name in ("tokenizer.model", "senses.safetensors"):
        (lying / name).write_bytes(change(whole[name]))
    assert library.add(take(taped(tmp_path / "a.tar", whole), "Stale"), "Stale").problem == ""


def test_files_that_are_there_are_not_copied_again(whole: Contents, tmp_path: Path) -> None:
    lying = tmp_path / "data" / "models" / "Mine"
    lying.mkdir(parents=True)
    (lying / "senses.safetensors").write_bytes(whole["senses.safetensors"])
    less = {name: data for name, data in whole.items() if name != "senses.safetensors"}
    assert library.add(take(taped(tmp_path / "a.tar", less), "Mine"), "Mine").problem == ""


def test_another_model_is_not_overwritten(whole: Contents, tmp_path: Path) -> None:
    take(zipped(tmp_path / "a.zip", whole), "Mine")
    other = json.dumps(json.loads(whole["manifest.json"]) | {"source": "elsewhere"}).encode()
    with pytest.raises(ModelError, match="another name"):
        take(zipped(tmp_path / "b.zip", whole | {"manifest.json": other}), "Mine")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("name", ["manifest.json", "tokenizer.model"])
def test_bytes_that_do_not_unpack_are_told_and_leave_nothing(
    method: int, name: str, whole: Contents, tmp_path: Path
) -> None:
    names = ("manifest.json", "tokenizer.model")
    row = {"size": len(whole[names[1]]), "sha256": hashlib.sha256(whole[names[1]]).hexdigest()}
    manifest = json.loads(whole[names[0]]) | {"senses": [], "languages": [], "files": {names[1]: row}}
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr(names[0], json.dumps(manifest))
        archive.writestr(names[1], whole[names[1]])
        place = archive.getinfo(name)
    data = bytearray((tmp_path / "a.zip").read_bytes())
    begin = place.header_offset + 30 + len(name)
    data[begin + 20 : begin + 60] = bytes(40)
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ModelError, match=r"damaged|Invalid data") as caught:
        take(tmp_path / "a.zip", "Bad")
    assert "written" not in str(caught.value)
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


def test_what_is_no_archive_of_a_model_is_said_so(whole: Contents, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("not packed at all")
    cut = zipped(tmp_path / "cut.zip", whole)
    cut.write_bytes(cut.read_bytes()[: 1 << 20])
    wrong = zipped(tmp_path / "empty.zip", {"notes.txt": b"x"})
    evil = zipped(tmp_path / "evil.zip", {"manifest.json": b'{"files": 1}'})
    nameless = zipped(tmp_path / "nameless.zip", {"~": b"x"})
    nameless.write_bytes(nameless.read_bytes().replace(b"~", b"\0"))
    damaged = {
        nameless: "damaged",
        tmp_path / "text.zip": "damaged",
        cut: "damaged",
        wrong: "no manifest.json",
        evil: "refused",
        taped(tmp_path / "a.tar.gz", whole, "w:gz"): "without a password",
        tmp_path / "absent.zip": "cannot be read",
    }
    for archive, sentence in damaged.items():
        with pytest.raises(ModelError, match=sentence):
            take(archive)
