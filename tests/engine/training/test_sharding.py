"""When the base is shared out among processes, and when that is refused."""

import msgspec
import pytest
import torch

from engine.domain.errors import TrainingFailed
from engine.domain.training import TrainingPlan
from engine.training.crew import Crew
from engine.training.forecast import Forecast
from engine.training.plans import PLANS
from engine.training.sharding import shares
from engine.training.stages import PUBLISHED

PLAN = PLANS["80gb"]
FOUR_BITS = PLANS["24gb"]
WHOLLY_TRAINED = msgspec.structs.replace(PLAN, stages=PUBLISHED)
TOLD = Forecast(16_000, 1_000, 1_000, 0)


class _Two(Crew):
    size = 2


@pytest.mark.parametrize(
    ("plan", "device", "there", "processes"),
    [(PLAN, "cuda", 17_000, 2), (PLAN, "cuda", 19_000, 1), (PLAN, "cpu", 17_000, 1), (FOUR_BITS, "cuda", 17_000, 1)],
    ids=["too small", "large enough", "no card", "in four bits"],
)
def test_a_base_is_shared_out_by_itself_only_where_cards_are_too_small_for_it(
    plan: TrainingPlan, device: str, there: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.training.forecast.there_is", lambda device: there)
    assert shares(plan, TOLD, torch.device(device), _Two(), asked=False) == processes
    assert shares(plan, TOLD, torch.device(device), Crew(), asked=False) == 1


def test_a_base_that_fits_is_shared_out_where_that_is_asked_for() -> None:
    assert shares(PLAN, TOLD, torch.device("cpu"), _Two(), asked=True) == 2


@pytest.mark.parametrize(
    ("plan", "crew", "guided", "sentence"),
    [
        (PLAN, Crew(), False, "--processes"),
        (FOUR_BITS, _Two(), False, "bf16"),
        (WHOLLY_TRAINED, _Two(), False, "only frozen ones"),
        (PLAN, _Two(), True, "where to look"),
    ],
    ids=["alone", "in four bits", "wholly trained", "guided"],
)
def test_what_cannot_be_shared_out_is_refused_where_it_is_asked_for(
    plan: TrainingPlan, crew: Crew, guided: bool, sentence: str
) -> None:
    with pytest.raises(TrainingFailed, match=sentence):
        shares(plan, TOLD, torch.device("cpu"), crew, asked=True, guided=guided)
