"""A model folder written and read again."""

from pathlib import Path

import msgspec
import pytest
import torch

from engine.domain.errors import ModelError
from engine.grounding.architecture import Architecture
from engine.grounding.checkpoint import load_model, load_senses
from engine.grounding.manifest import Manifest, read_manifest, verify
from engine.grounding.model_folder import save_model
from engine.grounding.network import GroundingModel
from engine.grounding.prompt import PromptStyle
from engine.media.sampling import Hearing, Seeing, Watching


def _manifest(small: Architecture) -> Manifest:
    return Manifest(
        name="Small",
        architecture=small,
        seeing=Seeing(resize=30, crop=30),
        watching=Watching(side=24, limit=7),
        hearing=Hearing(windows=6, placement="whole", bins=32, frames=50),
        prompt=PromptStyle(),
        senses=(),
        languages=(),
        files={},
    )


@pytest.fixture
def folder(tmp_path: Path, network: GroundingModel, small: Architecture) -> Path:
    save_model(tmp_path / "small", network, _manifest(small), b"pieces", "fp32")
    return tmp_path / "small"


def test_a_model_comes_back_bit_by_bit(folder: Path, network: GroundingModel) -> None:
    again = load_model(folder)
    assert {name for name, _ in again.named_parameters()} == {name for name, _ in network.named_parameters()}
    ids = torch.arange(12)[None]
    with torch.no_grad():
        assert torch.equal(again(ids).logits, network(ids).logits)
        sound = torch.randn(1, 2, 1, 32, 50)
        assert torch.equal(again.encode_sound(sound), network.encode_sound(sound))
        picture = torch.randn(1, 3, 30, 30)
        assert torch.equal(load_senses(folder).encode_image(picture), network.encode_image(picture))


def test_the_manifest_says_what_was_given(folder: Path, small: Architecture) -> None:
    manifest = read_manifest(folder)
    assert manifest.architecture == small
    assert manifest.hearing.placement == "whole"
    verify(folder, manifest)


def test_a_flipped_bit_is_found(folder: Path) -> None:
    path = folder / "senses.safetensors"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"senses\.safetensors of small is damaged"):
        verify(folder, read_manifest(folder))


def test_another_precision_than_stored_is_asked_for_in_words(folder: Path) -> None:
    with pytest.raises(ModelError, match="no language model at nf4"):
        load_model(folder, precision="nf4")


def test_a_network_of_other_sizes_is_refused(folder: Path) -> None:
    manifest = read_manifest(folder)
    wider = msgspec.structs.replace(
        manifest.architecture, llama=msgspec.structs.replace(manifest.architecture.llama, hidden_size=96)
    )
    (folder / "manifest.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, architecture=wider)))
    with pytest.raises(ModelError, match="has the shape"):
        load_model(folder)
