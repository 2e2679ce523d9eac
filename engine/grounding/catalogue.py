"""Models that can be fetched: a table that ships with the application, and what of it lies on this machine.

Revisions are pinned: by the table, or by the first look at the hub, which is kept beside the files.
"""

import shutil
from pathlib import Path

import msgspec
from msgspec import Struct

import resources
from engine.domain.errors import ModelError
from engine.grounding import hub
from engine.grounding.architecture import LlamaSize
from engine.grounding.hub import Pinned
from engine.grounding.user_data import Told, check_room, data_folder


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """A repository of an offer; `hashes` are SHA-256 by file where they are known beforehand."""

    name: str
    repository: str
    revision: str = "main"
    hashes: dict[str, str] = {}


class Listing(Struct, frozen=True, forbid_unknown_fields=True):
    """An offer of the table; `senses` are the bytes of its encoders and adapters once it is converted."""

    key: str
    name: str
    parts: tuple[Part, ...]
    about: str = ""
    licence: str = ""
    size: int = 0
    senses: int = 0
    llama: LlamaSize | None = None


class Table(Struct, frozen=True):
    offers: tuple[Listing, ...]


class Stock(Struct, frozen=True):
    """What of an offer is here: `done` of `total` bytes, `total` 0 while the hub was never asked."""

    done: int = 0
    total: int = 0
    whole: bool = False
    commits: dict[str, str] = {}


def offers() -> tuple[Listing, ...]:
    return msgspec.json.decode(resources.path("catalogue.json").read_bytes(), type=Table).offers


def offer(key: str) -> Listing:
    """The offer of that key, or any repository of the hub as one, "owner/name" or "owner/name@revision"."""
    listed = next((one for one in offers() if one.key == key), None)
    if listed is not None:
        return listed
    repository, _, revision = key.partition("@")
    if repository.count("/") != 1 or not all(repository.split("/")):
        raise ModelError(
            f"Nothing called “{key[:80]}” can be fetched; “groundwork-engine models survey” lists what can."
        )
    return Listing(repository.replace("/", "--"), repository, parts=(Part("model", repository, revision or "main"),))


def folder_of(listing: Listing, part: str = "") -> Path:
    """Where an offer comes to lie, or a part of it."""
    return data_folder() / "downloads" / listing.key / part


def stock(listing: Listing) -> Stock:
    found = {part.name: hub.pinned_in(folder_of(listing, part.name)) for part in listing.parts}
    known = {name: pinned for name, pinned in found.items() if pinned is not None}
    done = sum(hub.here(folder_of(listing, name), pinned) for name, pinned in known.items())
    total = sum(row.size for pinned in known.values() for row in pinned.files)
    whole = len(known) == len(found) and all(hub.whole(folder_of(listing, name), one) for name, one in known.items())
    return Stock(done, total, whole, {name: pinned.commit for name, pinned in known.items()})


def fetch(listing: Listing, told: Told) -> dict[str, Path]:
    """Get all parts of an offer, or go on with them; their folders by name. Raises ModelError."""
    hub.online()
    told("asking the hub", 0, 0)
    pins = {part.name: _pin(listing, part) for part in listing.parts}
    total = sum(row.size for pinned in pins.values() for row in pinned.files)
    missing = total - sum(hub.here(folder_of(listing, name), pinned) for name, pinned in pins.items())
    check_room(folder_of(listing), missing)
    before = 0
    for name, pinned in pins.items():
        hub.fetch(pinned, folder_of(listing, name), _shifted(told, before, total))
        before += sum(row.size for row in pinned.files)
    return {name: folder_of(listing, name) for name in pins}


def discard(listing: Listing) -> None:
    """Delete what was fetched of an offer."""
    folder = folder_of(listing)
    if folder.exists():
        shutil.rmtree(folder)


def _pin(listing: Listing, part: Part) -> Pinned:
    """A fetch that was begun goes on with the commit it began with."""
    return hub.pinned_in(folder_of(listing, part.name)) or hub.look(part.repository, part.revision, part.hashes)


def _shifted(told: Told, before: int, total: int) -> Told:
    return lambda what, done, _total: told(what, before + done, total)
