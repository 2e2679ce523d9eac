"""What is inside a bundle and whose it is: the list of notices the window shows, and a CycloneDX bill of materials.

Every file of the bundle belongs to one part: a native library named in `natives.json`, a Python distribution by its
RECORD, a package of the system, Python itself, or Groundwork. A file that belongs to none stops the build.
"""

import hashlib
import json
import re
import subprocess
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

import msgspec

from app.notices import carried, in_order, notice_of
from widgets.dialogs.notices import Notice

_HERE = Path(__file__).parent
_TABLE = json.loads((_HERE / "natives.json").read_text(encoding="utf-8"))
_NATIVES = [(re.compile(pattern), name, licence) for pattern, name, licence in _TABLE]
_SENTENCE = {
    "BSD": "Under a BSD licence; its words and copyright lines are in the source of the version named.",
    "": "Its words are in the source of the version named.",
}
_WORDS = {
    "LGPL-3.0": ("LGPL-3.0.txt", "GPL-3.0.txt"), "LGPL-2": ("LGPL-2.1.txt",), "GPL-3.0": ("GPL-3.0.txt",),
    "Apache": ("../../LICENSE",),
}  # fmt: skip
_BOOTLOADER = Notice(
    "PyInstaller bootloader", "", "GPL-2.0-or-later WITH Bootloader-exception",
    "The programs start with PyInstaller's bootloader, whose exception lets it be part of programs under any licence.",
)  # fmt: skip

Sources = Mapping[str, str]
"""Which file of the building machine each file of the bundle (relative to `_internal`) came from."""


def take(bundle: Path, sources: Sources, modules: Iterable[str]) -> None:
    """Write the notices and `sbom.cdx.json` into `bundle`. `modules` are the sources of what lies in the archives."""
    listed = bundle / "_internal/resources/licences/notices.json"
    for earlier in (listed, bundle / "sbom.cdx.json", bundle / "SHA256SUMS"):
        earlier.unlink(missing_ok=True)
    owners: dict[Notice, list[str]] = defaultdict(list)
    for path in sorted(path for path in bundle.rglob("*") if path.is_file() and not path.is_symlink()):
        name = path.relative_to(bundle).as_posix()
        owners[_owner(name, sources)].append(name)
    for source in modules:
        owners[_part_of(Path(source))] = owners.get(_part_of(Path(source)), [])
    owners[_BOOTLOADER] = []
    parts = in_order([*owners, *carried()])
    listed.write_bytes(msgspec.json.format(msgspec.json.encode(parts), indent=1))
    own = next(part for part in owners if part.name == "groundwork")
    owners[own].append(listed.relative_to(bundle).as_posix())
    (bundle / "sbom.cdx.json").write_text(json.dumps(_bill(bundle, owners), indent=1, sort_keys=True) + "\n")


def _owner(name: str, sources: Sources) -> Notice:
    inside = name.removeprefix("_internal/")
    if inside == name:
        return _part_of(_HERE)
    if inside == "base_library.zip":
        return _python()
    return _native(Path(name).name, sources.get(inside, "")) or _part_of(Path(sources.get(inside, name)))


def _native(file: str, source: str) -> Notice | None:
    if "site-packages" not in source and "llama" not in source:
        return None
    for pattern, name, licence in _NATIVES:
        if pattern.match(file):
            version = re.search(r"\.so\.(\d[\d.]*)$", file)
            within = _distribution(Path(source))
            words = f"Part of the wheel of {within.name}, whose notice holds the words it came with." if within else ""
            return Notice(name, version[1] if version else "", licence, _words(licence, words))
    return None


@cache
def _part_of(source: Path) -> Notice:
    if found := _distribution(source):
        said = notice_of(found)
        return Notice(said.name, said.version, said.licence, said.text or _words(said.licence, ""))
    if source.is_relative_to(_HERE.parent) and "site-packages" not in source.parts:
        return notice_of(next(part for part in distributions() if part.name == "groundwork"))
    if packaged := _of_the_system(source):
        return packaged
    home = Path(sys.base_prefix)
    if not source.is_relative_to(home) and not source.resolve().is_relative_to(home.resolve()):
        raise SystemExit(f"Nobody is known to own “{source}”: name it in packaging/natives.json.")
    return _python()


def _python() -> Notice:
    words = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
    version = ".".join(map(str, sys.version_info[:3]))
    return Notice("Python", version, "PSF-2.0", words.read_text() if words.exists() else _words("PSF-2.0", ""))


def _of_the_system(source: Path) -> Notice | None:
    for path in (source, source.resolve(), Path("/usr") / str(source.resolve()).lstrip("/")):
        if package := _packaged().get(str(path)):
            words = Path(f"/usr/share/doc/{package}/copyright")
            text = words.read_text(errors="replace") if words.exists() else ""
            return Notice(package, _versions()[package], "see the text", text)
    return None


@cache
def _packaged() -> dict[str, str]:
    """Every file that Debian's package manager knows, and its package."""
    lists = Path("/var/lib/dpkg/info").glob("*.list")
    return {line: path.stem.split(":")[0] for path in lists for line in path.read_text().splitlines()}


@cache
def _versions() -> dict[str, str]:
    rows = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\\n"], capture_output=True, text=True, check=True
    ).stdout
    return dict(row.split(" ", 1) for row in rows.splitlines())


@cache
def _distribution(source: Path) -> Distribution | None:
    return _recorded().get(str(source))


@cache
def _recorded() -> dict[str, Distribution]:
    """Every file that an installed distribution records, by its path."""
    found = {}
    for part in distributions():
        rows = (part.read_text("RECORD") or "").splitlines()
        found |= {str(part.locate_file(row.rsplit(",", 2)[0].strip('"'))): part for row in rows}
        folder = str(part.locate_file(""))
        found |= {f"{folder}/{row}": part for row in (part.read_text("top_level.txt") or "").split()}
    return found


def _words(licence: str, words: str) -> str:
    """The words at hand for a licence: the wheel's own, or the shared text of its family."""
    files = next((files for family, files in _WORDS.items() if licence.startswith(family)), ())
    shared = [(_HERE / "licences" / file).read_text(encoding="utf-8") for file in files]
    return "\n\n".join(filter(None, [words, *shared])) or _SENTENCE["BSD" if licence.startswith("BSD") else ""]


def _bill(bundle: Path, owners: Mapping[Notice, list[str]]) -> dict[str, object]:
    """CycloneDX 1.6 without time or serial number, so that equal bundles have equal bills."""
    own, *others = in_order(owners)
    root = {"type": "application", "bom-ref": "groundwork", "name": "groundwork", "version": own.version}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root | _facts(own)},
        "components": [_component(bundle, part, owners[part]) for part in (own, *others)],
    }


def _component(bundle: Path, part: Notice, files: list[str]) -> dict[str, object]:
    row: dict[str, object] = {"type": "library", "bom-ref": f"{part.name}@{part.version}", "name": part.name}
    row |= {"version": part.version} if part.version else {}
    if len(files) == 1:
        digest = hashlib.sha256((bundle / files[0]).read_bytes()).hexdigest()
        row["hashes"] = [{"alg": "SHA-256", "content": digest}]
    return row | _facts(part) | {"evidence": {"occurrences": [{"location": name} for name in files]}}


def _facts(part: Notice) -> dict[str, object]:
    return {"licenses": [{"license": {"name": part.licence}}]}
