"""A look at a GGUF file in plain Python before any library parses it: only a LLaMA of the expected sizes passes.

Counts, strings, types, alignment and places are bounded, unknown keys are refused, chat templates are never evaluated.
Source: the GGUF specification, version 3.
"""

import math
import re
import struct
from io import BufferedReader
from pathlib import Path
from typing import Any

from msgspec import Struct

from engine.domain.errors import ModelError
from engine.grounding.architecture import LlamaSize

_MOST_TENSORS, _MOST_KEYS, _LONGEST_TEXT, _LONGEST_ARRAY = 65536, 512, 1 << 16, 1 << 21
_STRING, _ARRAY, _INT32, _FLOAT32 = 8, 9, 5, 6
_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_KEYS = re.compile(
    r"general\.[a-z0-9_.]{1,48}|llama\.[a-z0-9_.]{1,48}"
    r"|tokenizer\.ggml\.(?:model|pre|tokens|scores|token_type|add_[a-z_]{1,24}|[a-z_]{1,24}_token_id)"
    r"|tokenizer\.chat_template",
    re.ASCII,
)
# Elements and bytes of a block for each type that a language model of ours is written in.
_BLOCKS = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    20: (32, 18),
    30: (1, 2),
}
_BYTE = re.compile(rb"<0x[0-9A-F]{2}>")
_BYTE_TOKEN = 6
_SINGLES = 0
_TOKEN_KINDS = range(1, 7)


class _List(Struct, frozen=True):
    kind: int
    parts: list[Any]


class _Place(Struct, frozen=True):
    name: str
    shape: tuple[int, ...]
    kind: int
    size: int
    offset: int


def check_gguf(path: Path, size: LlamaSize) -> None:
    """Raise a ModelError unless `path` is a GGUF language model of that size whose header describes the file."""
    try:
        with path.open("rb") as file:
            values, places, alignment = _header(_Reader(path, file))
            end = file.tell()
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read; install the model again.") from error
    _check_values(path, values, size)
    _check_shapes(path, places, size)
    _check_places(path, places, end + -end % alignment, alignment)


class _Reader:
    """Numbers and texts of a file, none of them beyond its end."""

    def __init__(self, path: Path, file: BufferedReader) -> None:
        self.path, self._file = path, file
        self._left = path.stat().st_size

    def refuse(self, reason: str) -> ModelError:
        return _refused(self.path, reason)

    def take(self, count: int) -> bytes:
        self._left -= count
        if self._left < 0:
            raise self.refuse("it ends within its header")
        return self._file.read(count)

    def number(self, form: str) -> Any:
        return struct.unpack("<" + form, self.take(struct.calcsize(form)))[0]

    def text(self) -> bytes:
        length = self.number("Q")
        if length > _LONGEST_TEXT:
            raise self.refuse(f"a text of it is {length} bytes long")
        return self.take(length)

    def name(self) -> str:
        try:
            return self.text().decode("ascii")
        except UnicodeDecodeError as error:
            raise self.refuse("a name in it is no plain text") from error

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.text()
        if kind == _ARRAY:
            return self._array()
        if kind not in _FORMATS:
            raise self.refuse(f"it holds a value of the unknown type {kind}")
        return self.number(_FORMATS[kind])

    def _array(self) -> _List:
        kind, count = self.number("I"), self.number("Q")
        if count > _LONGEST_ARRAY or kind == _ARRAY:
            raise self.refuse(f"a list of it has {count} parts")
        if kind == _STRING:
            return _List(kind, [self.text() for _ in range(count)])
        if kind not in _FORMATS:
            raise self.refuse(f"it holds a list of the unknown type {kind}")
        form = _FORMATS[kind]
        return _List(kind, list(struct.unpack(f"<{count}{form}", self.take(count * struct.calcsize(form)))))


def _header(reader: _Reader) -> tuple[dict[str, Any], list[_Place], int]:
    if reader.take(4) != b"GGUF":
        raise reader.refuse("it is no GGUF file")
    version, tensors, keys = reader.number("I"), reader.number("Q"), reader.number("Q")
    if version != 3:
        raise reader.refuse(f"it has the unknown version {version}")
    if tensors > _MOST_TENSORS or keys > _MOST_KEYS:
        raise reader.refuse(f"it claims {tensors} tensors and {keys} entries")
    values: dict[str, Any] = {}
    for _ in range(keys):
        key = reader.name()
        if key in values or not _KEYS.fullmatch(key):
            raise reader.refuse(f"its entry “{key[:40]}” is unknown or there twice")
        values[key] = reader.value(reader.number("I"))
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 8 <= alignment <= 4096 or alignment & (alignment - 1):
        raise reader.refuse(f"its alignment is {alignment}")
    return values, [_place(reader) for _ in range(tensors)], alignment


def _place(reader: _Reader) -> _Place:
    name, edges = reader.name(), reader.number("I")
    if not 1 <= edges <= 4 or len(name) > 64:
        raise reader.refuse("a tensor of it has a shape or name beyond measure")
    shape = tuple(reader.number("Q") for _ in range(edges))
    kind, offset = reader.number("I"), reader.number("Q")
    if kind not in _BLOCKS:
        raise reader.refuse(f"a tensor of it has the unknown type {kind}")
    elements, block = _BLOCKS[kind]
    if not all(1 <= edge <= 1 << 24 for edge in shape) or shape[0] % elements:
        raise reader.refuse(f"the tensor “{name}” has an impossible shape")
    return _Place(name, shape, kind, math.prod(shape) // elements * block, offset)


def _expected(size: LlamaSize) -> dict[str, Any]:
    """What the entries must say; all that llama.cpp may hear of its network is among them."""
    width = size.head_dim or size.hidden_size // size.num_attention_heads
    return {
        "general.architecture": b"llama",
        "llama.context_length": size.max_position_embeddings,
        "llama.embedding_length": size.hidden_size,
        "llama.block_count": size.num_hidden_layers,
        "llama.feed_forward_length": size.intermediate_size,
        "llama.attention.head_count": size.num_attention_heads,
        "llama.attention.head_count_kv": size.num_key_value_heads,
        "llama.attention.key_length": width,
        "llama.attention.value_length": width,
        "llama.attention.layer_norm_rms_epsilon": _single(size.rms_norm_eps),
        "llama.vocab_size": size.vocab_size,
        "llama.rope.dimension_count": width,
        "llama.rope.freq_base": _single(size.rope_theta),
        "tokenizer.ggml.model": b"llama",
        "tokenizer.ggml.bos_token_id": size.bos_token_id,
        "tokenizer.ggml.eos_token_id": size.eos_token_id,
    }


def _assumed(size: LlamaSize) -> dict[str, Any]:
    """What llama.cpp takes for an entry that is not there."""
    head = size.hidden_size // size.num_attention_heads
    return {
        "llama.attention.key_length": head,
        "llama.attention.value_length": head,
        "llama.rope.freq_base": 10000.0,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
    }


def _single(number: float) -> float:
    """The number as a file keeps it."""
    return float(struct.unpack("<f", struct.pack("<f", number))[0])


def _check_values(path: Path, values: dict[str, Any], size: LlamaSize) -> None:
    expected = _expected(size)
    for key in values:
        if key.startswith("llama.") and key not in expected:
            raise _refused(path, f"its entry “{key[:60]}” is unknown")
    told = _assumed(size) | values
    for key, value in expected.items():
        if told.get(key) != value:
            raise _refused(path, f"its {key} is {str(told.get(key))[:40]}, not what the manifest says")
    for key, value in values.items():
        if key.endswith("_token_id") and not (isinstance(value, int) and 0 <= value < size.vocab_size):
            raise _refused(path, f"its {key} is no token")
    _check_vocabulary(path, values, size)


def _check_vocabulary(path: Path, values: dict[str, Any], size: LlamaSize) -> None:
    tokens, scores, kinds = (
        _parts(path, values.get(f"tokenizer.ggml.{part}"), kind, size)
        for part, kind in (("tokens", _STRING), ("scores", _FLOAT32), ("token_type", _INT32))
    )
    if any(len(token) > 512 for token in tokens):
        raise _refused(path, "a token of it is far too long")
    # llama.cpp reads up to a zero, and ends the process over two that are then the same.
    words = {token.partition(b"\0")[0] for token in tokens}
    if b"" in words or len(words) != len(tokens):
        raise _refused(path, "a token of it is empty or there twice")
    if any(kind not in _TOKEN_KINDS for kind in kinds):
        raise _refused(path, "a token of it is of an unknown kind")
    if any(kind == _BYTE_TOKEN and not _BYTE.fullmatch(token) for token, kind in zip(tokens, kinds, strict=True)):
        raise _refused(path, "a byte token of it is no byte")
    if not all(math.isfinite(score) for score in scores):
        raise _refused(path, "a score in its vocabulary is no number")


def _parts(path: Path, found: object, kind: int, size: LlamaSize) -> list[Any]:
    """One list of the vocabulary; llama.cpp reads each as it should be, without a look at what it is."""
    if not isinstance(found, _List) or found.kind != kind or len(found.parts) != size.vocab_size:
        raise _refused(path, "its vocabulary is not of the kind and size that the manifest says")
    return found.parts


def _check_shapes(path: Path, places: list[_Place], size: LlamaSize) -> None:
    width, inner = size.hidden_size, size.intermediate_size
    head = size.head_dim or width // size.num_attention_heads
    queries, keys = head * size.num_attention_heads, head * size.num_key_value_heads
    layer = {
        "attn_norm": (width,),
        "ffn_norm": (width,),
        "attn_q": (width, queries),
        "attn_k": (width, keys),
        "attn_v": (width, keys),
        "attn_output": (queries, width),
        "ffn_gate": (width, inner),
        "ffn_up": (width, inner),
        "ffn_down": (inner, width),
    }
    expected = {"token_embd.weight": (width, size.vocab_size), "output_norm.weight": (width,)}
    if not size.tie_word_embeddings:
        expected["output.weight"] = (width, size.vocab_size)
    for number in range(size.num_hidden_layers):
        expected |= {f"blk.{number}.{part}.weight": shape for part, shape in layer.items()}
    found = {place.name: place.shape for place in places}
    if len(found) != len(places) or found != expected:
        raise _refused(path, "its tensors are not those of the model in the manifest")
    # llama.cpp ends the process where it is to scale by numbers of another type.
    if any(place.kind != _SINGLES for place in places if len(place.shape) == 1):
        raise _refused(path, "the scales of its layers are no single floats")


def _check_places(path: Path, places: list[_Place], begin: int, alignment: int) -> None:
    room, at = path.stat().st_size - begin, 0
    for place in sorted(places, key=lambda place: place.offset):
        if place.offset % alignment or place.offset < at or place.offset + place.size > room:
            raise _refused(path, f"the tensor “{place.name}” does not fit its place")
        at = place.offset + place.size


def _refused(path: Path, reason: str) -> ModelError:
    return ModelError(f"{path.name} is refused because {reason}; install the model again from a source you trust.")
