"""How much memory a run will take, before it starts: sizes of the network, of what learns, and of one pass."""

import math
from functools import cache

import msgspec
import torch

from engine.domain.training import TrainingPlan
from engine.grounding.architecture import Architecture
from engine.grounding.fitting import PROGRAM
from engine.grounding.network import GroundingModel
from engine.training.memory import there_is
from engine.training.stages import ENCODERS_OF, group_of, resting

# 4 bits, a byte per 64 of them for their scale, and 4 bytes per 256 scales.
_NF4 = 0.5 + 1 / 64 + 4 / (64 * 256)
_WIDTHS = {"fp32": 4.0, "bf16": 2.0, "nf4": 2.0}
_MOMENTS = {"adamw": 8, "paged_adamw8bit": 2}
# What the C library's allocator keeps beyond what is asked of it, measured on Linux: plain, and with checkpointing.
_SCATTER = {False: 2.4, True: 5.2}
# Layers that are whole at once where each is shared out: one at work, the next, and the buffer it arrives in.
_GATHERED = 3
# A token in six is an answer's, as a rule; only those pass the output matrix.
_LEARNED = 1 / 6


class Forecast(msgspec.Struct, frozen=True):
    """Bytes at the peak of a process: frozen weights, what learns with gradients and moments, one pass, the program."""

    frozen: int
    learning: int
    passing: int
    program: int
    processes: int = 1

    @property
    def total(self) -> int:
        return self.frozen + self.learning + self.passing + self.program

    @property
    def sentence(self) -> str:
        """For the user."""
        where = f" in each of {self.processes} processes" if self.processes > 1 else ""
        return f"The run will take about {self.total / 1e9:.1f} GB at its peak{where}."


def forecast(architecture: Architecture, plan: TrainingPlan, processes: int = 1) -> Forecast:
    """The peak of a run of `plan` on that network; on the CPU of the whole process, else of the card.

    Several `processes` have the frozen layers shared out among them.
    """
    counts = _counts(architecture)
    groups = {group for stage in plan.stages for group in stage.trainable}
    width = _WIDTHS[plan.precision]
    matrices = counts.get("matrices", 0)
    other = sum(count for name, count in counts.items() if name not in {"matrices", *groups})
    low = _lora_count(architecture, plan) if "lora" in groups else 0
    learned = sum(count for name, count in counts.items() if name in groups) + low
    layers = matrices * (_NF4 if plan.precision == "nf4" else width)
    if processes > 1:
        layers *= min(1.0, 1 / processes + _GATHERED / architecture.llama.num_hidden_layers)
    frozen = layers + other * width
    learning = learned * (4 + 4 + _MOMENTS[plan.optimizer])
    passing = _passing(architecture, plan)
    if plan.device == "cuda":
        # Encoders that do not learn lie aside, and come back for a medium that is not kept, one kind at a time.
        aside = resting(plan.stages)
        frozen -= sum(counts.get(group, 0) for group in aside) * width
        coming = max(sum(counts.get(group, 0) for group in aside & own) for own in ENCODERS_OF.values())
        passing = max(passing, coming * width)
        return Forecast(int(frozen), int(learning), int(passing), PROGRAM["cuda"], processes)
    passing *= _SCATTER[plan.checkpointing]
    return Forecast(int(frozen), int(learning), int(passing), PROGRAM["cpu"], processes)


def too_large(told: Forecast, device: torch.device) -> str:
    """A sentence when the run cannot fit what the device has, else nothing."""
    there = there_is(device)
    # What this process holds already is part of the forecast.
    if told.total - told.program <= there:
        return ""
    return f"{told.sentence} This machine has {there / 1e9:.1f} GB to give; choose a smaller plan."


def _passing(size: Architecture, plan: TrainingPlan) -> float:
    """Bytes kept for the backward pass of one batch."""
    llama = size.llama
    width = 4 if plan.precision == "fp32" else 2
    tokens = max(plan.room, 1)
    length = min(plan.longest, llama.max_position_embeddings, tokens)
    inner = llama.num_attention_heads * (llama.head_dim or llama.hidden_size // llama.num_attention_heads)
    # Two norms in float32, residuals, and the LoRA's own copy of each matrix's input after its dropout.
    hidden = 2 * (8 + width) + 2 * width + 5 * (width + 1)
    attention = 8 * width + (width + 1)
    gate = 4 * width + (width + 1)
    layer = hidden * llama.hidden_size + attention * inner + gate * llama.intermediate_size
    kept = layer * llama.num_hidden_layers
    if plan.checkpointing:
        kept = llama.num_hidden_layers * llama.hidden_size * width + layer
    mask = tokens / length * length**2
    logits = tokens * _LEARNED * llama.vocab_size * (width + 8)
    return tokens * kept + mask + logits


def _lora_count(size: Architecture, plan: TrainingPlan) -> int:
    llama = size.llama
    head = llama.head_dim or llama.hidden_size // llama.num_attention_heads
    wide, narrow = llama.num_attention_heads * head, llama.num_key_value_heads * head
    shapes = (
        (llama.hidden_size, wide),
        (llama.hidden_size, narrow),
        (llama.hidden_size, narrow),
        (wide, llama.hidden_size),
        (llama.hidden_size, llama.intermediate_size),
        (llama.hidden_size, llama.intermediate_size),
        (llama.intermediate_size, llama.hidden_size),
    )
    return llama.num_hidden_layers * plan.lora.rank * sum(map(sum, shapes))


@cache
def _counts_of(encoded: bytes) -> dict[str, int]:
    architecture = msgspec.json.decode(encoded, type=Architecture)
    with torch.device("meta"):
        model = GroundingModel(architecture)
    counts: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        matrix = name.startswith("model.layers.") and parameter.ndim == 2
        group = "matrices" if matrix else group_of(name) or "other"
        counts[group] = counts.get(group, 0) + math.prod(parameter.shape)
    return counts


def _counts(architecture: Architecture) -> dict[str, int]:
    """Elements by group; the language model's matrices apart, as they alone are quantised."""
    return _counts_of(msgspec.json.encode(architecture))
