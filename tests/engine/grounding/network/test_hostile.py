"""Hostile models: each file is refused in one sentence, and nothing of it is ever run.

A canary would be written by every payload; an audit hook listens for processes, sockets and what pickles look up.
"""

import io
import json
import os
import pickle
import shutil
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from engine.domain.errors import ModelError
from engine.grounding.architecture import Architecture
from engine.grounding.checkpoint import load_model
from engine.grounding.convert import convert
from engine.grounding.gguf_header import check_gguf
from engine.grounding.manifest import FileEntry, LanguageFiles, Manifest, entry, read_manifest
from engine.grounding.model_folder import save_model
from engine.grounding.network import GroundingModel
from engine.grounding.prompt import PromptStyle
from engine.grounding.trust import examine, trusted
from engine.media.sampling import Hearing, Seeing, Watching

GOLDEN = Path(__file__).parents[4] / "tests" / "golden" / "parity" / "set_A"
_FORBIDDEN = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "socket.",
    "pickle.find_class",
    "ctypes.dlopen",
)
_heard: list[str] = []
_listening: list[bool] = []


def _hook(event: str, _arguments: tuple[Any, ...]) -> None:
    if _listening and event.startswith(_FORBIDDEN):
        _heard.append(event)


sys.addaudithook(_hook)


@pytest.fixture(autouse=True)
def _nothing_runs(tmp_path: Path) -> Iterator[None]:
    _heard.clear()
    _listening.append(True)
    yield
    _listening.clear()
    assert not _heard
    assert not (tmp_path / "canary").exists()


@pytest.fixture
def folder(tmp_path: Path, network: GroundingModel, small: Architecture) -> Path:
    manifest = Manifest(
        name="Small",
        architecture=small,
        seeing=Seeing(resize=30, crop=30),
        watching=Watching(side=24, limit=7),
        hearing=Hearing(),
        prompt=PromptStyle(),
        senses=(),
        languages=(),
        files={},
    )
    save_model(tmp_path / "small", network, manifest, b"pieces", "fp32")
    return tmp_path / "small"


def _refused(work: Callable[[], object]) -> str:
    with pytest.raises(ModelError) as caught:
        work()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < 500
    return sentence


class _Payload:
    """Writes the canary when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self._canary}",)


# --- safetensors ------------------------------------------------------------------------------------------------------


def _safetensors(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def _row(shape: object = (2,), offsets: object = (0, 8), dtype: object = "F32", **more: object) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets, **more}


_EIGHT = bytes(8)
SAFETENSORS: dict[str, bytes] = {
    "empty": b"",
    "shorter than its length": b"\x01\x02",
    "header longer than the file": struct.pack("<Q", 1 << 20) + b"{}",
    "header of 2^63 bytes": struct.pack("<Q", 1 << 63) + b"{}",
    "header of 2^64-1 bytes": struct.pack("<Q", (1 << 64) - 1) + b"{}",
    "no JSON": _safetensors(b"\x80\x04\x95"),
    "a list": _safetensors([1, 2]),
    "deep nesting": _safetensors(b'{"a":' + b"[" * 100_000),
    "not UTF-8": _safetensors(b'{"\xff\xfe": 1}'),
    "a number for a tensor": _safetensors({"a": 7}),
    "unknown type": _safetensors({"a": _row(dtype="F128")}, _EIGHT),
    "type that is no text": _safetensors({"a": _row(dtype=4)}, _EIGHT),
    "no type": _safetensors({"a": {"shape": [2], "data_offsets": [0, 8]}}, _EIGHT),
    "further keys": _safetensors({"a": _row(code="import os")}, _EIGHT),
    "negative edge": _safetensors({"a": _row(shape=[-2])}, _EIGHT),
    "edge of 2^62": _safetensors({"a": _row(shape=[1 << 62, 4])}, _EIGHT),
    "edges whose product wraps": _safetensors({"a": _row(shape=[1 << 32, 1 << 32, 2])}, _EIGHT),
    "fractional edge": _safetensors({"a": _row(shape=[2.0])}, _EIGHT),
    "boolean edge": _safetensors({"a": _row(shape=[True, 2])}, _EIGHT),
    "nine edges": _safetensors({"a": _row(shape=[1] * 8 + [2])}, _EIGHT),
    "place beyond the end": _safetensors({"a": _row(shape=[2000], offsets=[0, 8000])}, _EIGHT),
    "place before the data": _safetensors({"a": _row(offsets=[-8, 0])}, _EIGHT),
    "place back to front": _safetensors({"a": _row(offsets=[8, 0])}, _EIGHT),
    "place of another size": _safetensors({"a": _row(shape=[3])}, _EIGHT),
    "overlap": _safetensors({"a": _row(), "b": _row(offsets=[4, 12])}, bytes(12)),
    "gap": _safetensors({"a": _row(), "b": _row(offsets=[16, 24])}, bytes(24)),
    "bytes after the last tensor": _safetensors({"a": _row()}, bytes(64)),
    "NaN for a place": _safetensors(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[NaN,8]}}', _EIGHT),
    "three places": _safetensors({"a": _row(offsets=[0, 4, 8])}, _EIGHT),
    "a tensor of no network": _safetensors({"evil": _row()}, _EIGHT),
}


def _swap(folder: Path, name: str, data: bytes) -> None:
    """Another content under a manifest that vouches for it."""
    manifest = read_manifest(folder)
    (folder / name).write_bytes(data)
    files = {**manifest.files, name: entry(folder / name)}
    (folder / "manifest.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, files=files)))


@pytest.mark.parametrize("kind", SAFETENSORS)
def test_mutated_safetensors_are_refused(folder: Path, kind: str) -> None:
    _swap(folder, "senses.safetensors", SAFETENSORS[kind])
    _refused(lambda: load_model(folder))
    if kind != "a tensor of no network":
        _refused(lambda: trusted(folder))


# --- GGUF -------------------------------------------------------------------------------------------------------------


def _text(text: str | bytes) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(raw)) + raw


def _entry(key: str | bytes, kind: int, raw: bytes) -> bytes:
    return _text(key) + struct.pack("<I", kind) + raw


def _list(kind: int, parts: list[bytes]) -> bytes:
    return struct.pack("<IQ", kind, len(parts)) + b"".join(parts)


def _number(number: int) -> bytes:
    return struct.pack("<I", number)


class _Gguf:
    """A correct file of the small model, with a place to go wrong at each of its parts."""

    def __init__(self, small: Architecture) -> None:
        size = small.llama
        self.magic, self.version, self.tensor_count, self.entry_count = b"GGUF", 3, -1, -1
        words = [f"<0x{number:02X}>" for number in range(2)] + [f"w{number}" for number in range(size.vocab_size - 2)]
        self.tokens = [_text(word) for word in words]
        self.scores = [struct.pack("<f", 0.0)] * size.vocab_size
        self.kinds = [struct.pack("<i", 6 if number < 2 else 1) for number in range(size.vocab_size)]
        self.entries = {
            "general.architecture": (8, _text("llama")),
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
        lists = {"tokens": (8, self.tokens), "scores": (6, self.scores), "token_type": (5, self.kinds)}
        entries = [_entry(key, kind, raw) for key, (kind, raw) in self.entries.items()]
        entries += [_entry(f"tokenizer.ggml.{key}", 9, _list(kind, parts)) for key, (kind, parts) in lists.items()]
        count = len(entries) if self.entry_count < 0 else self.entry_count
        tensors = len(self.tensors) if self.tensor_count < 0 else self.tensor_count
        head = self.magic + struct.pack("<IQQ", self.version, tensors, count) + b"".join(entries) + self.more
        for name, shape, kind, offset in self.tensors:
            head += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)
        return head + bytes(-len(head) % 32) + bytes(self.data)


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


def _odd_score(file: _Gguf) -> None:
    file.scores = [struct.pack("<f", float("nan")), *file.scores[1:]]


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
    "fewer tokens than it says": lambda file: file.tokens.pop(),
    "a byte token <0x-1>": _bad_byte,
    "a score that is no number": _odd_score,
    "a tensor of type 200": _tensor(0, 2, 200),
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
def test_gguf_files_with_absurd_headers_are_refused(tmp_path: Path, small: Architecture, kind: str) -> None:
    file = _Gguf(small)
    GGUF[kind](file)
    (tmp_path / "evil.gguf").write_bytes(file.bytes())
    _refused(lambda: check_gguf(tmp_path / "evil.gguf", small.llama))


def test_a_correct_gguf_passes_and_its_chat_template_is_never_evaluated(tmp_path: Path, small: Architecture) -> None:
    file = _Gguf(small)
    template = "{{ cycler.__init__.__globals__.os.system('touch " + str(tmp_path / "canary") + "') }}"
    file.entries["tokenizer.chat_template"] = (8, _text(template))
    (tmp_path / "fine.gguf").write_bytes(file.bytes())
    check_gguf(tmp_path / "fine.gguf", small.llama)


@pytest.mark.parametrize("cut", [0, 3, 10, 40, 300, 3000])
def test_a_cut_gguf_is_refused(tmp_path: Path, small: Architecture, cut: int) -> None:
    (tmp_path / "cut.gguf").write_bytes(_Gguf(small).bytes()[:cut])
    _refused(lambda: check_gguf(tmp_path / "cut.gguf", small.llama))


def test_a_gguf_that_the_manifest_vouches_for_is_still_looked_at(folder: Path, small: Architecture) -> None:
    file = _Gguf(small)
    file.tensor_count = 1 << 42
    (folder / "language-F16.gguf").write_bytes(file.bytes())
    manifest = read_manifest(folder)
    rows = (*manifest.languages, LanguageFiles("llamacpp", "F16", ("language-F16.gguf",)))
    files = {**manifest.files, "language-F16.gguf": entry(folder / "language-F16.gguf")}
    changed = msgspec.structs.replace(manifest, languages=rows, files=files)
    (folder / "manifest.json").write_bytes(msgspec.json.encode(changed))
    assert "tensors" in _refused(lambda: examine(folder))


# --- pickles and checkpoints ------------------------------------------------------------------------------------------


@pytest.fixture
def source(tmp_path: Path) -> Path:
    shutil.copytree(GOLDEN / "checkpoint", tmp_path / "source")
    shutil.copytree(GOLDEN / "clip_vision_tower", tmp_path / "clip")
    told = json.loads((GOLDEN / "arch.json").read_text())
    # The language model is described by config.json alone, as in a published checkpoint.
    (tmp_path / "arch.json").write_text(json.dumps({part: told[part] for part in told if part != "llama"}))
    return tmp_path / "source"


def _convert(source: Path) -> object:
    return convert(source, source.parent / "clip", source.parent / "model", ["bf16"])


def _only(source: Path, data: bytes) -> None:
    for path in (*source.glob("*.safetensors"), *source.glob("*.index.json")):
        path.unlink()
    (source / "pytorch_model.bin").write_bytes(data)


def _saved(value: object, *, zipped: bool = True) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def _swapped(saved: bytes, name: str, data: bytes) -> bytes:
    """The same archive with another content of one member."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved)) as old, zipfile.ZipFile(buffer, "w") as new:
        for row in old.infolist():
            new.writestr(row, data if row.filename.endswith(name) else old.read(row))
    return buffer.getvalue()


def _global(canary: Path) -> bytes:
    return f"cos\nsystem\n(S'touch {canary}'\ntR.".encode()


PICKLES: dict[str, Callable[[Path], bytes]] = {
    "a call in a table": lambda canary: _saved({"a": _Payload(canary)}),
    "a call alone": lambda canary: _saved(_Payload(canary)),
    "a call in the old format": lambda canary: _saved({"a": _Payload(canary)}, zipped=False),
    "a bare pickle": lambda canary: pickle.dumps(_Payload(canary)),
    "a protocol 0 pickle": _global,
    "an archive whose table is a payload": lambda canary: _swapped(
        _saved({"a": torch.ones(2)}), "data.pkl", _global(canary)
    ),
    "a tensor table in the old format": lambda _: _saved({"a": torch.ones(2)}, zipped=False),
    "no archive": lambda _: b"PK\x03\x04" + bytes(100),
    "an empty file": lambda _: b"",
    "a list": lambda _: _saved([torch.ones(2)]),
    "a text for a tensor": lambda _: _saved({"a": "weights"}),
    "a table of contents of 20 MB": lambda _: _swapped(_saved({"a": torch.ones(2)}), "data.pkl", bytes(20 << 20)),
    "an archive of other tensors": lambda _: _saved({"a": torch.ones(2)}),
}


@pytest.mark.parametrize("kind", PICKLES)
def test_pickles_are_refused_in_the_conversion(source: Path, tmp_path: Path, kind: str) -> None:
    _only(source, PICKLES[kind](tmp_path / "canary"))
    _refused(lambda: _convert(source))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "weights.pt", "model.pkl", "code.py", "../../evil.safetensors"])
def test_a_manifest_may_not_name_what_runs(folder: Path, tmp_path: Path, name: str) -> None:
    data = pickle.dumps(_Payload(tmp_path / "canary"))
    if "/" not in name:
        (folder / name).write_bytes(data)
    table = json.loads((folder / "manifest.json").read_text())
    table["files"][name] = {"size": len(data), "sha256": "0" * 64}
    table["senses"] = [name]
    (folder / "manifest.json").write_text(json.dumps(table))
    assert "refused" in _refused(lambda: load_model(folder))


def _config(source: Path, **values: object) -> None:
    path = source / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


CONFIGS: dict[str, dict[str, object]] = {
    "auto_map": {"auto_map": {"AutoModel": "evil.Evil"}},
    "trust_remote_code": {"trust_remote_code": True},
    "_attn_implementation_internal": {"_attn_implementation_internal": "hub/evil"},
    "_attn_implementation": {"_attn_implementation": "hub/evil"},
    "_attn_implementation_autoset": {"_attn_implementation_autoset": "hub/evil"},
    "custom_pipelines": {"custom_pipelines": {"evil": {"impl": "evil.Evil"}}},
    "nested auto_map": {"text_config": {"auto_map": {"AutoModel": "evil.Evil"}}},
    "a width of 10^18": {"hidden_size": 10**18},
    "a negative width": {"hidden_size": -64},
    "10^9 layers": {"num_hidden_layers": 10**9},
    "no heads": {"num_attention_heads": 0},
    "a text for a number": {"intermediate_size": "144; import os"},
    "a list for a number": {"num_hidden_layers": [3]},
    "an infinite epsilon": {"rms_norm_eps": 1e308},
    "scaled positions": {"rope_scaling": {"type": "yarn", "factor": 4}},
    "another layer of the tower": {"mm_vision_select_layer": 10**9},
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_configurations_that_ask_for_code_or_the_absurd_are_refused(source: Path, kind: str) -> None:
    (source / "evil.py").write_text(f"open({str(source.parent / 'canary')!r}, 'w')")
    _config(source, **CONFIGS[kind])
    sentence = _refused(lambda: _convert(source))
    if "code" in sentence:
        assert any(key in sentence for key in (*CONFIGS[kind], "auto_map"))
    assert not (source.parent / "model").exists()


def test_the_unchanged_checkpoint_is_not_refused(source: Path) -> None:
    _convert(source)


@pytest.mark.parametrize(
    "table",
    [
        {"weight_map": {"a": "../../evil.safetensors"}},
        {"weight_map": {"a": "/etc/passwd"}},
        {"weight_map": {"a": "evil.py"}},
        {"weight_map": ["a"]},
        {"weight_map": {"a": 7}},
        {},
    ],
)
def test_an_index_that_points_elsewhere_is_refused(source: Path, table: dict[str, object]) -> None:
    (source / "model.safetensors.index.json").write_text(json.dumps(table))
    _refused(lambda: _convert(source))


@pytest.mark.parametrize("data", [b"", b"\x00" * 100, b"\n\xff\xff\xff\xff\x0f", b"[" * 100])
def test_a_damaged_tokenizer_is_refused(source: Path, data: bytes) -> None:
    (source / "tokenizer.model").write_bytes(data)
    _refused(lambda: _convert(source))


# --- manifests --------------------------------------------------------------------------------------------------------


def _in(*path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(table: dict[str, Any]) -> None:
        for step in path[:-1]:
            table = table[step]
        table[path[-1]] = value

    return change


MANIFESTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "an unknown key": _in("auto_map", value={"AutoModel": "evil.Evil"}),
    "an unknown key within": _in("architecture", "_attn_implementation", value="evil"),
    "another format": _in("format", value=2),
    "10^9 layers": _in("architecture", "llama", "num_hidden_layers", value=10**9),
    "more layers than the files have": _in("architecture", "llama", "num_hidden_layers", value=3),
    "a width of 2^40": _in("architecture", "eva", "hidden_size", value=1 << 40),
    "heads that do not divide": _in("architecture", "llama", "num_attention_heads", value=7),
    "a name with a path": _in("tokenizer", value="../tokenizer.model"),
    "a name with a null": _in("tokenizer", value="tokenizer\x00.model"),
    "a file without a hash": _in("tokenizer", value="other.model"),
    "a wrong size": _in("files", "tokenizer.model", "size", value=7),
    "a short hash": _in("files", "tokenizer.model", "sha256", value="00"),
    "an unknown precision": _in("languages", value=[{"backbone": "torch", "precision": "q1", "files": []}]),
    "an unknown backbone": _in("languages", value=[{"backbone": "evil", "precision": "bf16", "files": []}]),
    "an activation that is code": _in("architecture", "clip", "hidden_act", value="__import__"),
    "a negative window": _in("hearing", "windows", value=-1),
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_manifests_with_unknown_or_absurd_entries_are_refused(folder: Path, kind: str) -> None:
    path = folder / "manifest.json"
    table = json.loads(path.read_text())
    MANIFESTS[kind](table)
    path.write_text(json.dumps(table))
    _refused(lambda: load_model(folder))


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.model"
    (folder / "tokenizer.model").rename(outside)
    (folder / "tokenizer.model").symlink_to(outside)
    _refused(lambda: trusted(folder))


def test_another_content_than_the_hash_says_is_refused(folder: Path) -> None:
    manifest = read_manifest(folder)
    told = manifest.files["tokenizer.model"]
    files = {**manifest.files, "tokenizer.model": FileEntry(told.size, "0" * 64)}
    (folder / "manifest.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, files=files)))
    assert "damaged or was changed" in _refused(lambda: trusted(folder))


def test_there_are_enough_hostile_files() -> None:
    assert len(SAFETENSORS) + len(GGUF) + len(PICKLES) + len(CONFIGS) + len(MANIFESTS) >= 100
