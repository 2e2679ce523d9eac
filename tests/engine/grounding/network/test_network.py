"""The network at sizes that no published file has."""

import pytest
import torch
from torch import Tensor

from engine.domain.errors import ModelError
from engine.domain.media import MediaKind
from engine.grounding.architecture import Architecture
from engine.grounding.network import GroundingModel


def _pictures(size: Architecture, count: int) -> Tensor:
    return torch.randn(count, 3, size.clip.image_size, size.clip.image_size)


def _clips(size: Architecture, count: int, frames: int) -> Tensor:
    return torch.randn(count, 3, frames, size.eva.image_size, size.eva.image_size)


def _sounds(size: Architecture, count: int, windows: int) -> Tensor:
    return torch.randn(count, windows, 1, size.ear.bins, size.ear.frames)


def _ids(size: Architecture, *kinds: MediaKind) -> Tensor:
    rows = [1]
    for kind in kinds:
        tokens = size.ids(kind)
        rows += [tokens.start, *[tokens.patch] * size.tokens(kind), tokens.end]
    return torch.tensor([[*rows, 5, 6]])


def test_each_kind_becomes_its_number_of_rows(network: GroundingModel, small: Architecture) -> None:
    with torch.no_grad():
        assert network.encode_image(_pictures(small, 2)).shape == (2, 9, 48)
        assert network.encode_video(_clips(small, 2, 3)).shape == (2, 4, 48)
        assert network.encode_sound(_sounds(small, 2, 5)).shape == (2, 3, 48)


def test_several_clips_of_a_batch_are_encoded_as_each_alone(network: GroundingModel, small: Architecture) -> None:
    clips = _clips(small, 3, 4)
    with torch.no_grad():
        together = network.encode_video(clips)
        alone = torch.cat([network.encode_video(clip[None]) for clip in clips])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_frames_are_encoded_alike_however_many_go_at_once(network: GroundingModel, small: Architecture) -> None:
    clip = _clips(small, 1, 7)
    with torch.no_grad():
        kept = torch.cat([network.frame_features(clip[:, :, at : at + 1]) for at in range(7)], dim=1)
        torch.testing.assert_close(network.frame_features(clip), kept, atol=1e-5, rtol=0)


def test_features_replace_patch_tokens_and_nothing_else(network: GroundingModel, small: Architecture) -> None:
    ids = _ids(small, MediaKind.AUDIO, MediaKind.IMAGE)
    with torch.no_grad():
        picture, sound = network.encode_image(_pictures(small, 1)), network.encode_sound(_sounds(small, 1, 2))
        embeds = network.embed(ids, {MediaKind.IMAGE: picture, MediaKind.AUDIO: sound})
        plain = network.model.embed_tokens(ids)
    image, audio = ids == small.image_ids.patch, ids == small.sound_ids.patch
    assert torch.equal(embeds[image], picture[0])
    assert torch.equal(embeds[audio], sound[0])
    assert torch.equal(embeds[~image & ~audio], plain[~image & ~audio])


@pytest.mark.parametrize("given", [0, 2])
def test_features_that_do_not_match_the_prompt_are_told(
    network: GroundingModel, small: Architecture, given: int
) -> None:
    features = {MediaKind.VIDEO: torch.zeros(given, 4, 48)} if given else {}
    with pytest.raises(ModelError, match="keeps 4 places"):
        network.embed(_ids(small, MediaKind.VIDEO), features)


def test_gradients_reach_every_parameter_that_was_used(network: GroundingModel, small: Architecture) -> None:
    network.train()
    features = {
        MediaKind.IMAGE: network.encode_image(_pictures(small, 1)),
        MediaKind.VIDEO: network.encode_video(_clips(small, 1, 7)),
        MediaKind.AUDIO: network.encode_sound(_sounds(small, 1, 6)),
    }
    embeds = network.embed(_ids(small, *MediaKind), features)
    network(inputs_embeds=embeds).logits.logsumexp(-1).sum().backward()
    # The image tower's last layer and final norm come after the hidden state that is used.
    unused = {"vision_tower.post_layernorm", "vision_tower.encoder.layers.2"}
    without = {name for name, weight in network.named_parameters() if weight.grad is None}
    assert all(name.startswith(tuple(unused)) for name in without)


def test_a_lower_precision_keeps_one_type_throughout(network: GroundingModel, small: Architecture) -> None:
    half = network.to(torch.bfloat16)
    with torch.no_grad():
        features = half.encode_sound(_sounds(small, 1, 2).bfloat16())
        clip = half.encode_video(_clips(small, 1, 2).bfloat16())
    assert features.dtype == clip.dtype == torch.bfloat16
