"""What the installers name exists: icons, programs, licence, versions."""

import configparser
import plistlib
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from engine.domain.media import MediaKind

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SCRIPTS = [*sorted(PACKAGING.rglob("*.sh")), PACKAGING / "linux" / "AppRun"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_programs_that_parse(script: Path) -> None:
    assert script.name == "journey.sh" or script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", script], check=True)


def test_the_desktop_entry_starts_a_program_and_takes_every_kind_of_medium() -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(PACKAGING / "linux" / "groundwork.desktop")
    entry = parser["Desktop Entry"]
    assert entry["exec"].split()[0] in PROJECT["scripts"]
    assert (PACKAGING / "linux" / f"{entry['icon']}.svg").exists()
    kinds = {name.split("/")[0] for name in entry["mimetype"].split(";") if name}
    assert kinds == {"inode", *(kind.value for kind in MediaKind)}


def test_the_icon_is_a_drawing() -> None:
    assert ElementTree.parse(PACKAGING / "linux" / "groundwork.svg").getroot().tag.endswith("svg")


def test_the_windows_installer_names_what_the_bundle_holds() -> None:
    text = (PACKAGING / "windows" / "groundwork.iss").read_text()
    assert re.search(r'#define Version "(.+)"', text)[1] == PROJECT["version"]  # type: ignore[index]
    for named in re.findall(r"\{#Root\}\\([\w.\\]+)", text):
        top = named.split("\\")[0]
        assert top == "dist" or (ROOT / top).exists(), named
    assert set(re.findall(r"\{app\}\\(\w+)\.exe", text)) <= PROJECT["scripts"].keys()
    assert "[UninstallDelete]" not in text


def test_the_mac_recipe_names_the_app_that_the_spec_makes() -> None:
    script, spec = (PACKAGING / "macos" / "dmg.sh").read_text(), (PACKAGING / "groundwork.spec").read_text()
    app = re.search(r"app=dist/(.+\.app)", script)
    assert app
    assert f'name="{app[1]}"' in spec
    entitlements = re.search(r"--entitlements (\S+)", script)
    assert entitlements
    assert plistlib.loads((ROOT / entitlements[1]).read_bytes())


def test_a_debian_package_can_be_made_of_the_control_file(tmp_path: Path) -> None:
    if not shutil.which("dpkg-deb"):
        pytest.skip("needs dpkg-deb")
    control = (PACKAGING / "linux" / "control").read_text().replace("@VERSION@", PROJECT["version"])
    (tmp_path / "root/DEBIAN").mkdir(parents=True)
    (tmp_path / "root/DEBIAN/control").write_text(control.replace("@SIZE@", "1"))
    made = tmp_path / "groundwork.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--build", tmp_path / "root", made], check=True, capture_output=True
    )
    told = subprocess.run(["dpkg-deb", "--field", made, "Version"], check=True, capture_output=True, text=True).stdout
    assert told.strip() == PROJECT["version"]
