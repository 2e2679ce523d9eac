"""The published layout of a checkpoint: what its files and tensor shapes say about the network.

The real checkpoint writes down the language model only; the other sizes follow from the shapes of its tensors, and what
shapes do not tell (heads, epsilons) from the paper's encoders. A file `arch.json` beside it may say otherwise.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from PIL import Image

from engine.domain.errors import ModelError
from engine.domain.media import MediaKind
from engine.grounding.architecture import (
    MEDIA_TOKENS,
    Architecture,
    ClipSize,
    EarSize,
    EvaSize,
    LlamaSize,
    MediaTokens,
    QformerSize,
    media_ids,
)
from engine.media.sampling import Seeing

Shapes = Mapping[str, tuple[int, ...]]
Table = Mapping[str, Any]

# What the encoders' authors use and no file of the checkpoint repeats.
_EVA_HEADS, _QFORMER_HEADS, _EAR_HEADS = 16, 12, 12
_EAR = "model.audio_encoder.modality_{}.audio."
_EAR_STEM, _EAR_BLOCKS, _EAR_HEAD = (_EAR.format(part) for part in ("preprocessors", "trunks", "heads"))


def architecture(shapes: Shapes, config: Table, clip: Table, added: Table, arch: Table | None = None) -> Architecture:
    """The network of a checkpoint whose tensors have `shapes`.

    `config` and `clip` are the two `config.json`, `added` the added tokens, `arch` the optional `arch.json`.
    """
    told = arch or {}
    try:
        guess = _architecture(shapes, config, clip, added, told)
        return msgspec.convert(msgspec.to_builtins(guess), Architecture)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ModelError(
            f"The checkpoint does not describe a GroundingGPT model ({error}); download it again."
        ) from error


def seeing(processor: Table, config: Table, pad: Sequence[int] | None = None) -> Seeing:
    """How the image tower's `preprocessor_config.json` treats a picture; `pad` overrides the colour of the square.

    Where the checkpoint asks for padding, its colour is the mean colour cut to whole numbers.
    """
    try:
        mean, deviation = tuple(processor["image_mean"]), tuple(processor["image_std"])
        red, green, blue = pad or (int(part * 255) for part in mean)
        guess = Seeing(
            resize=_edge(processor["size"]),
            crop=_edge(processor.get("crop_size", processor["size"])),
            pad=(red, green, blue) if config.get("image_aspect_ratio", "pad") == "pad" else None,
            resample=processor.get("resample", Image.Resampling.BICUBIC),
            scale=processor.get("rescale_factor", 1 / 255),
            mean=mean,
            deviation=deviation,
        )
        return msgspec.convert(msgspec.to_builtins(guess), Seeing)
    except (LookupError, TypeError, ValueError) as error:
        raise ModelError(f"The image tower's preprocessing is not understood ({error}); download it again.") from error


def _edge(told: object) -> int:
    """One edge of a square size, however it is written."""
    match told:
        case int():
            return told
        case {"shortest_edge": int(edge)}:
            return edge
        case {"height": int(height), "width": int(width)} if height == width:
            return height
    raise ValueError("a size that is not square")


def _architecture(shapes: Shapes, config: Table, clip: Table, added: Table, told: Table) -> Architecture:
    ids = _ids(added, shapes["model.embed_tokens.weight"][0])
    lego = told.get("lego", {})
    return Architecture(
        llama=_llama(shapes, {**config, **told.get("llama", {})}),
        clip=_clip({**clip.get("vision_config", clip), **told.get("clip_vision", {})}, config),
        eva=_eva(shapes, told.get("eva_vit", {})),
        qformer=_qformer(shapes, told.get("qformer", {})),
        ear=_ear(shapes, told.get("imagebind", {})),
        frame_queries=lego.get("num_query_token", shapes["model.query_tokens"][1]),
        max_frames=lego.get("max_frame", shapes["model.video_frame_position_embedding.weight"][0]),
        video_tokens=lego.get("video_token_len", shapes["model.video_query_tokens"][1]),
        sound_tokens=lego.get("sound_token_len", shapes["model.audio_query_tokens"][1]),
        sound_positions=shapes["model.audio_position_embedding.weight"][0],
        image_ids=ids[MediaKind.IMAGE],
        video_ids=ids[MediaKind.VIDEO],
        sound_ids=ids[MediaKind.AUDIO],
        projector="linear" if "model.mm_vision_projector.weight" in shapes else "mlp2x_gelu",
    )


def _llama(shapes: Shapes, config: Table) -> LlamaSize:
    if config.get("rope_scaling"):
        raise ValueError("scaled rotary positions")
    heads = config["num_attention_heads"]
    return LlamaSize(
        vocab_size=shapes["model.embed_tokens.weight"][0],
        hidden_size=config["hidden_size"],
        intermediate_size=config["intermediate_size"],
        num_hidden_layers=config["num_hidden_layers"],
        num_attention_heads=heads,
        num_key_value_heads=config.get("num_key_value_heads") or heads,
        max_position_embeddings=config.get("max_position_embeddings", 2048),
        rms_norm_eps=config.get("rms_norm_eps", 1e-5),
        rope_theta=config.get("rope_theta", 10000.0),
        head_dim=config.get("head_dim") or 0,
        tie_word_embeddings=config.get("tie_word_embeddings", False),
        bos_token_id=config.get("bos_token_id", 1),
        eos_token_id=config.get("eos_token_id", 2),
        pad_token_id=config.get("pad_token_id") or 0,
    )


def _clip(clip: Table, config: Table) -> ClipSize:
    return ClipSize(
        hidden_size=clip["hidden_size"],
        intermediate_size=clip["intermediate_size"],
        num_hidden_layers=clip["num_hidden_layers"],
        num_attention_heads=clip["num_attention_heads"],
        image_size=clip["image_size"],
        patch_size=clip["patch_size"],
        hidden_act=clip.get("hidden_act", "quick_gelu"),
        layer_norm_eps=clip.get("layer_norm_eps", 1e-5),
        select_layer=config.get("mm_vision_select_layer", -2),
        class_token=config.get("mm_vision_select_feature", "patch") == "cls_patch",
    )


def _eva(shapes: Shapes, told: Table) -> EvaSize:
    prefix = "model.visual_encoder."
    width = shapes[prefix + "cls_token"][2]
    patch = shapes[prefix + "patch_embed.proj.weight"][2]
    inner = shapes[prefix + "blocks.0.mlp.fc1.weight"][0]
    return EvaSize(
        image_size=told.get("image_size", patch * math.isqrt(shapes[prefix + "pos_embed"][1] - 1)),
        patch_size=told.get("patch_size", patch),
        hidden_size=told.get("hidden_size", width),
        num_hidden_layers=told.get("num_hidden_layers", _layers(shapes, prefix + "blocks.")),
        num_attention_heads=told.get("num_attention_heads", _EVA_HEADS),
        intermediate_size=int(told["hidden_size"] * told["mlp_ratio"]) if "mlp_ratio" in told else inner,
        layer_norm_eps=_epsilon(told, 1e-6),
        out_norm_eps=told.get("ln_vision_eps", 1e-5),
    )


def _qformer(shapes: Shapes, told: Table) -> QformerSize:
    prefix = "model.Qformer.bert.encoder.layer."
    inner, width = shapes[prefix + "0.intermediate_query.dense.weight"]
    reading = sorted(
        {int(match[1]) for name in shapes if (match := re.match(re.escape(prefix) + r"(\d+)\.crossattention\.", name))}
    )
    every = reading[1] - reading[0] if len(reading) > 1 else _layers(shapes, prefix)
    return QformerSize(
        hidden_size=told.get("hidden_size", width),
        num_hidden_layers=told.get("num_hidden_layers", _layers(shapes, prefix)),
        num_attention_heads=told.get("num_attention_heads", _QFORMER_HEADS),
        intermediate_size=told.get("intermediate_size", inner),
        layer_norm_eps=_epsilon(told, 1e-12),
        cross_attention_every=told.get("cross_attention_freq", every),
        upper_layers=_layers(shapes, "model.video_Qformer.bert.encoder.layer."),
    )


def _ear(shapes: Shapes, told: Table) -> EarSize:
    width, _, kernel, _ = shapes[_EAR_STEM + "rgbt_stem.proj.weight"]
    return EarSize(
        hidden_size=told.get("audio_embed_dim", width),
        num_blocks=told.get("audio_num_blocks", _layers(shapes, _EAR_BLOCKS + "blocks.")),
        num_heads=told.get("audio_num_heads", _EAR_HEADS),
        out_size=told.get("out_embed_dim", shapes[_EAR_HEAD + "2.weight"][0]),
        intermediate_size=shapes[_EAR_BLOCKS + "blocks.0.mlp.fc1.weight"][0],
        kernel=told.get("audio_kernel_size", kernel),
        stride=told.get("audio_stride", 10),
        bins=told.get("audio_num_mel_bins", 128),
        frames=told.get("audio_target_len", 204),
        layer_norm_eps=_epsilon(told, 1e-6),
    )


def _epsilon(told: Table, usual: float) -> float:
    """The encoders' authors name it differently."""
    return next((told[name] for name in ("layer_norm_eps", "norm_eps", "eps") if name in told), usual)


def _ids(added: Table, rows: int) -> dict[MediaKind, MediaTokens]:
    """The ids of the media tokens as the tokenizer files have them, or the last nine rows."""
    if not added:
        return media_ids(rows - sum(len(names) for names in MEDIA_TOKENS.values()))
    return {kind: MediaTokens(*(added[name] for name in names)) for kind, names in MEDIA_TOKENS.items()}


def _layers(shapes: Shapes, prefix: str) -> int:
    return 1 + max(int(name[len(prefix) :].split(".", 1)[0]) for name in shapes if name.startswith(prefix))
