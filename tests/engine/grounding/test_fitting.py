"""What fits this machine, and how fast it would be: arithmetic over sizes."""

from pathlib import Path

import pytest

import resources
from engine.domain.errors import ModelError
from engine.grounding import catalogue, library
from engine.grounding.fitting import Machine, elements, model_fits, size_fits, weight_bytes
from engine.grounding.manifest import read_manifest
from engine.grounding.survey import survey

GB = 1_000_000_000
DESK = Machine(memory=12 * GB, bandwidth=40e9)


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDWORK_DATA", str(tmp_path / "data"))


def test_the_published_model_has_its_known_sizes() -> None:
    listing = catalogue.offer("groundinggpt-7b")
    assert listing.llama is not None
    assert elements(listing.llama) == pytest.approx(6.74e9, rel=0.01)
    assert weight_bytes(listing.llama, "Q8_0") == pytest.approx(7.2e9, rel=0.02)


def test_on_twelve_gigabytes_only_few_bits_fit_and_fewer_bits_are_faster() -> None:
    listing = catalogue.offer("groundinggpt-7b")
    assert listing.llama is not None
    fits = {fit.precision: fit for fit in size_fits(listing.llama, listing.senses, DESK)}
    assert [name for name, fit in fits.items() if fit.fits] == ["Q4_K_M", "Q8_0"]
    assert fits["Q4_K_M"].speed == pytest.approx(0.49 * 40e9 / weight_bytes(listing.llama, "Q4_K_M"), abs=0.06)
    assert fits["Q4_K_M"].speed > fits["Q8_0"].speed > fits["F16"].speed
    assert not any(fit.made for fit in fits.values())


def test_a_card_is_offered_first_and_judged_by_its_own_memory() -> None:
    listing = catalogue.offer("groundinggpt-7b")
    assert listing.llama is not None
    machine = Machine(12 * GB, 40e9, card_memory=10 * GB, card_bandwidth=1e12)
    fits = size_fits(listing.llama, listing.senses, machine)
    assert [(fit.precision, fit.fits) for fit in fits if fit.device == "cuda"] == [
        ("nf4", True),
        ("int8", False),
        ("bf16", False),
    ]
    assert fits[0].device == "cuda"


def test_the_embedded_model_fits_and_its_speed_is_not_told() -> None:
    folder = resources.path("groundling")
    fits = model_fits(read_manifest(folder), folder, DESK)
    assert all(fit.fits and fit.made and not fit.speed for fit in fits)
    assert {fit.precision for fit in fits} >= {"F16", "fp32"}


def test_without_llama_cpp_no_gguf_is_offered() -> None:
    folder = resources.path("groundling")
    fits = model_fits(read_manifest(folder), folder, Machine(12 * GB, 40e9, llama_cpp=False))
    assert {fit.backbone for fit in fits} == {"torch"}


def test_the_survey_lists_the_embedded_model_and_what_can_be_fetched() -> None:
    found = survey(DESK)
    assert [kept.embedded for kept in found.kept] == [True]
    assert "drawn world" in found.kept[0].world
    assert found.offers[0].key == "groundinggpt-7b"
    assert "ImageBind" in found.offers[0].licence
    assert not found.offers[0].done
    assert set(found.offers[0].folders) == {"checkpoint", "clip"}


def test_a_model_is_copied_before_it_is_added(tmp_path: Path) -> None:
    told: list[str] = []
    there = library.copied(resources.path("groundling"), "My copy", lambda what, _done, _total: told.append(what))
    assert there == tmp_path / "data" / "models" / "My-copy"
    assert library.add(there, "My copy").problem == ""
    assert told[0].startswith("copying ")
    assert {path.name for path in there.iterdir()} == {*read_manifest(there).files, "manifest.json"}


def test_a_name_that_is_no_repository_is_refused() -> None:
    for name in ("nothing", "a/b/c", "/x", "x/"):
        with pytest.raises(ModelError, match="can be fetched"):
            catalogue.offer(name)
    assert catalogue.offer("own/model@abc").parts[0].revision == "abc"
