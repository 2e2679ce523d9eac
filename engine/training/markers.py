"""The embeddings of the tokens around media, which learn apart from the table that they come from."""

import torch
from torch import Tensor, nn

from engine.grounding.adapter_folder import marker_ids
from engine.grounding.network import GroundingModel

_NAME = "markers"


class MediaMarkers(nn.Module):
    """`rows` (tokens, hidden), in float32 and in the order of `marker_ids`, begin as those of the table."""

    ids: Tensor

    def __init__(self, model: GroundingModel) -> None:
        super().__init__()
        self.register_buffer("ids", torch.tensor(marker_ids(model.architecture)), persistent=False)
        self.rows = nn.Parameter(model.model.embed_tokens.weight.detach()[self.ids].float(), requires_grad=False)

    def forward(self, ids: Tensor, embeds: Tensor) -> Tensor:
        """(…) ids and their (…, hidden) embeddings -> the same with the markers' own rows in their places."""
        found = ids[..., None] == self.ids
        rows = found.to(self.rows.dtype) @ self.rows
        return torch.where(found.any(-1, keepdim=True), rows.to(embeds.dtype), embeds)


def add_markers(model: GroundingModel) -> None:
    """Give the model rows of its own for media markers; they change nothing until they have learned."""
    model.add_module(_NAME, MediaMarkers(model))


def embedded(model: GroundingModel, ids: Tensor) -> Tensor:
    """Ids -> embeddings, by the markers' own rows where the model has them."""
    embeds: Tensor = model.model.embed_tokens(ids)
    markers = dict(model.named_children()).get(_NAME)
    return embeds if markers is None else markers(ids, embeds)
