"""The adapter holds what was trained, the low-rank correction at its strength."""

from pathlib import Path

import msgspec
import torch

from engine.domain.training import AdapterRecord
from engine.grounding.lora import read_lora
from engine.training.adapter import write_adapter
from engine.training.plans import PLANS
from engine.training.preparation import prepared
from tests.engine.training import tiny

RECORD = AdapterRecord("one", "first", "one", "", "", "smoke", "", "2026-01-01T00:00:00+00:00")


def test_the_adapter_keeps_as_much_of_what_was_learned_as_is_planned(tmp_path: Path) -> None:
    whole = PLANS["smoke"]
    model = prepared(tiny.model_folder(tmp_path / "model"), whole, tiny.CPU, None)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_()
    for plan in (whole, msgspec.structs.replace(whole, strength=0.25)):
        write_adapter(tmp_path / str(plan.strength), model, plan, RECORD)
    strong, weak = (read_lora(tmp_path / name) for name in ("1.0", "0.25"))
    assert strong.pairs
    for place, (a, b) in strong.pairs.items():
        assert torch.allclose(0.25 * b @ a, weak.pairs[place][1] @ weak.pairs[place][0])
    assert strong.scaling == weak.scaling
