"""The stages of training as rows of a table (GroundingGPT, section 4), and what each group of parameters is.

Names of groups stand for prefixes of the published state-dict keys. `lora` stands for the low-rank corrections, which
have no published keys: their parameters carry `lora_` in their names.
"""

from collections.abc import Iterable

import msgspec

from engine.domain.errors import UsageError
from engine.domain.media import MediaKind
from engine.domain.training import Stage

GROUPS: dict[str, tuple[str, ...]] = {
    "clip": ("vision_tower.",),
    "projector": ("model.mm_vision_projector.",),
    "eva": ("model.visual_encoder.", "model.ln_vision."),
    "frame_qformer": ("model.query_tokens", "model.Qformer."),
    "video": (
        "model.video_query_tokens",
        "model.video_frame_position_embedding.",
        "model.video_Qformer.",
        "model.llama_proj.",
    ),
    "imagebind": ("model.audio_encoder.",),
    "audio": (
        "model.audio_query_tokens",
        "model.audio_position_embedding.",
        "model.audio_Qformer.",
        "model.audio_llama_proj.",
    ),
    "embeddings": ("model.embed_tokens.",),
    "markers": ("markers.",),
    "llama": ("model.layers.", "model.norm.", "lm_head."),
    "dense": ("dense.",),
}

ADAPTERS = ("projector", "video", "audio")
ENCODERS_OF = {
    MediaKind.IMAGE: frozenset({"clip"}),
    MediaKind.VIDEO: frozenset({"eva", "frame_qformer"}),
    MediaKind.AUDIO: frozenset({"imagebind"}),
}
"""Groups that look at or hear one kind of media."""

# Everything as published: the language model itself learns in stages 2 and 3.
PUBLISHED = (
    Stage("alignment", (*ADAPTERS, "embeddings"), ("alignment",), rate=1e-3, batch=64),
    Stage("fine-grained", (*ADAPTERS, "embeddings", "llama"), ("fine-grained",), rate=2e-5, batch=64),
    Stage("instruction", (*ADAPTERS, "embeddings", "llama"), ("instruction",), rate=2e-5, batch=64),
)

# The same on one machine: a LoRA learns in place of the language model, and of the embeddings the media markers only.
RETRAINING = (
    Stage("alignment", (*ADAPTERS, "markers"), ("alignment",), rate=1e-3, batch=64),
    Stage(
        "fine-grained",
        (*ADAPTERS, "markers", "lora"),
        ("fine-grained",),
        rate=2e-4,
        batch=32,
        scales=dict.fromkeys((*ADAPTERS, "markers"), 0.1),
        guidance=0.15,
    ),
    Stage(
        "instruction",
        (*ADAPTERS, "markers", "lora"),
        ("instruction",),
        rate=2e-4,
        batch=32,
        scales=dict.fromkeys((*ADAPTERS, "markers"), 0.1),
        guidance=0.15,
    ),
)


def group_of(name: str) -> str | None:
    """The group a parameter belongs to, by its published key."""
    if "lora_" in name:
        return "lora"
    for group, prefixes in GROUPS.items():
        if name.startswith(prefixes):
            return group
    return None


def trainable(stage: Stage, names: Iterable[str]) -> list[str]:
    """Those of `names` that learn in `stage`, in order."""
    unknown = [group for group in stage.trainable if group not in GROUPS and group != "lora"]
    if unknown:
        raise UsageError(f"The plan's stage “{stage.name}” trains “{unknown[0]}”, which is no part of the model.")
    return [name for name in names if group_of(name) in stage.trainable]


def resting(stages: Iterable[Stage]) -> frozenset[str]:
    """The encoders that no stage trains: they need not be where the run is but while media are encoded."""
    return frozenset().union(*ENCODERS_OF.values()).difference(*(stage.trainable for stage in stages))


def short(stages: Iterable[Stage], updates: int) -> tuple[Stage, ...]:
    """The same rows, each cut to `updates` steps."""
    return tuple(msgspec.structs.replace(stage, updates=updates) for stage in stages)
