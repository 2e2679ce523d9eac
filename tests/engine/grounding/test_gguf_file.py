"""GGUF files: the tensors and the vocabulary that were put in come out."""

import ctypes
import signal
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest
from sentencepiece import SentencePieceProcessor
from torch import Tensor

import resources
from engine.domain.errors import ModelError
from engine.grounding import gguf_file
from engine.grounding.architecture import LlamaSize
from engine.grounding.backbone import Backbone
from engine.grounding.jobs import part_of

llama_cpp = pytest.importorskip("llama_cpp")
runner_module = pytest.importorskip("engine.grounding.backbones.llama_cpp")
ROOT = Path(__file__).parents[3]
EMBEDDED = resources.path("groundling/language-F16.gguf")
pytestmark = pytest.mark.gguf


def _tokens(path: Path, text: str) -> list[int]:
    options = llama_cpp.llama_model_default_params()
    options.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), options)
    raw, room = text.encode(), (llama_cpp.llama_token * 256)()
    count = llama_cpp.llama_tokenize(llama_cpp.llama_model_get_vocab(model), raw, len(raw), room, 256, True, False)
    llama_cpp.llama_model_free(model)
    return list(room[:count])


@pytest.mark.parametrize(
    "text", ["the dog at [0.123, 0.456]", "héllo 中文\nnew line", "  two  spaces", "", "{0.12,0.50}", "a\tb"]
)
def test_the_vocabulary_cuts_words_as_sentencepiece_does(
    gguf_path: Path, processor: SentencePieceProcessor, text: str
) -> None:
    assert _tokens(gguf_path, text) == [1, *processor.encode(text)]


def test_added_tokens_stand_behind_the_pieces(processor: SentencePieceProcessor) -> None:
    known = processor.get_piece_size()
    pieces = gguf_file.vocabulary(processor, known + 12, {known + row: f"<m{row}>" for row in range(9)})
    assert [piece.text for piece in pieces[known : known + 10]] == [
        *(f"<m{row}>".encode() for row in range(9)),
        b"<unused_%d>" % (known + 9),
    ]
    assert pieces[0].kind == gguf.TokenType.UNKNOWN
    assert pieces[known].kind == gguf.TokenType.CONTROL


@pytest.mark.parametrize(("kind", "error"), [("F32", 0.0), ("F16", 1e-3), ("BF16", 4e-3)])
def test_every_tensor_is_written_once(
    tmp_path: Path,
    weights: dict[str, Tensor],
    processor: SentencePieceProcessor,
    size: LlamaSize,
    kind: str,
    error: float,
) -> None:
    path, seen = tmp_path / "a.gguf", []
    pieces = gguf_file.vocabulary(processor, size.vocab_size, {})
    gguf_file.write_llama(path, size, pieces, weights.__getitem__, kind=kind, progress=lambda *at: seen.append(at))
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}
    assert len(tensors) == len(weights) == len(seen)
    down = tensors["blk.1.ffn_down.weight"]
    values = gguf.quants.dequantize(down.data, down.tensor_type)
    assert np.abs(values - weights["model.layers.1.mlp.down_proj.weight"].numpy()).max() <= error
    assert [file.name for file in tmp_path.iterdir()] == ["a.gguf"]


@pytest.mark.parametrize(("kind", "agreement"), [("Q8_0", 0.9), ("Q6_K", 0.8), ("Q5_K_M", 0.6), ("Q4_K_M", 0.4)])
def test_a_quantised_file_answers_nearly_alike(
    gguf_path: Path, size: LlamaSize, tmp_path: Path, kind: str, agreement: float
) -> None:
    target = tmp_path / f"{kind}.gguf"
    runner_module.quantise(gguf_path, target, kind, threads=1)
    assert target.stat().st_size < gguf_path.stat().st_size / 2
    words = np.random.default_rng(0).integers(3, 500, 200).tolist()
    chosen = []
    for path in (gguf_path, target):
        backbone = Backbone(runner_module.LlamaCppRunner(size, path, threads=1))
        chosen.append(backbone.logits(backbone.prefix([]), words).argmax(1))
        backbone.close()
    assert (chosen[0] == chosen[1]).mean() > agreement


def test_quantising_tells_the_bytes_that_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "_GLANCE", 1e-4)
    told: list[int] = []
    target = tmp_path / "q.gguf"
    part_of(target).write_bytes(bytes(1 << 24))
    runner_module.quantise(EMBEDDED, target, "Q6_K", threads=1, written=told.append)
    assert told == sorted(told)
    assert 0 < told[-1] <= target.stat().st_size
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_quantising_for_someone_who_has_gone_fails_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: int) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(runner_module, "_GLANCE", 1e-4)
    with pytest.raises(BrokenPipeError):
        runner_module.quantise(EMBEDDED, tmp_path / "q.gguf", "Q6_K", threads=1, written=gone)
    assert not (tmp_path / "q.gguf").exists()


_INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from engine.grounding.backbones import llama_cpp as backend
backend._GLANCE = 1e-4
signal.signal(signal.SIGINT, signal.default_int_handler)
backend.quantise(Path(sys.argv[1]), Path(sys.argv[2]), "Q6_K", 1, lambda _: os.kill(os.getpid(), signal.SIGINT))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there a signal can be sent to a group of processes only")
def test_quantising_ends_at_once_with_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _INTERRUPTED, str(EMBEDDED), str(tmp_path / "q.gguf")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGINT
    assert not ended.stderr
    assert not (tmp_path / "q.gguf").exists()


def test_a_file_that_is_no_gguf_is_refused_in_a_sentence(tmp_path: Path, size: LlamaSize) -> None:
    path = tmp_path / "noise.gguf"
    path.write_bytes(b"GGUF" + bytes(200))
    with pytest.raises(ModelError, match="noise"):
        runner_module.LlamaCppRunner(size, path)
    with pytest.raises(ModelError, match="noise"):
        runner_module.quantise(path, tmp_path / "out.gguf", "Q8_0")
    assert not (tmp_path / "out.gguf").exists()


def test_the_stop_flag_is_read_by_c(tmp_path: Path) -> None:
    from engine.grounding.backbone import Stop

    stop = Stop()
    assert not runner_module._flagged(ctypes.c_void_p(stop.address))
    stop.request()
    assert runner_module._flagged(ctypes.c_void_p(stop.address))


_ABORT = """
import resource
from engine.grounding.backbones import llama_cpp as backend
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
backend._ggml.ggml_abort(b"file", 1, b"given up")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="aborting opens a window there")
def test_where_llama_cpp_gives_up_no_debugger_is_started() -> None:
    command = [sys.executable, "-c", _ABORT]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGABRT
    assert (ended.stdout + ended.stderr).split(b"\n") == [b"file:1: given up", b""]
