"""Built-in plans, one per size of machine, and which of them fits this one."""

from pathlib import Path

import msgspec
import torch

from engine.domain.errors import TrainingFailed
from engine.domain.training import Lora, Stage, TrainingPlan
from engine.training.memory import there_is
from engine.training.stages import RETRAINING, short

_GB = 1_000_000_000


def _small(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Few corrections are seen several times, in small batches: hundreds of records, not hundreds of thousands."""
    epochs = {"alignment": 2.0, "fine-grained": 6.0, "instruction": 1.0}
    return tuple(msgspec.structs.replace(stage, epochs=epochs[stage.name], batch=16) for stage in stages)


def _brisk(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """A small model and about a thousand steps: faster, after a longer warm-up, and told more strictly where to look.

    The adapters follow at a quarter of the rate. Measured with the embedded model and 50 corrected pictures of new
    kinds: at twice the rate what it knew before was lost three times as fast.
    """
    return tuple(
        msgspec.structs.replace(
            stage,
            rate=7e-4 if stage.name == "fine-grained" else 2e-4,
            warm_up=0.1,
            epochs=min(4.0, stage.epochs),
            scales=dict.fromkeys(stage.scales, 0.25),
            guidance=2 * stage.guidance,
        )
        for stage in stages
    )


_STAGES = _small(RETRAINING)
PLANS: dict[str, TrainingPlan] = {
    plan.name: plan
    for plan in (
        TrainingPlan("smoke", short(RETRAINING, 4), Lora(4, 8), room=1024, held_out=0.1, save_seconds=0.0),
        # What ships with the app is rehearsed three times as much as what is new, and so is less forgotten.
        TrainingPlan(
            "cpu",
            _brisk(_STAGES),
            Lora(32, 64, 0.0),
            strength=0.8,
            room=4096,
            longest=1024,
            wordings=8,
            replay=0.75,
        ),
        TrainingPlan(
            "8gb",
            _STAGES,
            Lora(16, 32),
            precision="nf4",
            device="cuda",
            optimizer="paged_adamw8bit",
            room=1024,
            longest=1024,
            questions=4,
            checkpointing=True,
        ),
        TrainingPlan(
            "12gb",
            _STAGES,
            Lora(32, 64),
            precision="nf4",
            device="cuda",
            optimizer="paged_adamw8bit",
            room=2048,
            checkpointing=True,
        ),
        TrainingPlan("24gb", _STAGES, Lora(64, 128), precision="nf4", device="cuda", room=8192, checkpointing=True),
        TrainingPlan(
            "80gb",
            _STAGES,
            Lora(64, 128),
            precision="bf16",
            device="cuda",
            room=16384,
            checkpointing=True,
            cache=16 * _GB,
        ),
    )
}
_CARDS = ((70 * _GB, "80gb"), (20 * _GB, "24gb"), (11 * _GB, "12gb"), (7 * _GB, "8gb"))


def plan_named(name: str) -> TrainingPlan:
    """A built-in plan ("auto" for the one that fits), or one read from a JSON file."""
    if name == "auto":
        return PLANS[fitting()]
    if name in PLANS:
        return PLANS[name]
    try:
        return msgspec.json.decode(Path(name).read_bytes(), type=TrainingPlan)
    except OSError as error:
        raise TrainingFailed(f"There is no plan “{name}”; choose {', '.join(PLANS)} or a plan file.") from error
    except msgspec.MsgspecError as error:
        raise TrainingFailed(f"The plan file “{name}” cannot be read: {error}.") from error


def fitting() -> str:
    """The plan for this machine."""
    if not torch.cuda.is_available():
        return "cpu"
    there = there_is(torch.device("cuda"))
    return next((name for least, name in _CARDS if there >= least), "cpu")


def device_of(plan: TrainingPlan) -> torch.device:
    """Where the plan runs. TrainingFailed when it asks for a card that is not there."""
    if plan.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() and plan.precision != "fp32" else "cpu")
    if plan.device == "cuda" and not torch.cuda.is_available():
        raise TrainingFailed(f"The plan “{plan.name}” needs a CUDA card and none is usable; choose the plan “cpu”.")
    return torch.device(plan.device)
