"""The sizes of Groundling and how it sees, watches and hears: the published architecture with small numbers."""

import torch

from engine.domain.media import MediaKind
from engine.grounding.architecture import Architecture, ClipSize, EarSize, EvaSize, LlamaSize, QformerSize, media_ids
from engine.grounding.network import GroundingModel
from engine.grounding.prompt import PromptStyle
from engine.media.sampling import Hearing, Seeing, Watching

STEPS = 20
"""Rows that stand for the time of a clip or a sound, each for a twentieth of it."""
WINDOWS = 10

SEEING = Seeing(resize=128, crop=128)
WATCHING = Watching(side=64, limit=STEPS)
HEARING = Hearing(windows=WINDOWS, placement="even", bins=64)
STYLE = PromptStyle(system="Answer with boxes and times.")
HEADS = {
    "name": ((1, 0),),
    "named": ((1, 0), (1, 2), (2, 0)),
    "begun": ((1, 2),),
    "inside": ((2, 1), (3, 2)),
    "asked": ((1, 1), (2, 1), (3, 1)),
    "sought": ((2, 1), (3, 1)),
}
"""Layers and heads that look: on a name, behind it, where a place begins, wherever one of the first two digits of a
number follows, and at the end of a question, which may be about a place or answered by places."""


_CLIP = ClipSize(
    hidden_size=192,
    intermediate_size=768,
    num_hidden_layers=7,
    num_attention_heads=4,
    image_size=SEEING.crop,
    patch_size=16,
)
# As the image tower, whose copy it begins as.
_EVA = EvaSize(
    image_size=WATCHING.side,
    patch_size=16,
    hidden_size=192,
    num_hidden_layers=6,
    num_attention_heads=4,
    intermediate_size=768,
)
_QFORMER = QformerSize(
    hidden_size=128,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=512,
    cross_attention_every=1,
)
_EAR = EarSize(
    hidden_size=160,
    num_blocks=4,
    num_heads=4,
    out_size=160,
    intermediate_size=640,
    stride=16,
    bins=HEARING.bins,
    frames=HEARING.frames,
)


def architecture(pieces: int) -> Architecture:
    """The network for a vocabulary of that many pieces."""
    ids = media_ids(pieces)
    return Architecture(
        llama=LlamaSize(
            vocab_size=pieces + 9,
            hidden_size=192,
            intermediate_size=512,
            num_hidden_layers=4,
            num_attention_heads=3,
            num_key_value_heads=3,
            max_position_embeddings=1024,
        ),
        clip=_CLIP,
        eva=_EVA,
        qformer=_QFORMER,
        ear=_EAR,
        frame_queries=4,
        max_frames=STEPS,
        video_tokens=STEPS,
        sound_tokens=STEPS,
        sound_positions=WINDOWS,
        image_ids=ids[MediaKind.IMAGE],
        video_ids=ids[MediaKind.VIDEO],
        sound_ids=ids[MediaKind.AUDIO],
    )


def newborn(size: Architecture, seed: int) -> GroundingModel:
    """A model that has learned nothing, whose time queries look at their own time from the start."""
    torch.manual_seed(seed)
    model = GroundingModel(size)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1 and "embedding" not in name and "llama" not in name:
                torch.nn.init.trunc_normal_(
                    parameter, std=0.02 if "vision_tower" in name else parameter.shape[-1] ** -0.5
                )
        _aligned(model.model.video_query_tokens, model.model.video_frame_position_embedding.weight)
        _aligned(model.model.audio_query_tokens, model.model.audio_position_embedding.weight)
    return model


def graft(model: GroundingModel, pixels: torch.Tensor) -> None:
    """Let the frame encoder begin as a copy of the image tower, which is the same transformer under other names.

    The key's bias has no counterpart and no effect, a frame's patches take the positions of the picture's middle, and
    the norm before the first layer becomes a constant scale, measured on `pixels` (B, 3, S, S).
    """
    tower, eye = model.vision_tower, model.model.visual_encoder
    tower = getattr(tower, "vision_model", tower)
    with torch.no_grad():
        scale = tower.pre_layrnorm.weight / tower.embeddings(pixels).std(dim=-1).mean()
        eye.cls_token.copy_((tower.embeddings.class_embedding * scale).view_as(eye.cls_token))
        eye.patch_embed.proj.weight.copy_(tower.embeddings.patch_embedding.weight * scale[:, None, None, None])
        eye.patch_embed.proj.bias.copy_(tower.pre_layrnorm.bias)
        eye.pos_embed.copy_(_middle(tower.embeddings.position_embedding.weight * scale, eye.pos_embed.shape[1])[None])
        for block, layer in zip(eye.blocks, tower.encoder.layers, strict=False):
            old = layer.self_attn
            block.attn.qkv.weight.copy_(torch.cat([old.q_proj.weight, old.k_proj.weight, old.v_proj.weight]))
            block.attn.q_bias.copy_(old.q_proj.bias)
            block.attn.v_bias.copy_(old.v_proj.bias)
            pairs = (
                (block.attn.proj, old.out_proj),
                (block.norm1, layer.layer_norm1),
                (block.norm2, layer.layer_norm2),
            )
            for new, known in (*pairs, (block.mlp.fc1, layer.mlp.fc1), (block.mlp.fc2, layer.mlp.fc2)):
                new.load_state_dict(known.state_dict())


def _middle(places: torch.Tensor, rows: int) -> torch.Tensor:
    """The class token's position and those of the middle patches of a larger grid."""
    large, small = (round((count - 1) ** 0.5) for count in (len(places), rows))
    low = (large - small) // 2
    grid = places[1:].unflatten(0, (large, large))[low : low + small, low : low + small]
    return torch.cat([places[:1], grid.flatten(0, 1)])


def _aligned(queries: torch.nn.Parameter, places: torch.Tensor) -> None:
    """Start query j near the position row of its own share of the time, as far as the widths allow."""
    rows = torch.linspace(0, len(places) - 1, queries.shape[1]).round().long()
    width = min(queries.shape[2], places.shape[1])
    queries[0, :, :width] = places[rows, :width]
