"""Every part of the network alone, against the features the published code has there."""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from engine.grounding.network import GroundingModel
from engine.parity.golden import Golden
from engine.parity.rows import FEATURES, Row, close

_Part = Callable[[GroundingModel, Tensor, Tensor], Tensor]


def features(golden: Golden) -> Iterator[Row]:
    """One row per recorded feature; one that is not known here fails."""
    tensors = golden.tensors["model"]
    for key, recorded in tensors.items():
        if not key.startswith("enc."):
            continue
        medium, part = key.removeprefix("enc.").rsplit(".", 1)
        given = tensors.get(f"in.{medium}")
        compute = _PARTS.get((_kind(medium), part))
        if given is None or compute is None:
            yield Row(key, ok=False, limit=FEATURES, note="nothing is known about this feature")
            continue
        yield close(key, compute(golden.network, given, recorded), recorded, FEATURES)


def _kind(medium: str) -> str:
    return next((kind for kind in ("image", "video", "sound") if medium.startswith(kind)), "")


def _hidden(network: GroundingModel, pixels: Tensor, _recorded: Tensor) -> Tensor:
    return torch.stack(network.vision_tower(pixels, output_hidden_states=True).hidden_states)


def _frames(pixels: Tensor, recorded: Tensor) -> Tensor:
    """As many of the clip's frames as were recorded."""
    return pixels.transpose(1, 2).flatten(0, 1)[: len(recorded)]


def _patches(network: GroundingModel, clips: Tensor, recorded: Tensor) -> Tensor:
    first = clips.flatten(0, 1)[: len(recorded)]
    return network.model.audio_encoder.modality_preprocessors["audio"](first)


def _trunk(network: GroundingModel, clips: Tensor, recorded: Tensor) -> Tensor:
    return network.model.audio_encoder.modality_trunks["audio"](_patches(network, clips, recorded))


def _head_input(network: GroundingModel, clips: Tensor, recorded: Tensor) -> Tensor:
    windows = clips.flatten(0, 1)
    rows = _trunk(network, clips, windows)
    return network.model.audio_encoder.modality_heads["audio"][0](rows)[:, 0].reshape(recorded.shape)


_PARTS: Mapping[tuple[str, str], _Part] = {
    ("image", "clip_hidden_states_all"): _hidden,
    ("image", "clip_hidden_minus2_patches"): lambda network, pixels, _: network.image_features(pixels),
    ("image", "projected"): lambda network, pixels, _: network.encode_image(pixels),
    ("video", "eva"): lambda network, pixels, recorded: network.model.visual_encoder(_frames(pixels, recorded)),
    ("video", "ln_vision"): lambda network, pixels, recorded: network.model.ln_vision(
        network.model.visual_encoder(_frames(pixels, recorded))
    ),
    ("video", "qformer"): lambda network, pixels, _: network.frame_features(pixels).flatten(0, 1),
    ("video", "video_qformer"): lambda network, pixels, _: network.read_video(network.frame_features(pixels)),
    ("video", "projected"): lambda network, pixels, _: network.encode_video(pixels),
    ("sound", "imagebind_tokens_first_clip"): _patches,
    ("sound", "imagebind_trunk_first_clip"): _trunk,
    ("sound", "imagebind_head_input"): _head_input,
    ("sound", "imagebind_final"): lambda network, clips, _: network.sound_features(clips),
    ("sound", "audio_qformer"): lambda network, clips, _: network.read_sound(network.sound_features(clips)),
    ("sound", "projected"): lambda network, clips, _: network.encode_sound(clips),
}
