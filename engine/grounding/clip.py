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
    return clip_states(tower, size, pixels)[-1]


def clip_states(tower: CLIPVisionModel, size: ClipSize, pixels: Tensor) -> list[Tensor]:
    """As `clip_features`, of every layer up to the chosen one; what lies behind it is not computed."""
    body = getattr(tower, "vision_model", tower)
    states = [body.pre_layrnorm(body.embeddings(pixels))]
    for layer in body.encoder.layers[: size.select_layer % (len(body.encoder.layers) + 1)]:
        states.append(layer(states[-1], attention_mask=None))
    return states if size.class_token else [state[:, 1:] for state in states]
