"""Everything that turns media into rows of the language model: encoders, Q-Formers, projections.

`image_features`, `frame_features` and `sound_features` are frozen in every published stage: what they return may be
kept on disk. `project_image`, `project_video` and `project_sound` hold the trained parts. Gradients flow through all.
Source: GroundingGPT (arXiv 2401.06071), section 3.1.
"""

from typing import Any

import torch
from torch import Tensor, nn

from engine.grounding.architecture import Architecture
from engine.grounding.clip import clip_features, clip_tower
from engine.grounding.eva import EvaEncoder, WideLayerNorm
from engine.grounding.imagebind import SoundEncoder
from engine.grounding.qformer import Qformer

_PIXELS_AT_ONCE = 8 * 224 * 224


def projector(kind: str, source: int, width: int) -> nn.Module:
    """From features of width `source` to the language model's `width`."""
    if kind == "linear":
        return nn.Linear(source, width)
    return nn.Sequential(nn.Linear(source, width), nn.GELU(), nn.Linear(width, width))


def add_senses(body: nn.Module, size: Architecture) -> None:
    """Give `body` the parts under their published names."""
    width, inner = size.llama.hidden_size, size.qformer.hidden_size
    upper = size.qformer.upper_layers
    body.mm_vision_projector = projector(size.projector, size.clip.hidden_size, width)
    body.visual_encoder = EvaEncoder(size.eva)
    body.ln_vision = WideLayerNorm(size.eva.hidden_size, eps=size.eva.out_norm_eps)
    body.query_tokens = _rows(size.frame_queries, inner)
    body.Qformer = Qformer(
        size.qformer,
        layers=size.qformer.num_hidden_layers,
        source=size.eva.hidden_size,
        every=size.qformer.cross_attention_every,
    )
    body.video_frame_position_embedding = nn.Embedding(size.max_frames, inner)
    body.video_query_tokens = _rows(size.video_tokens, inner)
    body.video_Qformer = Qformer(size.qformer, layers=upper, source=inner, every=1)
    body.llama_proj = nn.Linear(inner, width)
    body.audio_encoder = SoundEncoder(size.ear)
    body.audio_position_embedding = nn.Embedding(size.sound_positions, size.ear.out_size)
    body.audio_query_tokens = _rows(size.sound_tokens, inner)
    body.audio_Qformer = Qformer(size.qformer, layers=upper, source=size.ear.out_size, every=1)
    body.audio_llama_proj = nn.Linear(inner, width)


class Encoding:
    """The ways from media to rows of the language model, for a class with `model`, `vision_tower`, `architecture`."""

    model: Any
    vision_tower: Any
    architecture: Architecture

    def image_features(self, pixels: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, N, clip width)."""
        return clip_features(self.vision_tower, self.architecture.clip, pixels)

    def project_image(self, features: Tensor) -> Tensor:
        """(B, N, clip width) -> (B, N, hidden)."""
        return self.model.mm_vision_projector(features)

    def frame_features(self, pixels: Tensor) -> Tensor:
        """(B, 3, T, F, F) -> (B, T, queries, inner): each frame for itself, a few at a time."""
        frames = pixels.transpose(1, 2).flatten(0, 1)
        few = max(1, _PIXELS_AT_ONCE // (frames.shape[-1] * frames.shape[-2]))
        rows = [self._frames(part) for part in frames.split(few)]
        return torch.cat(rows).unflatten(0, (len(pixels), -1))

    def _frames(self, frames: Tensor) -> Tensor:
        seen = self.model.ln_vision(self.model.visual_encoder(frames))
        return self.model.Qformer(self.model.query_tokens, seen)

    def read_video(self, features: Tensor) -> Tensor:
        """(B, T, queries, inner) -> (B, video tokens, inner): frames in order, T up to the model's limit."""
        places = self.model.video_frame_position_embedding.weight[: features.shape[1]]
        rows = (features + places[None, :, None]).flatten(1, 2)
        return self.model.video_Qformer(self.model.video_query_tokens, rows)

    def project_video(self, features: Tensor) -> Tensor:
        """(B, T, queries, inner) -> (B, video tokens, hidden)."""
        return self.model.llama_proj(self.read_video(features))

    def sound_features(self, windows: Tensor) -> Tensor:
        """(B, W, 1, bins, frames) -> (B, W, out_size)."""
        return self.model.audio_encoder(windows.flatten(0, 1)).unflatten(0, windows.shape[:2])

    def read_sound(self, features: Tensor) -> Tensor:
        """(B, W, out_size) -> (B, sound tokens, inner): W windows in order, up to the model's rows of positions."""
        places = self.model.audio_position_embedding.weight[: features.shape[1]]
        return self.model.audio_Qformer(self.model.audio_query_tokens, features + places)

    def project_sound(self, features: Tensor) -> Tensor:
        """(B, W, out_size) -> (B, sound tokens, hidden)."""
        return self.model.audio_llama_proj(self.read_sound(features))

    def encode_image(self, pixels: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, N, hidden)."""
        return self.project_image(self.image_features(pixels))

    def encode_video(self, pixels: Tensor) -> Tensor:
        """(B, 3, T, F, F) -> (B, video tokens, hidden)."""
        return self.project_video(self.frame_features(pixels))

    def encode_sound(self, windows: Tensor) -> Tensor:
        """(B, W, 1, bins, frames) -> (B, sound tokens, hidden)."""
        return self.project_sound(self.sound_features(windows))


class Senses(Encoding, nn.Module):
    """The network without its language model, for a language model that runs elsewhere."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.vision_tower = clip_tower(architecture.clip)
        self.model: Any = nn.Module()
        add_senses(self.model, architecture)


def _rows(count: int, width: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(1, count, width).normal_(std=0.02))
