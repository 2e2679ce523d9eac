"""Encoders that do not learn are where the language model is only while they are needed."""

from collections.abc import Container
from pathlib import Path

import pytest
import torch

from engine.domain.media import MediaKind
from engine.grounding.manifest import read_manifest
from engine.grounding.network import GroundingModel
from engine.training import preparation
from engine.training.plans import PLANS
from engine.training.preparation import Senses, prepared
from engine.training.stages import RETRAINING, resting
from tests.engine.training import tiny
from tests.fixtures import tiny_model


def test_encoders_are_brought_one_kind_at_a_time_and_put_aside_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny.model_folder(tmp_path / "model")
    model, aside = prepared(folder, PLANS["smoke"], tiny.CPU, None), resting(RETRAINING)
    here: set[str] = set()
    most = 0

    def watched(_model: GroundingModel, device: torch.device, groups: Container[str]) -> None:
        nonlocal most
        moved = {group for group in aside if group in groups}
        here.difference_update(moved) if device is preparation._ASIDE else here.update(moved)
        most = max(most, len(here))

    monkeypatch.setattr(preparation, "move", watched)
    see = Senses(model, read_manifest(folder), aside)
    media = tiny_model.write_media(tmp_path)
    see(MediaKind.IMAGE, str(media["image"]))
    assert here == {"clip"}
    see(MediaKind.AUDIO, str(media["audio"]))
    assert here == {"imagebind"}
    see.rest()
    assert here == set()
    see(MediaKind.IMAGE, str(media["image"]))
    assert here == set()
    assert most == 1
