"""The whole network: senses and language model in one module whose state-dict keys are the published ones.

The image tower, which the published checkpoint keeps elsewhere, has the prefix `vision_tower`.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from engine.domain.errors import ModelError
from engine.domain.media import MediaKind
from engine.grounding.architecture import Architecture, LlamaSize
from engine.grounding.clip import clip_tower
from engine.grounding.senses import Encoding, add_senses


class GroundingModel(Encoding, LlamaForCausalLM):
    """Ask it with `model(inputs_embeds=model.embed(ids, features))`; logits are (B, L, vocabulary)."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__(llama_config(architecture.llama))
        self.architecture = architecture
        add_senses(self.model, architecture)
        self.vision_tower = clip_tower(architecture.clip)

    def embed(self, ids: Tensor, features: Mapping[MediaKind, Tensor] | None = None) -> Tensor:
        """Token ids (B, L) and, per kind, projected features of the rows that have one -> (B, L, hidden)."""
        return splice(ids, self.model.embed_tokens(ids), features or {}, self.architecture)


def splice(ids: Tensor, embeds: Tensor, features: Mapping[MediaKind, Tensor], size: Architecture) -> Tensor:
    """Overwrite the rows of patch tokens by the features of their media, in order; the length never changes.

    ids (B, L), embeds (B, L, hidden); features (media, N, hidden) per kind, media counted over the batch's rows.
    """
    for kind in MediaKind:
        places = ids == size.ids(kind).patch
        rows = features.get(kind)
        given = 0 if rows is None else rows.shape[0] * rows.shape[1]
        if given != int(places.sum()):
            raise ModelError(
                f"The prompt keeps {int(places.sum())} places for {kind.value} features and {given} were given."
            )
        if rows is not None:
            embeds = embeds.masked_scatter(places[..., None], rows.to(embeds.dtype))
    return embeds


def llama_config(size: LlamaSize) -> LlamaConfig:
    """transformers' configuration of a language model of that size."""
    return LlamaConfig(
        vocab_size=size.vocab_size,
        hidden_size=size.hidden_size,
        intermediate_size=size.intermediate_size,
        num_hidden_layers=size.num_hidden_layers,
        num_attention_heads=size.num_attention_heads,
        num_key_value_heads=size.num_key_value_heads,
        head_dim=size.head_dim or size.hidden_size // size.num_attention_heads,
        max_position_embeddings=size.max_position_embeddings,
        rms_norm_eps=size.rms_norm_eps,
        rope_parameters={"rope_type": "default", "rope_theta": size.rope_theta},
        tie_word_embeddings=size.tie_word_embeddings,
        bos_token_id=size.bos_token_id,
        eos_token_id=size.eos_token_id,
        pad_token_id=None,
        attention_bias=False,
        attn_implementation="sdpa",
        dtype=torch.float32,
    )
