"""How large each part of the network is: frozen values, read from a manifest or from a published checkpoint.

Nothing about a model is a constant of the code: a small model is the same classes with smaller numbers.
Source: GroundingGPT (arXiv 2401.06071), section 3.1; names of the fields follow the published configuration files.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from engine.domain.media import MediaKind

Width = Annotated[int, Meta(ge=1, le=1 << 20)]
Count = Annotated[int, Meta(ge=1, le=4096)]
Id = Annotated[int, Meta(ge=0, le=1 << 24)]
Epsilon = Annotated[float, Meta(ge=0, le=1)]


class LlamaSize(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The language model."""

    vocab_size: Width
    hidden_size: Width
    intermediate_size: Width
    num_hidden_layers: Count
    num_attention_heads: Count
    num_key_value_heads: Count
    max_position_embeddings: Width = 2048
    rms_norm_eps: Epsilon = 1e-5
    rope_theta: Annotated[float, Meta(ge=1, le=1e9)] = 10000.0
    head_dim: Annotated[int, Meta(ge=0, le=4096)] = 0
    tie_word_embeddings: bool = False
    bos_token_id: Id = 1
    eos_token_id: Id = 2
    pad_token_id: Id = 0


class ClipSize(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The image tower. `select_layer` picks the hidden state (-2: the last but one), `class_token` keeps its row."""

    hidden_size: Width
    intermediate_size: Width
    num_hidden_layers: Count
    num_attention_heads: Count
    image_size: Width
    patch_size: Width
    hidden_act: Literal["quick_gelu", "gelu"] = "quick_gelu"
    layer_norm_eps: Epsilon = 1e-5
    select_layer: Annotated[int, Meta(ge=-4096, le=4096)] = -2
    class_token: bool = False

    @property
    def tokens(self) -> int:
        """How many features a picture has."""
        return (self.image_size // self.patch_size) ** 2 + self.class_token


class EvaSize(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The frame encoder (EVA-CLIP-g in the published model)."""

    image_size: Width
    patch_size: Width
    hidden_size: Width
    num_hidden_layers: Count
    num_attention_heads: Count
    intermediate_size: Width
    layer_norm_eps: Epsilon = 1e-6
    out_norm_eps: Epsilon = 1e-5

    @property
    def tokens(self) -> int:
        """Rows of a frame: its patches and the class token."""
        return (self.image_size // self.patch_size) ** 2 + 1


class QformerSize(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Q-Former of single frames; those of clips and sounds share its width, heads and inner width."""

    hidden_size: Width
    num_hidden_layers: Count
    num_attention_heads: Count
    intermediate_size: Width
    layer_norm_eps: Epsilon = 1e-12
    cross_attention_every: Count = 2
    upper_layers: Count = 2


class EarSize(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sound encoder (the audio trunk of ImageBind). Spectrogram: `bins` x `frames`."""

    hidden_size: Width
    num_blocks: Count
    num_heads: Count
    out_size: Width
    intermediate_size: Width
    kernel: Count = 16
    stride: Count = 10
    bins: Count = 128
    frames: Count = 204
    layer_norm_eps: Epsilon = 1e-6

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches on a spectrogram."""
        return (self.bins - self.kernel) // self.stride + 1, (self.frames - self.kernel) // self.stride + 1


class MediaTokens(Struct, frozen=True, forbid_unknown_fields=True):
    """Ids of the three tokens of one kind of medium."""

    patch: Id
    start: Id
    end: Id


class Architecture(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole network.

    `frame_queries` tokens per frame; a clip becomes `video_tokens`, a sound `sound_tokens` rows of the language model.
    `max_frames` and `sound_positions` are the rows of the two position tables.
    """

    llama: LlamaSize
    clip: ClipSize
    eva: EvaSize
    qformer: QformerSize
    ear: EarSize
    frame_queries: Count
    max_frames: Count
    video_tokens: Count
    sound_tokens: Count
    sound_positions: Count
    image_ids: MediaTokens
    video_ids: MediaTokens
    sound_ids: MediaTokens
    projector: Literal["mlp2x_gelu", "linear"] = "mlp2x_gelu"

    def tokens(self, kind: MediaKind) -> int:
        """How many rows of the language model a medium of `kind` takes."""
        return {
            MediaKind.IMAGE: self.clip.tokens,
            MediaKind.VIDEO: self.video_tokens,
            MediaKind.AUDIO: self.sound_tokens,
        }[kind]

    def ids(self, kind: MediaKind) -> MediaTokens:
        """The token ids that stand for a medium of `kind`."""
        return {
            MediaKind.IMAGE: self.image_ids,
            MediaKind.VIDEO: self.video_ids,
            MediaKind.AUDIO: self.sound_ids,
        }[kind]


MEDIA_TOKENS = {
    MediaKind.IMAGE: ("<im_patch>", "<im_start>", "<im_end>"),
    MediaKind.VIDEO: ("<vi_patch>", "<vi_start>", "<vi_end>"),
    MediaKind.AUDIO: ("<so_patch>", "<so_start>", "<so_end>"),
}


def media_ids(vocabulary: int) -> dict[MediaKind, MediaTokens]:
    """The nine media tokens in the published order, right after a vocabulary of that many pieces."""
    return {
        kind: MediaTokens(*range(vocabulary + 3 * place, vocabulary + 3 * place + 3))
        for place, kind in enumerate(MEDIA_TOKENS)
    }


def misfit(size: Architecture) -> str:
    """Which sizes contradict each other, in words; nothing if none do."""
    llama, clip, eva, qformer, ear = size.llama, size.clip, size.eva, size.qformer, size.ear
    ids = [id_ for kind in MediaKind for id_ in msgspec.structs.astuple(size.ids(kind))]
    within = -clip.num_hidden_layers - 1 <= clip.select_layer <= clip.num_hidden_layers
    rules = {
        "the heads of the language model": (llama.head_dim or llama.hidden_size % llama.num_attention_heads == 0)
        and llama.num_attention_heads % llama.num_key_value_heads == 0,
        "the heads of the image tower": clip.hidden_size % clip.num_attention_heads == 0,
        "the heads of the frame encoder": eva.hidden_size % eva.num_attention_heads == 0,
        "the heads of the Q-Formers": qformer.hidden_size % qformer.num_attention_heads == 0,
        "the heads of the sound encoder": ear.hidden_size % ear.num_heads == 0,
        "the layer of the image tower": within,
        "the patches of pictures": clip.patch_size <= clip.image_size and eva.patch_size <= eva.image_size,
        "the patches of spectrograms": ear.kernel <= min(ear.bins, ear.frames),
        "the ids of media tokens": len(set(ids)) == len(ids) and max(ids) < llama.vocab_size,
    }
    return next((what for what, fits in rules.items() if not fits), "")
