"""GGUF files of a LLaMA and of a LoRA, tensor by tensor: no more than one tensor is in memory.

llama.cpp turns queries and keys by interleaved pairs, the published weights by halves: the rows of both are reordered.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf.quants import quantize
from msgspec import Struct
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor
from torch import Tensor

from engine.grounding.architecture import LlamaSize
from engine.grounding.backbone import head_width
from engine.grounding.jobs import part_of
from engine.grounding.lora import PROJECTIONS, projection_sizes, read_lora

_Types = gguf.GGMLQuantizationType
_FILE_TYPES = {
    "F32": (_Types.F32, gguf.LlamaFileType.ALL_F32),
    "F16": (_Types.F16, gguf.LlamaFileType.MOSTLY_F16),
    "BF16": (_Types.BF16, gguf.LlamaFileType.MOSTLY_BF16),
}
_NAMES = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    **dict(
        zip(PROJECTIONS, ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"), strict=True)
    ),
}


class Piece(Struct, frozen=True):
    """One row of the vocabulary."""

    text: bytes
    score: float
    kind: gguf.TokenType


def vocabulary(processor: SentencePieceProcessor, size: int, added: Mapping[int, str]) -> list[Piece]:
    """The SentencePiece vocabulary, then the added media tokens, then unused rows up to `size`."""
    known = processor.get_piece_size()
    pieces = [_piece(processor, token) for token in range(min(known, size))]
    for token in range(known, size):
        kind = gguf.TokenType.CONTROL if token in added else gguf.TokenType.UNUSED
        pieces.append(Piece(added.get(token, f"<unused_{token}>").encode(), -1000.0, kind))
    return pieces


def write_llama(
    path: Path,
    size: LlamaSize,
    pieces: Sequence[Piece],
    load: Callable[[str], Tensor],
    *,
    kind: str = "F16",
    name: str = "groundwork",
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Writes the LLaMA whose tensors `load` gives by their published names; whole or not at all."""
    element, file_type = _FILE_TYPES[kind]
    part = part_of(path)
    writer = gguf.GGUFWriter(part, "llama")
    writer.add_name(name)
    writer.add_file_type(file_type)
    _describe(writer, size)
    _describe_vocabulary(writer, pieces, size)
    plan = _plan(size)
    for target, source in plan:
        edges = _edges(source, size)
        held = element if len(edges) > 1 else _Types.F32
        total = math.prod(edges) * (4 if held == _Types.F32 else 2)
        writer.add_tensor_info(target, edges, np.dtype(np.float32), total, raw_dtype=held)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for done, (_, source) in enumerate(plan):
        values = _reordered(source, load(source).detach().float().numpy(), size)
        writer.write_tensor_data(quantize(values, element if values.ndim > 1 else _Types.F32))
        if progress:
            progress(done + 1, len(plan))
    writer.close()
    part.replace(path)


def write_lora(folder: Path, path: Path, size: LlamaSize) -> None:
    """The peft LoRA in `folder` as a GGUF adapter."""
    lora = read_lora(folder)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    # llama.cpp divides alpha by the rank; what peft divides by is already in `scaling`.
    writer.add_float32("adapter.lora.alpha", lora.scaling * lora.rank)
    for (layer, projection), (a, b) in sorted(lora.pairs.items()):
        target = f"blk.{layer}.{_NAMES[projection]}.weight"
        writer.add_tensor(f"{target}.lora_a", np.ascontiguousarray(a.float().numpy()))
        rows = _reordered(projection, b.float().numpy(), size)
        writer.add_tensor(f"{target}.lora_b", np.ascontiguousarray(rows))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _piece(processor: SentencePieceProcessor, token: int) -> Piece:
    kind = gguf.TokenType.NORMAL
    for test, special in (
        (processor.is_unknown, gguf.TokenType.UNKNOWN),
        (processor.is_control, gguf.TokenType.CONTROL),
        (processor.is_byte, gguf.TokenType.BYTE),
        (processor.is_unused, gguf.TokenType.UNUSED),
    ):
        if test(token):
            kind = special
    return Piece(processor.id_to_piece(token).encode(), processor.get_score(token), kind)


def _describe(writer: Any, size: LlamaSize) -> None:
    writer.add_context_length(size.max_position_embeddings)
    writer.add_embedding_length(size.hidden_size)
    writer.add_block_count(size.num_hidden_layers)
    writer.add_feed_forward_length(size.intermediate_size)
    writer.add_head_count(size.num_attention_heads)
    writer.add_head_count_kv(size.num_key_value_heads)
    writer.add_layer_norm_rms_eps(size.rms_norm_eps)
    writer.add_vocab_size(size.vocab_size)
    writer.add_key_length(head_width(size))
    writer.add_value_length(head_width(size))
    writer.add_rope_dimension_count(head_width(size))
    writer.add_rope_freq_base(size.rope_theta)


def _describe_vocabulary(writer: Any, pieces: Sequence[Piece], size: LlamaSize) -> None:
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([piece.text for piece in pieces])
    writer.add_token_scores([piece.score for piece in pieces])
    writer.add_token_types([piece.kind for piece in pieces])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(size.bos_token_id)
    writer.add_eos_token_id(size.eos_token_id)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(True)


def _plan(size: LlamaSize) -> list[tuple[str, str]]:
    """(name in the file, published name) of every tensor."""
    plan = [
        ("token_embd.weight", "model.embed_tokens.weight"),
        ("output_norm.weight", "model.norm.weight"),
    ]
    if not size.tie_word_embeddings:
        plan.append(("output.weight", "lm_head.weight"))
    for layer in range(size.num_hidden_layers):
        plan += [
            (f"blk.{layer}.{short}.weight", f"model.layers.{layer}.{long}.weight") for long, short in _NAMES.items()
        ]
    return plan


def _edges(source: str, size: LlamaSize) -> tuple[int, ...]:
    if "norm" in source:
        return (size.hidden_size,)
    known = projection_sizes(size)
    return next((known[part] for part in PROJECTIONS if part in source), (size.vocab_size, size.hidden_size))


def _reordered(source: str, values: NDArray[np.float32], size: LlamaSize) -> NDArray[np.float32]:
    """Rows of queries and keys from halves to interleaved pairs."""
    heads = {"q_proj": size.num_attention_heads, "k_proj": size.num_key_value_heads}
    count = next((heads[part] for part in heads if part in source), 0)
    if not count:
        return values
    split = values.reshape(count, 2, head_width(size) // 2, *values.shape[1:])
    return np.ascontiguousarray(split.swapaxes(1, 2).reshape(values.shape))
