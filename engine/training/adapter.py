"""The result of a run: an adapter folder, written whole or not at all."""

import shutil
from pathlib import Path

import msgspec
from safetensors.torch import save_file
from torch import Tensor

from engine.domain.errors import TrainingFailed
from engine.domain.training import AdapterRecord, Lora, TrainingPlan
from engine.grounding.adapter_folder import GGUF, LORA, LORA_CONFIG, RECORD, TRAINED
from engine.grounding.gguf_file import write_lora
from engine.grounding.lora import PROJECTIONS
from engine.grounding.network import GroundingModel
from engine.training.checkpoints import flush, flush_folder
from engine.training.lora import peft_key, published
from engine.training.stages import group_of


def write_adapter(folder: Path, model: GroundingModel, plan: TrainingPlan, record: AdapterRecord) -> None:
    """Write what the plan's stages trained of `model`; an adapter that stood there before is replaced in the end."""
    part, old = folder.with_name(folder.name + ".part"), folder.with_name(folder.name + ".old")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        _fill(part, model, plan, record)
        for path in part.iterdir():
            flush(path)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            folder.rename(old)
        part.rename(folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise TrainingFailed(
            f"The adapter cannot be written to “{folder}” ({error.strerror or error}); free some space and "
            "give the same command again."
        ) from error
    flush_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _fill(part: Path, model: GroundingModel, plan: TrainingPlan, record: AdapterRecord) -> None:
    low, beside = _split(model, plan)
    if beside:
        save_file(beside, part / TRAINED)
    if low:
        save_file(low, part / LORA)
        (part / LORA_CONFIG).write_bytes(msgspec.json.format(msgspec.json.encode(_peft_config(plan.lora)), indent=1))
        write_lora(part, part / GGUF, model.architecture.llama)
    (part / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1))


def _split(model: GroundingModel, plan: TrainingPlan) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The LoRA by peft's keys at its strength, and all else that was trained by published keys; float32 on the CPU."""
    groups = {group for stage in plan.stages for group in stage.trainable}
    low: dict[str, Tensor] = {}
    beside: dict[str, Tensor] = {}
    for name, parameter in model.named_parameters():
        group = group_of(published(name))
        if group not in groups:
            continue
        kept = parameter.detach().float().cpu().contiguous()
        if group == "lora":
            low[peft_key(name)] = kept * plan.strength if "lora_B" in name else kept
        else:
            beside[published(name)] = kept
    return low, beside


def _peft_config(lora: Lora) -> dict[str, object]:
    """What peft's own loader wants to know."""
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": lora.rank,
        "lora_alpha": lora.alpha,
        "lora_dropout": lora.dropout,
        "bias": "none",
        "target_modules": [name.rpartition(".")[2] for name in PROJECTIONS],
        "inference_mode": True,
    }
