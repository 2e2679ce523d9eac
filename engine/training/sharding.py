"""The language model's frozen layers shared out among processes, for a base that exceeds one card: torch's FSDP.

Each process keeps a part of every layer, and the parts come together where the layer is at work. What learns stays
whole in every process: its gradients, optimizer, checkpoints and adapter are those of any other run.
"""

import torch
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from engine.domain.errors import TrainingFailed
from engine.domain.training import TrainingPlan
from engine.grounding.network import GroundingModel
from engine.training.crew import Crew
from engine.training.forecast import Forecast, too_large
from engine.training.stages import group_of


def shares(
    plan: TrainingPlan, told: Forecast, device: torch.device, crew: Crew, *, asked: bool, guided: bool = False
) -> int:
    """Among how many processes the layers are shared out; 1 where each holds them all. All must call it.

    They are where that was `asked` for, or where the run as `told` does not fit one of the cards. `guided` is a model
    with heads that are. TrainingFailed when what was asked for cannot be.
    """
    refused = _obstacle(plan, crew.size, guided=guided)
    if asked and refused:
        raise TrainingFailed(refused)
    # The processes on one machine's processors have their memory in common, and would gain nothing.
    small = device.type == "cuda" and crew.any(bool(too_large(told, device)))
    return crew.size if asked or (small and not refused) else 1


def shard(model: GroundingModel, device: torch.device, processes: int) -> None:
    """Leave this process its part of the layers' frozen weights, on `device`; no more than one layer is there whole."""
    mesh = init_device_mesh(device.type, (processes,))
    for layer in model.model.layers:
        learning = {parameter for name, parameter in layer.named_parameters() if group_of(name) == "lora"}
        fully_shard(layer, mesh=mesh, ignored_params=learning)
    # Above the layers there is nothing to share out; it has them fetch one another's parts ahead.
    fully_shard(model.model, mesh=mesh, ignored_params=set(model.parameters()))


def held(model: GroundingModel) -> tuple[int, int]:
    """Bytes of the layers' frozen weights: of them here, and of all."""
    frozen = [parameter for name, parameter in model.model.layers.named_parameters() if group_of(name) != "lora"]
    return sum(_here(parameter).nbytes for parameter in frozen), sum(parameter.nbytes for parameter in frozen)


def _here(tensor: Tensor) -> Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def _obstacle(plan: TrainingPlan, processes: int, *, guided: bool) -> str:
    """Why the layers cannot be shared out, for the user; nothing where they can."""
    if processes == 1:
        return "One process has nobody to share the base with; give --processes as well as --shard."
    if plan.precision == "nf4":
        return f"The plan “{plan.name}” packs the base into 4 bits, which cannot be shared out; choose one with bf16."
    if any("llama" in stage.trainable for stage in plan.stages):
        return f"The plan “{plan.name}” trains the layers themselves, and only frozen ones can be shared out."
    if guided and any(stage.guidance for stage in plan.stages):
        # They are asked beside the passes through their layers, when nobody brings the parts of these together.
        return "This model learns where to look, for which each process needs its layers whole; leave --shard out."
    return ""
