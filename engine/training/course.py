"""The grounding model and its data as the loop sees them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.domain.errors import TrainingFailed
from engine.domain.media import MediaKind
from engine.domain.training import Stage
from engine.grounding.network import GroundingModel, splice
from engine.training import attention, guidance
from engine.training.encoding import Unit
from engine.training.features import FeatureCache
from engine.training.guidance import Heads, Sight
from engine.training.lora import published
from engine.training.markers import embedded
from engine.training.packing import Packed, pack
from engine.training.stages import ENCODERS_OF

Shares = dict[str, Tensor]
Look = Callable[[MediaKind, str], Tensor]


class UnitData:
    """Encoded units, packed as an update needs them; with the values of those kinds of media whose encoders learn."""

    def __init__(
        self, units: Sequence[Unit], values: Look | None = None, learning: frozenset[MediaKind] = frozenset()
    ) -> None:
        self._units, self._values, self._learning = units, values, learning
        self.samples = sum(len(unit.samples) for unit in units)

    def __len__(self) -> int:
        return len(self._units)

    def batches(self, units: Sequence[int], room: int) -> list[Packed]:
        packed = pack([self._units[unit] for unit in units], room)
        if self._values is not None:
            for batch in packed:
                kinds = self._learning & batch.media.keys()
                batch.values = {
                    kind: torch.stack([self._values(kind, key) for key in batch.media[kind]]) for kind in kinds
                }
        return packed


class GroundingCourse:
    """`units` by tag. Frozen encoders answer through `features`; where one learns, it is given `values` instead.

    `guided` heads of the language model are told where to look, as far as a stage has guidance.
    """

    def __init__(
        self,
        model: GroundingModel,
        units: Mapping[str, Sequence[Unit]],
        features: FeatureCache | None = None,
        values: Look | None = None,
        guided: Heads | None = None,
    ) -> None:
        self._model, self._units, self._features, self._values = model, units, features, values
        self._guided = guided or {}
        # Nothing but a LoRA's dropout and checkpointing differs in training: frozen encoders must stay as they are.
        model.eval()
        model.model.layers.train()
        attention.use(model.model)

    @property
    def device(self) -> torch.device:
        return self._model.model.embed_tokens.weight.device

    def parameters(self) -> Mapping[str, nn.Parameter]:
        return {published(name): parameter for name, parameter in self._model.named_parameters()}

    def data(self, stage: Stage) -> UnitData:
        units = [unit for tag in stage.data for unit in self._units.get(tag, ())]
        return UnitData(units, self._values, frozenset(kind for kind in ENCODERS_OF if _learns(stage, kind)))

    def loss(self, stage: Stage, batch: Packed) -> tuple[Tensor, Shares]:
        """Summed cross-entropy of the tokens to be learned, and of where guided heads look, at the stage's weight."""
        if not (stage.guidance and batch.looks and self._guided):
            return text_loss(self._model, batch, self._projected(stage, batch)), {}
        said = read(self._model, batch, self._projected(stage, batch), states=True)
        text, astray = loss_of(self._model, batch, said.last_hidden_state), self._astray(batch, said.hidden_states)
        return text + stage.guidance * astray, {"text": text.detach(), "astray": astray.detach()}

    def held_out(self, stage: Stage, units: Sequence[Unit], room: int) -> float:
        """The mean loss of `units`, which nothing is learned from, by token; nothing random takes part."""
        data = UnitData(units, self._values, frozenset(kind for kind in ENCODERS_OF if _learns(stage, kind)))
        self._model.model.layers.eval()
        try:
            with torch.no_grad():
                batches = data.batches(range(len(units)), room)
                loss = sum(float(text_loss(self._model, one, self._projected(stage, one))) for one in batches)
        finally:
            self._model.model.layers.train()
        return loss / max(1.0, sum(batch.weight for batch in batches))

    def _astray(self, batch: Packed, states: Sequence[Tensor]) -> Tensor:
        """Summed over all looks; a medium's keys are made once for all that look at it."""
        total = torch.zeros((), device=self.device)
        ids, positions = (part.to(self.device) for part in (batch.ids.flatten(), batch.positions.flatten()))
        for kind, sort in dict.fromkeys((look.kind, look.sort) for *_, look in batch.looks):
            rows = [
                (place, which, look) for place, which, look in batch.looks if (look.kind, look.sort) == (kind, sort)
            ]
            places, owner = (torch.tensor([row[part] for row in rows], device=self.device) for part in (0, 1))
            seen = (
                (ids == self._model.architecture.ids(kind).patch)
                .nonzero()[:, 0]
                .unflatten(0, (len(batch.media[kind]), -1))
            )
            cells = torch.from_numpy(np.stack([look.covered for *_, look in rows])).to(self.device)
            for number, head in self._guided[sort]:
                flat = states[number].flatten(0, 1)
                keys = guidance.keys(self._model, number, flat[seen], positions[seen])[owner]
                sight = Sight(flat[places], positions[places], keys)
                total = total + guidance.missed(self._model, number, head, sight, cells)
        return total

    def _projected(self, stage: Stage, batch: Packed) -> dict[MediaKind, Tensor]:
        rows = {}
        for kind, keys in batch.media.items():
            if _learns(stage, kind):
                rows[kind] = _encode(self._model, kind, batch.values[kind].to(self.device))
            else:
                rows[kind] = self._known(kind, keys)
        return rows

    def _known(self, kind: MediaKind, keys: Sequence[str]) -> Tensor:
        if self._features is None:
            raise TrainingFailed("Frozen encoders need a store for what they see.")
        found = [self._features(kind, key).to(self.device, torch.float32) for key in keys]
        # Clips of one length and sounds of one length go through together.
        shapes: dict[torch.Size, list[int]] = {}
        for place, features in enumerate(found):
            shapes.setdefault(features.shape, []).append(place)
        rows: list[tuple[int, Tensor]] = []
        for places in shapes.values():
            projected = project(self._model, kind, torch.stack([found[place] for place in places]))
            rows += zip(places, projected, strict=True)
        return torch.stack([row for _, row in sorted(rows, key=lambda pair: pair[0])])


def _learns(stage: Stage, kind: MediaKind) -> bool:
    """Whether an encoder of that kind of medium learns in the stage."""
    return bool(ENCODERS_OF[kind].intersection(stage.trainable))


def text_loss(model: GroundingModel, batch: Packed, features: Mapping[MediaKind, Tensor]) -> Tensor:
    """Cross-entropy summed over the batch's targets, given the projected features of its media by kind.

    The model must have been told to `attention.use`.
    """
    return loss_of(model, batch, read(model, batch, features).last_hidden_state)


def read(model: GroundingModel, batch: Packed, features: Mapping[MediaKind, Tensor], *, states: bool = False) -> Any:
    """What the language model makes of a batch: `last_hidden_state`, and the `hidden_states` that enter its layers."""
    device = model.model.embed_tokens.weight.device
    ids = batch.ids.to(device)
    embeds = splice(ids, embedded(model, ids), features, model.architecture)
    return model.model(
        inputs_embeds=embeds,
        packed=batch.layout.to(device),
        position_ids=batch.positions.to(device),
        use_cache=False,
        output_hidden_states=states,
    )


def loss_of(model: GroundingModel, batch: Packed, hidden: Tensor) -> Tensor:
    """Cross-entropy summed over the batch's targets; only what is learned passes the large output matrix."""
    logits = model.lm_head(hidden.flatten(0, 1)[batch.sources.to(hidden.device)])
    return functional.cross_entropy(logits.float(), batch.targets.to(hidden.device), reduction="sum")


def project(model: GroundingModel, kind: MediaKind, features: Tensor) -> Tensor:
    """What the frozen encoders made of media of one kind -> rows of the language model."""
    if kind is MediaKind.IMAGE:
        return model.project_image(features)
    return model.project_video(features) if kind is MediaKind.VIDEO else model.project_sound(features)


def frozen_features(model: GroundingModel, kind: MediaKind, values: Tensor) -> Tensor:
    """Media of one kind, preprocessed and batched -> what the encoders make of them."""
    if kind is MediaKind.IMAGE:
        return model.image_features(values)
    return model.frame_features(values) if kind is MediaKind.VIDEO else model.sound_features(values)


def _encode(model: GroundingModel, kind: MediaKind, values: Tensor) -> Tensor:
    return project(model, kind, frozen_features(model, kind, values))
