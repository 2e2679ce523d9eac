"""Whose work Groundwork contains: a bundle carries its own list; from source it is what is installed."""

import re
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import msgspec

import resources
from widgets.dialogs.notices import Notice

_LIST = "licences/notices.json"
_LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice)[^/]*$|/licenses/(?!.*\.pyc?$|authors)", re.IGNORECASE)
_OWN = "groundwork"
_APPROVED = "License :: OSI Approved :: "


def notices() -> list[Notice]:
    """By name, Groundwork itself first."""
    listed = resources.path(_LIST)
    if listed.exists():
        return msgspec.json.decode(listed.read_bytes(), type=list[Notice])
    return in_order([*map(notice_of, installed()), *carried()])


def in_order(found: Iterable[Notice]) -> list[Notice]:
    return sorted(found, key=lambda notice: (notice.name.casefold() != _OWN, notice.name.casefold()))


def installed() -> list[Distribution]:
    """The distribution of Groundwork and all that it requires, as far as they are installed here."""
    found: dict[str, Distribution] = {}
    waiting = [_OWN, "llama-cpp-python"]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue
        wanted = (text for text in found[name].requires or () if "extra ==" not in text)
        waiting += [match[0] for text in wanted if (match := re.match(r"[\w.-]+", text))]
    return list(found.values())


def notice_of(part: Distribution) -> Notice:
    """What a distribution says of itself, and the licence files it carries."""
    said = part.metadata.json
    classified = ", ".join(row.rsplit(" :: ", 1)[1] for row in said.get("classifier", ()) if _APPROVED in row)
    licence = str(said.get("license_expression") or classified or said.get("license") or "see the text")
    # Torch records twelve thousand files: only the few lines that matter are parsed.
    rows = (row.split(",")[0] for row in (part.read_text("RECORD") or "").splitlines() if ".dist-info/" in row)
    texts = [Path(str(part.locate_file(name))) for name in rows if _LICENCE_FILE.search(name)]
    words = "\n\n".join(_read(path) for path in texts if path.is_file())
    return Notice(part.name, part.version, licence.split("\n", maxsplit=1)[0][:120], words)


def carried() -> list[Notice]:
    """Licences of what is part of the resources: sounds and pictures."""
    return [
        Notice(path.stem, "", text.split("\n", 1)[0], text)
        for path in sorted(resources.path("licences").glob("*.txt"))
        for text in [_read(path)]
    ]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip()
