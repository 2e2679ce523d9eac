"""The image tower: transformers' own CLIP vision model, of which one hidden state is used."""

from torch import Tensor
from transformers import CLIPVisionConfig, CLIPVisionModel

from engine.grounding.architecture import ClipSize


def clip_tower(size: ClipSize) -> CLIPVisionModel:
    """A tower of that size with random weights."""
    return CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=size.hidden_size,
            intermediate_size=size.intermediate_size,
            num_hidden_layers=size.num_hidden_layers,
            num_attention_heads=size.num_attention_heads,
            image_size=size.image_size,
            patch_size=size.patch_size,
            hidden_act=size.hidden_act,
            layer_norm_eps=size.layer_norm_eps,
        )
    )


def clip_features(tower: CLIPVisionModel, size: ClipSize, pixels: Tensor) -> Tensor:
    """(B, 3, S, S) -> (B, tokens, width): the chosen hidden state, by default without its class token."""
    hidden = tower(pixels, output_hidden_states=True).hidden_states[size.select_layer]
    return hidden if size.class_token else hidden[:, 1:]
