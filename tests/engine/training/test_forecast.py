"""What a run will take is known before it starts, and grows with what costs memory."""

import msgspec
import pytest
import torch

from engine.grounding.architecture import LlamaSize
from engine.training.forecast import forecast, too_large
from engine.training.plans import PLANS
from tests.engine.training import tiny


@pytest.mark.parametrize(
    "changed", [{"room": 8192}, {"precision": "bf16", "checkpointing": False, "room": 16384}, {"questions": 2}]
)
def test_more_tokens_at_once_take_more(changed: dict[str, object]) -> None:
    plan = PLANS["cpu"]
    more = forecast(tiny.architecture(), msgspec.structs.replace(plan, **changed)).passing
    assert (more > forecast(tiny.architecture(), plan).passing) == ("room" in changed)


def test_four_bits_take_less_than_sixteen() -> None:
    plans = [msgspec.structs.replace(PLANS["24gb"], precision=precision) for precision in ("nf4", "bf16", "fp32")]
    frozen = [forecast(tiny.architecture(), plan).frozen for plan in plans]
    assert frozen == sorted(frozen)
    assert frozen[0] < frozen[2] / 2


@pytest.mark.parametrize(("name", "card"), [("8gb", 8e9), ("12gb", 11e9), ("24gb", 20e9), ("80gb", 70e9)])
def test_the_published_model_fits_the_card_that_a_plan_is_named_after(name: str, card: float) -> None:
    size = tiny.architecture()
    llama = LlamaSize(
        vocab_size=32009,
        hidden_size=4096,
        intermediate_size=11008,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=32,
    )
    clip = msgspec.structs.replace(size.clip, hidden_size=1024, num_hidden_layers=24, intermediate_size=4096)
    eva = msgspec.structs.replace(size.eva, hidden_size=1408, num_hidden_layers=39, intermediate_size=6144)
    qformer = msgspec.structs.replace(size.qformer, hidden_size=768, num_hidden_layers=12, intermediate_size=3072)
    ear = msgspec.structs.replace(size.ear, hidden_size=768, num_blocks=12, out_size=1024, intermediate_size=3072)
    large = msgspec.structs.replace(size, llama=llama, clip=clip, eva=eva, qformer=qformer, ear=ear)
    assert 4e9 < forecast(large, PLANS[name]).total < card


def test_of_layers_that_are_shared_out_each_process_takes_its_part_and_the_few_at_work() -> None:
    size = tiny.architecture()
    deep = msgspec.structs.replace(size, llama=msgspec.structs.replace(size.llama, num_hidden_layers=30))
    alone, shared = (forecast(deep, PLANS["80gb"], processes) for processes in (1, 4))
    layers = 30 * 2 * (4 * 32 * 32 + 3 * 32 * 64)
    assert alone.frozen - shared.frozen == pytest.approx(layers * (1 - 1 / 4 - 3 / 30))
    assert (shared.learning, shared.passing) == (alone.learning, alone.passing)
    assert shared.sentence.endswith("in each of 4 processes.")


def test_a_run_that_cannot_fit_is_told_so_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    told = forecast(tiny.architecture(), PLANS["cpu"])
    assert too_large(told, torch.device("cpu")) == ""
    monkeypatch.setattr("engine.training.forecast.there_is", lambda device: 10)
    assert "choose a smaller plan" in too_large(told, torch.device("cpu"))
