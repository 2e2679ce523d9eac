"""Every file of a bundle has an owner with a licence, and the bill of materials names each file once."""

import json
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest

from widgets.dialogs.notices import Notice

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "packaging"))
inventory = pytest.importorskip("inventory")
sys.path.remove(str(ROOT / "packaging"))
SITE = Path(str(find_spec("numpy").origin)).parents[1]  # type: ignore[union-attr]


def _bundle(folder: Path) -> tuple[Path, dict[str, str]]:
    codec = next((SITE / "av.libs").glob("libavcodec*"))
    sources = {
        "numpy/__init__.py": str(SITE / "numpy/__init__.py"),
        f"av.libs/{codec.name}": str(codec),
        "opencv_python_headless.libs/libopenblasp.so": str(ROOT / "packaging"),
        "lib-dynload/os.py": os.__file__,
        "resources/themes/light.qss": str(ROOT / "resources/__init__.py"),
    }
    for name in sources:
        (folder / "_internal" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "_internal" / name).write_text(name)
    (folder / "_internal/resources/licences").mkdir()
    (folder / "groundwork").touch()
    (folder / "groundwork-engine").touch()
    return folder, sources


def test_every_file_is_named_once_with_its_owner_and_licence(tmp_path: Path) -> None:
    bundle, sources = _bundle(tmp_path)
    inventory.take(bundle, sources, [str(SITE / "msgspec/__init__.py")])
    bill = json.loads((bundle / "sbom.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    places = {
        row["location"]: part for part in bill["components"] for row in part["evidence"]["occurrences"]
    }  # fmt: skip
    files = {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}
    assert places.keys() == files - {"sbom.cdx.json"}
    named = {place.split("/")[-1].split("-")[0]: part["name"] for place, part in places.items()}
    assert named["libavcodec"] == "FFmpeg"
    assert named["libopenblasp.so"] == named["groundwork"] == "groundwork"
    assert named["__init__.py"] == "numpy"
    assert named["os.py"] == "Python"
    assert all(part["licenses"][0]["license"]["name"] for part in bill["components"])


def test_the_notices_hold_the_words_of_every_licence(tmp_path: Path) -> None:
    bundle, sources = _bundle(tmp_path)
    inventory.take(bundle, sources, [str(SITE / "msgspec/__init__.py")])
    listed = (bundle / "_internal/resources/licences/notices.json").read_bytes()
    notices = {notice.name: notice for notice in msgspec.json.decode(listed, type=list[Notice])}
    assert {"groundwork", "FFmpeg", "numpy", "msgspec", "Python", "PyInstaller bootloader"} <= notices.keys()
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in notices["FFmpeg"].text
    assert all(notice.text for notice in notices.values())


def test_equal_bundles_have_equal_bills(tmp_path: Path) -> None:
    for name in ("one", "two"):
        bundle, sources = _bundle(tmp_path / name)
        inventory.take(bundle, sources, [])
    inventory.take(bundle, sources, [])
    assert (tmp_path / "one/sbom.cdx.json").read_bytes() == (tmp_path / "two/sbom.cdx.json").read_bytes()


def test_a_file_without_an_owner_stops_the_build(tmp_path: Path) -> None:
    bundle, sources = _bundle(tmp_path)
    shutil.copy(bundle / "groundwork", bundle / "_internal/stray.so")
    with pytest.raises(SystemExit, match=r"natives\.json"):
        inventory.take(bundle, sources | {"stray.so": str(tmp_path / "stray.so")}, [])
