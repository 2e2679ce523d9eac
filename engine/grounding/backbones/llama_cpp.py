"""The llama.cpp backbone: all use of its low-level API stands here, against the one version that is pinned.

A batch holds tokens or embeddings, never both, so parts are fed one after the other at continuing places. Sequence 0 is
the working cache.
"""

import ctypes
import logging
import os
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import llama_cpp as api
import numpy as np
from llama_cpp.llama_cpp import _lib
from numpy.typing import NDArray

from engine.domain.errors import Cancelled, ModelError, OutOfMemory
from engine.grounding.architecture import LlamaSize
from engine.grounding.backbone import Floats, Part, Stop, default_threads
from engine.grounding.gguf_file import write_lora
from engine.grounding.jobs import part_of

FILE_TYPES = {
    "F16": api.LLAMA_FTYPE_MOSTLY_F16,
    "Q8_0": api.LLAMA_FTYPE_MOSTLY_Q8_0,
    "Q6_K": api.LLAMA_FTYPE_MOSTLY_Q6_K,
    "Q5_K_M": api.LLAMA_FTYPE_MOSTLY_Q5_K_M,
    "Q4_K_M": api.LLAMA_FTYPE_MOSTLY_Q4_K_M,
}
_CACHE_TYPES = {"f32": 0, "f16": 1}
_BATCH = 512
_ABORTED = 2
_ERROR_LEVEL = 4
# Seconds between two looks at a file that llama.cpp writes.
_GLANCE = 0.2

# Where llama.cpp gives up, it would start a debugger on this process.
os.environ["GGML_NO_BACKTRACE"] = "1"
_log = logging.getLogger(__name__)
_said: list[str] = []


def _hear(level: int, text: bytes, _data: Any) -> None:
    if level >= _ERROR_LEVEL:
        _said.append(text.decode(errors="replace").strip())
        del _said[:-5]


_hearing = api.llama_log_callback(_hear)
api.llama_log_set(_hearing, ctypes.c_void_p(0))
# Windows looks a function up in one library only, elsewhere the libraries that libllama needs are searched as well.
_ggml = import_module("llama_cpp._ggml").libggml if sys.platform == "win32" else _lib


def choose_arithmetic(folder: Path) -> None:
    """A build for many processors has one library for each kind in `folder`: ggml takes the best this one can run."""
    if not _ggml.ggml_backend_reg_count():
        _ggml.ggml_backend_load_all_from_path(str(folder).encode())


def arithmetic() -> tuple[str, ...]:
    """The processor's instructions that llama.cpp uses here, as it names them: AVX2, AVX512, …"""
    return tuple(re.findall(r"(\w+) = 1", api.llama_print_system_info().decode()))


choose_arithmetic(Path(api.__file__).parent / "lib")
api.llama_backend_init()

# llama.cpp calls its abort callback at every node of the graph. The C library's strlen on the stop flag says 0 or 1
# without coming back into Python some hundreds of times a token.
_libc = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
_flagged = api.ggml_abort_callback(ctypes.cast(_libc.strlen, ctypes.c_void_p).value)


class LlamaCppRunner:
    """A LLaMA in the GGUF file `path`. `cache` is the precision of keys and values, "f16" or "f32"."""

    name = "llamacpp"

    def __init__(
        self,
        size: LlamaSize,
        path: Path,
        *,
        precision: str = "",
        device: str = "cpu",
        threads: int = 0,
        identity: str = "",
        cache: str = "f16",
        flash: bool | None = None,
    ) -> None:
        self.size, self.precision, self.device = size, precision, device
        self.identity = f"{identity}|llama.cpp {api.__version__}|{precision}|{device}|{cache}|{flash}"
        self._model = _load(path, device)
        self._context = self._open(path, threads or default_threads(), _CACHE_TYPES[cache], flash)
        self._memory = api.llama_get_memory(self._context)
        self._vocabulary = api.llama_vocab_n_tokens(api.llama_model_get_vocab(self._model))
        self._width = api.llama_model_n_embd(self._model)
        self._tokens = api.llama_batch_init(_BATCH, 0, 1)
        self._embeddings = api.llama_batch_init(_BATCH, self._width, 1)
        self._loras: dict[Path, Any] = {}

    def feed(self, part: Part, at: int, stop: Stop, *, every: bool = False) -> Floats:
        api.llama_set_abort_callback(self._context, _flagged, ctypes.c_void_p(stop.address))
        rows = []
        for start in range(0, len(part), _BATCH):
            piece = part[start : start + _BATCH]
            last = start + len(piece) == len(part)
            batch = self._batch(piece, at + start)
            for row in range(len(piece)):
                batch.logits[row] = every or (last and row == len(piece) - 1)
            self._decode(batch, stop)
            wanted = range(len(piece)) if every else range(len(piece) - 1, len(piece)) if last else ()
            # The next piece overwrites what a row is a view of.
            rows += [self._row(row).copy() if every else self._row(row) for row in wanted]
        return rows[0] if len(rows) == 1 else np.concatenate(rows)

    def rewind(self, length: int) -> None:
        api.llama_memory_seq_rm(self._memory, 0, length, -1)

    def export(self, length: int) -> NDArray[np.uint8]:
        self.rewind(length)
        state = np.empty(api.llama_state_seq_get_size(self._context, 0), np.uint8)
        written = api.llama_state_seq_get_data(self._context, _bytes_of(state), state.nbytes, 0)
        return state[:written]

    def restore(self, state: NDArray[np.uint8], length: int) -> None:
        self.rewind(0)
        if api.llama_state_seq_set_data(self._context, _bytes_of(state), state.nbytes, 0) == 0 and length:
            raise ModelError("A kept prefix does not fit this model: clear the cache of prefixes.")

    def set_lora(self, folder: Path | None, scale: float) -> None:
        if folder is None:
            api.llama_set_adapters_lora(self._context, None, 0, None)
            return
        if folder not in self._loras:
            self._loras[folder] = self._read_lora(folder)
        adapters = (api.llama_adapter_lora_p_ctypes * 1)(self._loras[folder])
        api.llama_set_adapters_lora(self._context, adapters, 1, (ctypes.c_float * 1)(scale))

    def close(self) -> None:
        api.llama_batch_free(self._tokens)
        api.llama_batch_free(self._embeddings)
        api.llama_free(self._context)
        api.llama_model_free(self._model)

    def _open(self, path: Path, threads: int, cache: int, flash: bool | None) -> Any:
        options = api.llama_context_default_params()
        options.n_ctx = self.size.max_position_embeddings
        options.n_batch = options.n_ubatch = _BATCH
        options.n_seq_max = 1
        options.n_threads = options.n_threads_batch = threads
        options.type_k = options.type_v = cache
        options.no_perf = True
        if flash is not None:
            options.flash_attn_type = int(flash)
        context = api.llama_init_from_model(self._model, options)
        if not context:
            api.llama_model_free(self._model)
            raise OutOfMemory(
                f"There is too little memory for “{path.name}”: close other programs or choose a smaller precision."
            )
        return context

    def _batch(self, part: Part, at: int) -> Any:
        """`part` as a filled batch; at most as many rows as a batch holds."""
        embedded = isinstance(part, np.ndarray)
        batch = self._embeddings if embedded else self._tokens
        batch.n_tokens = len(part)
        if embedded:
            block = np.ascontiguousarray(part, dtype=np.float32)
            if block.shape[1] != self._width:
                raise ModelError(f"The adapters give rows of {block.shape[1]}, the language model reads {self._width}.")
            ctypes.memmove(batch.embd, block.ctypes.data, block.nbytes)
        for row in range(len(part)):
            batch.pos[row] = at + row
            batch.n_seq_id[row] = 1
            batch.seq_id[row][0] = 0
            if not embedded:
                batch.token[row] = part[row]
        return batch

    def _decode(self, batch: Any, stop: Stop) -> None:
        status = api.llama_decode(self._context, batch)
        if status == _ABORTED:
            raise Cancelled("The question was cancelled.")
        if status:
            raise RuntimeError(f"llama_decode gave {status}: {' '.join(_said)}")
        stop.check()

    def _row(self, row: int) -> Floats:
        """A view that the next decode overwrites."""
        return np.ctypeslib.as_array(api.llama_get_logits_ith(self._context, row), (1, self._vocabulary))

    def _read_lora(self, folder: Path) -> Any:
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / "lora.gguf"
            write_lora(folder, file, self.size)
            adapter = api.llama_adapter_lora_init(self._model, str(file).encode())
        if not adapter:
            raise ModelError(f"The LoRA in “{folder}” does not fit this model: choose one trained on it.")
        return adapter


def quantise(
    source: Path, target: Path, kind: str, threads: int = 0, written: Callable[[int], None] = lambda _: None
) -> None:
    """Writes `source` (F16 or F32) as `kind`, one of `FILE_TYPES`; whole or not at all.

    `written` hears of the bytes so far, from a thread of its own; what it raises comes at the end, and then there is no
    file. Ctrl-C ends the process.
    """
    options = api.llama_model_quantize_default_params()
    options.ftype = FILE_TYPES[kind]
    options.nthread = threads or default_threads()
    part = part_of(target)
    # One that was interrupted would be taken for what is written now.
    part.unlink(missing_ok=True)
    with _interruptible(), _watched(part, written):
        failed = api.llama_model_quantize(str(source).encode(), str(part).encode(), ctypes.byref(options))
    if failed:
        part.unlink(missing_ok=True)
        raise ModelError(f"“{source.name}” cannot be written as {kind}: {' '.join(_said) or 'the file is refused'}.")
    part.replace(target)


@contextmanager
def _interruptible() -> Iterator[None]:
    """llama.cpp cannot be asked to stop, and what Ctrl-C raises would be lost in `_hear` or wait for minutes."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _watched(path: Path, written: Callable[[int], None]) -> Iterator[None]:
    """Tells the size of a file while it grows; what `written` raises is raised once the file does no longer."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_GLANCE):
            if path.exists():
                written(path.stat().st_size)

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        try:
            yield
        finally:
            done.set()
        watching.result()


def _load(path: Path, device: str) -> Any:
    options = api.llama_model_default_params()
    options.n_gpu_layers = 0 if device == "cpu" else 999
    if device != "cpu" and not api.llama_supports_gpu_offload():
        raise ModelError(
            "This build of llama.cpp knows no graphics card: choose the device “cpu” or the torch backbone."
        )
    model = api.llama_model_load_from_file(str(path).encode(), options)
    if not model:
        raise ModelError(f"“{path}” cannot be loaded by llama.cpp: {' '.join(_said) or 'it is damaged'}.")
    return model


def _bytes_of(state: NDArray[np.uint8]) -> Any:
    return state.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
