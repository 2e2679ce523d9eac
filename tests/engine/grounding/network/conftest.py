"""A network of a few thousand parameters whose every size differs from every published one."""

import pytest
import torch

from engine.domain.media import MediaKind
from engine.grounding.architecture import (
    Architecture,
    ClipSize,
    EarSize,
    EvaSize,
    LlamaSize,
    QformerSize,
    media_ids,
)
from engine.grounding.network import GroundingModel

IDS = media_ids(200)


@pytest.fixture(scope="session")
def small() -> Architecture:
    return Architecture(
        llama=LlamaSize(
            vocab_size=209,
            hidden_size=48,
            intermediate_size=40,
            num_hidden_layers=2,
            num_attention_heads=6,
            num_key_value_heads=2,
        ),
        clip=ClipSize(
            hidden_size=24,
            intermediate_size=20,
            num_hidden_layers=3,
            num_attention_heads=3,
            image_size=30,
            patch_size=10,
        ),
        eva=EvaSize(
            image_size=24,
            patch_size=8,
            hidden_size=20,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=28,
        ),
        qformer=QformerSize(hidden_size=18, num_hidden_layers=3, num_attention_heads=3, intermediate_size=22),
        ear=EarSize(
            hidden_size=12,
            num_blocks=2,
            num_heads=2,
            out_size=14,
            intermediate_size=24,
            kernel=8,
            stride=6,
            bins=32,
            frames=50,
        ),
        frame_queries=5,
        max_frames=7,
        video_tokens=4,
        sound_tokens=3,
        sound_positions=6,
        image_ids=IDS[MediaKind.IMAGE],
        video_ids=IDS[MediaKind.VIDEO],
        sound_ids=IDS[MediaKind.AUDIO],
    )


@pytest.fixture
def network(small: Architecture) -> GroundingModel:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return GroundingModel(small).eval()
