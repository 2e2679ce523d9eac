"""A model from its folder made ready to train, and the eyes and ears that its course looks through."""

from collections.abc import Container, Iterator
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from engine.domain.media import MediaKind
from engine.domain.training import Lora, TrainingPlan
from engine.grounding.adapter_folder import LORA, put_trained
from engine.grounding.checkpoint import load_model
from engine.grounding.lora import read_lora
from engine.grounding.manifest import Manifest, read_manifest
from engine.grounding.network import GroundingModel
from engine.grounding.tokens import tokenizer
from engine.grounding.viewing import frame_pixels
from engine.media import sampled
from engine.media.sampling import picture_values
from engine.training.course import frozen_features
from engine.training.encoding import Speech, file_and_frame
from engine.training.lora import add_lora, published, put_lora, to_nf4
from engine.training.markers import add_markers
from engine.training.sharding import shard
from engine.training.stages import ENCODERS_OF, group_of, resting, trainable

_ASIDE = torch.device("cpu")


def prepared(
    folder: Path, plan: TrainingPlan, device: torch.device, continues: Path | None, processes: int = 1
) -> GroundingModel:
    """The model with a LoRA and markers on it, fresh or those of `continues`.

    What learns is float32, the rest as planned. Several `processes` have its frozen layers shared out among them.
    """
    model = load_model(folder, dtype=dtype_of(plan))
    model.requires_grad_(False)
    if plan.precision == "nf4":
        to_nf4(model, device)
    if plan.lora.rank and any("lora" in stage.trainable for stage in plan.stages):
        add_lora(model, plan.lora, plan.seed)
    if any("markers" in stage.trainable for stage in plan.stages):
        add_markers(model)
    if continues is not None:
        _put(model, continues)
    if processes > 1:
        shard(model, device, processes)
    move(model, device, {group_of(published(name)) for name, _ in _tensors(model)} - resting(plan.stages))
    names = {published(name): parameter for name, parameter in model.named_parameters()}
    for name in {name for stage in plan.stages for name in trainable(stage, names)}:
        names[name].data = names[name].data.float()
    if plan.checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    return model


def _put(model: GroundingModel, adapter: Path) -> None:
    put_trained(model, adapter)
    if (adapter / LORA).exists():
        put_lora(model, read_lora(adapter))


def dtype_of(plan: TrainingPlan) -> torch.dtype:
    """What frozen weights and kept features are stored as."""
    return torch.float32 if plan.precision == "fp32" else torch.bfloat16


def with_its_rank(plan: TrainingPlan, continues: Path | None) -> TrainingPlan:
    """A LoRA that is gone on from keeps its size."""
    if continues is None or not (continues / LORA).exists():
        return plan
    old = read_lora(continues)
    return msgspec.structs.replace(plan, lora=Lora(old.rank, round(old.scaling * old.rank), plan.lora.dropout))


def speech_of(folder: Path) -> Speech:
    """How the model in `folder` is spoken to."""
    manifest = read_manifest(folder)
    words = tokenizer(folder / manifest.tokenizer, manifest.architecture)
    return Speech(words, manifest.prompt, manifest.architecture, manifest.guided)


def move(model: GroundingModel, device: torch.device, groups: Container[str | None]) -> None:
    """Bring the parts of those groups to `device`."""
    for name, tensor in _tensors(model):
        if tensor.device.type != device.type and group_of(published(name)) in groups:
            tensor.data = tensor.data.to(device)


def _tensors(model: GroundingModel) -> Iterator[tuple[str, Tensor]]:
    yield from model.named_parameters()
    yield from model.named_buffers()


class Senses:
    """What the frozen encoders of `model` make of media, by key; MediaError for one that cannot be read.

    Of the encoders that are `resting` those of one kind of media at a time are where the language model is. Once they
    were told to `rest`, they go back after each medium: the memory is needed for training.
    """

    def __init__(self, model: GroundingModel, manifest: Manifest, resting: frozenset[str] = frozenset()) -> None:
        self._model, self._manifest, self._resting = model, manifest, resting
        self._brief = False
        self._here: MediaKind | None = None

    def __call__(self, kind: MediaKind, key: str) -> Tensor:
        """Features without a batch dimension."""
        values = self.values(kind, key)[None]
        device = self._model.model.embed_tokens.weight.device
        if kind is not self._here:
            move(self._model, _ASIDE, self._resting - ENCODERS_OF[kind])
            move(self._model, device, self._resting & ENCODERS_OF[kind])
            self._here = kind
        weight = self._model.vision_tower.embeddings.patch_embedding.weight
        features = frozen_features(self._model, kind, values.to(device, weight.dtype))[0]
        if self._brief:
            self.rest()
        return features

    def rest(self) -> None:
        """Put the encoders aside."""
        self._brief, self._here = True, None
        move(self._model, _ASIDE, self._resting)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def values(self, kind: MediaKind, key: str) -> Tensor:
        """What the encoders are given."""
        path, frame = file_and_frame(key)
        if frame is not None:
            return torch.from_numpy(picture_values(frame_pixels(path, frame), self._manifest.seeing))
        if kind is MediaKind.IMAGE:
            return torch.from_numpy(sampled.picture(path, self._manifest.seeing))
        if kind is MediaKind.VIDEO:
            return torch.from_numpy(sampled.clip(path, self._manifest.watching))
        return torch.from_numpy(sampled.sound(path, self._manifest.hearing))
