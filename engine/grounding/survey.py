"""Everything that the page of models shows, in one look at this machine."""

import shutil
from pathlib import Path

from engine.domain.models import Kept, Offer, Survey
from engine.grounding import catalogue, library
from engine.grounding.catalogue import Listing
from engine.grounding.fitting import Machine, model_fits, size_fits, this_machine
from engine.grounding.library import Known
from engine.grounding.manifest import read_manifest
from engine.grounding.user_data import data_folder


def survey(machine: Machine | None = None) -> Survey:
    """Models on this machine, those that can be fetched, and how each would run here."""
    measured = machine or this_machine()
    kept = tuple(_kept(known, measured) for known in library.listed())
    offers = tuple(_offer(listing, measured) for listing in catalogue.offers())
    place = next(path for path in (data_folder(), *data_folder().parents) if path.exists())
    free = shutil.disk_usage(place).free
    return Survey(kept, offers, measured.memory, measured.card_memory, measured.bandwidth, free)


def _kept(known: Known, machine: Machine) -> Kept:
    folder = Path(known.folder)
    embedded = library.is_embedded(folder)
    if known.problem:
        return Kept(known.name, known.folder, embedded=embedded, problem=known.problem)
    manifest = read_manifest(folder)
    fits = model_fits(manifest, folder, machine)
    return Kept(
        known.name, known.folder, known.size, known.licence, manifest.source, manifest.world, embedded, fits=fits
    )


def _offer(listing: Listing, machine: Machine) -> Offer:
    found = catalogue.stock(listing)
    origin = tuple(f"{part.repository} @ {found.commits.get(part.name, part.revision)[:12]}" for part in listing.parts)
    folders = {part.name: str(catalogue.folder_of(listing, part.name)) for part in listing.parts}
    fits = size_fits(listing.llama, listing.senses, machine) if listing.llama else ()
    told = (listing.key, listing.name, listing.about, listing.licence, listing.size)
    target = str(data_folder() / "models" / listing.key)
    return Offer(*told, origin, folders, target, found.done, found.total, found.whole, fits)
