"""GGUF files whose header lies."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from engine.grounding.architecture import Architecture
from engine.grounding.gguf_header import check_gguf
from engine.grounding.manifest import LanguageFiles, entry, read_manifest
from engine.grounding.trust import examine
from tests.engine.grounding.network.hostile.refusal import refused


def _text(text: str | bytes) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(raw)) + raw


def _entry(key: str | bytes, kind: int, raw: bytes) -> bytes:
    return _text(key) + struct.pack("<I", kind) + raw


def _list(kind: int, parts: list[bytes]) -> bytes:
    return struct.pack("<IQ", kind, len(parts)) + b"".join(parts)


def _number(number: int) -> bytes:
    return struct.pack("<I", number)


def _float(number: float) -> bytes:
    return struct.pack("<f", number)


class _Gguf:
    """A correct file of the small model, with a place to go wrong at each of its parts."""

    def __init__(self, small: Architecture) -> None:
        size = small.llama
        self.magic, self.version, self.tensor_count, self.entry_count = b"GGUF", 3, -1, -1
        words = [f"<0x{number:02X}>" for number in range(2)] + [f"w{number}" for number in range(size.vocab_size - 2)]
        self.tokens = [_text(word) for word in words]
        self.scores = [struct.pack("<f", 0.0)] * size.vocab_size
        self.kind_type, self.score_type = 5, 6
        self.kinds = [struct.pack("<i", 6 if number < 2 else 1) for number in range(size.vocab_size)]
        self.entries = {
            "general.architecture": (8, _text("llama")),
            "llama.context_length": (4, _number(size.max_position_embeddings)),
            "llama.attention.layer_norm_rms_epsilon": (6, _float(size.rms_norm_eps)),
            "llama.block_count": (4, _number(size.num_hidden_layers)),
            "llama.embedding_length": (4, _number(size.hidden_size)),
            "llama.feed_forward_length": (4, _number(size.intermediate_size)),
            "llama.attention.head_count": (4, _number(size.num_attention_heads)),
            "llama.attention.head_count_kv": (4, _number(size.num_key_value_heads)),
            "llama.vocab_size": (4, _number(size.vocab_size)),
            "llama.rope.dimension_count": (4, _number(size.hidden_size // size.num_attention_heads)),
            "tokenizer.ggml.model": (8, _text("llama")),
        }
        self.more = b""
        self.tensors = self._tensors(small)

    def _tensors(self, small: Architecture) -> list[list[Any]]:
        size = small.llama
        width, inner, head = size.hidden_size, size.intermediate_size, size.hidden_size // size.num_attention_heads
        keys = head * size.num_key_value_heads
        shapes = {"token_embd": (width, size.vocab_size), "output_norm": (width,), "output": (width, size.vocab_size)}
        for layer in range(size.num_hidden_layers):
            shapes |= {
                f"blk.{layer}.{part}": shape
                for part, shape in {
                    "attn_norm": (width,),
                    "ffn_norm": (width,),
                    "attn_q": (width, width),
                    "attn_k": (width, keys),
                    "attn_v": (width, keys),
                    "attn_output": (width, width),
                    "ffn_gate": (width, inner),
                    "ffn_up": (width, inner),
                    "ffn_down": (inner, width),
                }.items()
            }
        rows, at = [], 0
        for name, shape in shapes.items():
            rows.append([f"{name}.weight", list(shape), 0, at])
            at += -(-4 * int(torch.Size(shape).numel()) // 32) * 32
        self.data = at
        return rows

    def bytes(self) -> bytes:
        lists = {"tokens": (8, self.tokens), "scores": (self.score_type, self.scores)}
        lists["token_type"] = (self.kind_type, self.kinds)
        entries = [_entry(key, kind, raw) for key, (kind, raw) in self.entries.items()]
        entries += [_entry(f"tokenizer.ggml.{key}", 9, _list(kind, parts)) for key, (kind, parts) in lists.items()]
        count = len(entries) if self.entry_count < 0 else self.entry_count
        tensors = len(self.tensors) if self.tensor_count < 0 else self.tensor_count
        head = self.magic + struct.pack("<IQQ", self.version, tensors, count) + b"".join(entries) + self.more
        for name, shape, kind, offset in self.tensors:
            head += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)
        return head + bytes(-len(head) % 32) + bytes(self.data + 32)


def _set(**values: Any) -> Callable[[_Gguf], None]:
    return lambda file: [setattr(file, name, value) for name, value in values.items()] and None


def _add(raw: bytes) -> Callable[[_Gguf], None]:
    def change(file: _Gguf) -> None:
        file.entry_count = len(file.entries) + 4
        file.more = raw

    return change


def _replace(key: str, kind: int, raw: bytes) -> Callable[[_Gguf], None]:
    return lambda file: file.entries.update({key: (kind, raw)})


def _tensor(place: int, part: int, value: object) -> Callable[[_Gguf], None]:
    return lambda file: file.tensors[place].__setitem__(part, value)


def _alignment(number: int) -> Callable[[_Gguf], None]:
    return _replace("general.alignment", 4, _number(number))


def _bad_byte(file: _Gguf) -> None:
    file.tokens[0] = _text("<0x-1>")


def _tokens(first: bytes, second: bytes) -> Callable[[_Gguf], None]:
    return lambda file: file.tokens.__setitem__(slice(2, 4), [_text(first), _text(second)])


def _odd_score(file: _Gguf) -> None:
    file.scores = [struct.pack("<f", float("nan")), *file.scores[1:]]


def _unknown_kinds(file: _Gguf) -> None:
    file.kinds = [struct.pack("<i", 99)] * len(file.kinds)


def _narrow_kinds(file: _Gguf) -> None:
    file.kind_type, file.kinds = 1, [b"\x01"] * len(file.kinds)


def _wide_scores(file: _Gguf) -> None:
    file.score_type, file.scores = 12, [struct.pack("<d", 0.0)] * len(file.scores)


_HUGE = struct.pack("<Q", 1 << 63)
GGUF: dict[str, Callable[[_Gguf], None]] = {
    "another magic": _set(magic=b"GGML"),
    "version 1": _set(version=1),
    "version 2^32-1": _set(version=(1 << 32) - 1),
    "2^42 tensors": _set(tensor_count=1 << 42),
    "2^63 tensors": _set(tensor_count=1 << 63),
    "2^63 entries": _set(entry_count=1 << 63),
    "more entries than there are": _set(entry_count=400),
    "more tensors than there are": _set(tensor_count=4000),
    "a key of 2^63 bytes": _add(_HUGE),
    "a text of 2^63 bytes": _add(_text("general.name") + _number(8) + _HUGE),
    "a list of 2^63 numbers": _add(_entry("general.tags", 9, _number(4) + _HUGE)),
    "a list of 2^63 texts": _add(_entry("general.tags", 9, _number(8) + _HUGE)),
    "a list of lists": _add(_entry("general.tags", 9, _list(9, [_list(4, [])]))),
    "a value of type 99": _add(_entry("general.name", 99, b"1234")),
    "a list of type 99": _add(_entry("general.tags", 9, _list(99, [b"1234"]))),
    "a key that is no text": _add(_entry(b"general.\xff\xfe", 4, _number(1))),
    "an unknown key": _add(_entry("general.architecture.;rm -rf", 4, _number(1))),
    "the same key twice": _add(_entry("llama.block_count", 4, _number(1))),
    "alignment 0": _alignment(0),
    "alignment 2^31": _alignment(1 << 31),
    "alignment 48": _alignment(48),
    "alignment as text": _replace("general.alignment", 8, _text("32")),
    "another architecture": _replace("general.architecture", 8, _text("evil")),
    "10^9 blocks": _replace("llama.block_count", 4, _number(10**9)),
    "no heads": _replace("llama.attention.head_count", 4, _number(0)),
    "another vocabulary size": _replace("llama.vocab_size", 4, _number(1 << 30)),
    "experts": _replace("llama.expert_count", 4, _number(1 << 31)),
    "more experts used than there are": _replace("llama.expert_used_count", 4, _number(9)),
    "an epsilon that is no number": _replace("llama.attention.layer_norm_rms_epsilon", 6, _float(float("nan"))),
    "a negative epsilon": _replace("llama.attention.layer_norm_rms_epsilon", 6, _float(-1.0)),
    "another epsilon": _replace("llama.attention.layer_norm_rms_epsilon", 6, _float(1e-2)),
    "positions that do not turn": _replace("llama.rope.freq_base", 6, _float(0.0)),
    "scaled positions": _replace("llama.rope.scaling.type", 8, _text("yarn")),
    "attention to what comes": _replace("llama.attention.causal", 7, b"\x00"),
    "a pooling": _replace("llama.pooling_type", 4, _number(99)),
    "no context": _replace("llama.context_length", 4, _number(0)),
    "keys of another width": _replace("llama.attention.key_length", 4, _number(7)),
    "values of another width": _replace("llama.attention.value_length", 4, _number(7)),
    "an end that is no token": _replace("tokenizer.ggml.eos_token_id", 4, _number(1 << 31)),
    "another end": _replace("tokenizer.ggml.eos_token_id", 4, _number(5)),
    "a start that is no token": _replace("tokenizer.ggml.bos_token_id", 4, _number(4_000_000_000)),
    "an unknown token that is no token": _replace("tokenizer.ggml.unknown_token_id", 4, _number(4_000_000_000)),
    "tokens of unknown kinds": _unknown_kinds,
    "kinds of one byte": _narrow_kinds,
    "scores of eight bytes": _wide_scores,
    "fewer tokens than it says": lambda file: file.tokens.pop(),
    "a byte token <0x-1>": _bad_byte,
    "the same token twice": _tokens(b"word", b"word"),
    "tokens that are the same up to a zero": _tokens(b"word\0a", b"word\0b"),
    "an empty token": _tokens(b"", b"word"),
    "a score that is no number": _odd_score,
    "a tensor of type 200": _tensor(0, 2, 200),
    "scales of half floats": _tensor(1, 2, 1),
    "frequencies of positions": lambda file: file.tensors.append(["rope_freqs.weight", [6], 0, file.data]),
    "a tensor of five edges": _tensor(0, 1, [1, 1, 1, 1, 1]),
    "a tensor without edges": _tensor(0, 1, []),
    "a tensor with an edge of 0": _tensor(0, 1, [48, 0]),
    "a tensor with an edge of 2^63": _tensor(0, 1, [48, 1 << 63]),
    "a tensor beyond the end": _tensor(3, 3, 1 << 40),
    "a tensor off its alignment": _tensor(3, 3, 33),
    "two tensors in one place": _tensor(3, 3, 0),
    "two tensors of one name": _tensor(3, 0, "output.weight"),
    "a tensor name of 10,000 letters": _tensor(3, 0, "a" * 10_000),
    "a tensor too few": lambda file: file.tensors.pop(),
}


@pytest.mark.parametrize("kind", GGUF)
def test_gguf_files_with_absurd_headers_arerefused(tmp_path: Path, small: Architecture, kind: str) -> None:
    file = _Gguf(small)
    GGUF[kind](file)
    (tmp_path / "evil.gguf").write_bytes(file.bytes())
    refused(lambda: check_gguf(tmp_path / "evil.gguf", small.llama))


def test_a_correct_gguf_passes_and_its_chat_template_is_never_evaluated(tmp_path: Path, small: Architecture) -> None:
    file = _Gguf(small)
    template = "{{ cycler.__init__.__globals__.os.system('touch " + str(tmp_path / "canary") + "') }}"
    file.entries["tokenizer.chat_template"] = (8, _text(template))
    (tmp_path / "fine.gguf").write_bytes(file.bytes())
    check_gguf(tmp_path / "fine.gguf", small.llama)


@pytest.mark.parametrize("cut", [0, 3, 10, 40, 300, 3000])
def test_a_cut_gguf_isrefused(tmp_path: Path, small: Architecture, cut: int) -> None:
    (tmp_path / "cut.gguf").write_bytes(_Gguf(small).bytes()[:cut])
    refused(lambda: check_gguf(tmp_path / "cut.gguf", small.llama))


def test_a_gguf_that_the_manifest_vouches_for_is_still_looked_at(folder: Path, small: Architecture) -> None:
    file = _Gguf(small)
    file.tensor_count = 1 << 42
    (folder / "language-F16.gguf").write_bytes(file.bytes())
    manifest = read_manifest(folder)
    rows = (*manifest.languages, LanguageFiles("llamacpp", "F16", ("language-F16.gguf",)))
    files = {**manifest.files, "language-F16.gguf": entry(folder / "language-F16.gguf")}
    changed = msgspec.structs.replace(manifest, languages=rows, files=files)
    (folder / "manifest.json").write_bytes(msgspec.json.encode(changed))
    assert "tensors" in refused(lambda: examine(folder))
