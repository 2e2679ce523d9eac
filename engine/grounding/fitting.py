"""What this machine can run, at which precision and how fast: estimates from sizes, memory and its measured bandwidth.

Speed is that of writing an answer: a token reads all weights once, at a share of the memory's bandwidth. The shares are
those measured for llama.cpp and for torch with layers of the 7B model's shape on one AMD EPYC core.
"""

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import psutil
import torch
from msgspec import Struct

from engine.domain.models import Fit
from engine.grounding.architecture import LlamaSize
from engine.grounding.manifest import Manifest

SMALL = 150_000_000
"""Language models below this many elements are fast enough in float32."""

BYTES = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "int8": 1.1, "nf4": 0.6}
_GGUF_BITS = {"F32": 32.0, "F16": 16.0, "Q8_0": 8.5, "Q6_K": 6.6, "Q5_K_M": 5.7, "Q4_K_M": 4.85}
_SHARES = {"F16": 0.67, "Q8_0": 0.53, "Q4_K_M": 0.49, "torch": 0.28}
_ON_CARD, _FOR_TORCH, _FOR_LLAMA = ("nf4", "int8", "bf16"), ("int8", "bf16"), ("Q4_K_M", "Q8_0", "F16")
PROGRAM = {"cpu": 420_000_000, "cuda": 700_000_000}
"""Bytes of the programs themselves: python with torch and transformers (measured); a CUDA context (estimated)."""

_MEASURED = 256 << 20


class Machine(Struct, frozen=True):
    """Bytes free on the processor's side and on the card, bytes a second that each reads; 0 where there is no card."""

    memory: int
    bandwidth: float
    card_memory: int = 0
    card_bandwidth: float = 0.0
    llama_cpp: bool = True


def this_machine() -> Machine:
    """Look at memory and measure how fast it is read; a fraction of a second."""
    there = find_spec("llama_cpp") is not None
    free = int(psutil.virtual_memory().available)
    if not torch.cuda.is_available():
        return Machine(free, _bandwidth("cpu"), llama_cpp=there)
    return Machine(free, _bandwidth("cpu"), torch.cuda.mem_get_info()[0], _bandwidth("cuda"), there)


def elements(size: LlamaSize) -> int:
    layer = 4 * size.hidden_size**2 + 3 * size.hidden_size * size.intermediate_size
    return size.num_hidden_layers * layer + 2 * size.vocab_size * size.hidden_size


def cache_bytes(size: LlamaSize) -> int:
    """Working cache of a full context, keys and values in 16 bits."""
    heads = size.num_key_value_heads / size.num_attention_heads
    return int(4 * size.num_hidden_layers * size.hidden_size * heads * size.max_position_embeddings)


def weight_bytes(size: LlamaSize, precision: str) -> int:
    """The language model at rest, where no file says it."""
    bits = _GGUF_BITS.get(precision)
    return int(elements(size) * (bits / 8 if bits else BYTES.get(precision, 4.0)))


def model_fits(manifest: Manifest, folder: Path, machine: Machine) -> tuple[Fit, ...]:
    """All precisions worth a word: those whose files are there, those torch makes while loading, those to be made."""
    senses = sum((folder / name).stat().st_size for name in manifest.senses)
    held = {
        row.precision: sum((folder / name).stat().st_size for name in row.files)
        for row in manifest.languages
        if row.backbone == "llamacpp"
    }
    plain = any(row.backbone == "torch" for row in manifest.languages)
    return tuple(_fits(manifest.architecture.llama, senses, held, machine, plain=plain))


def size_fits(size: LlamaSize, senses: int, machine: Machine) -> tuple[Fit, ...]:
    """The same for a model that is not here yet: everything would have to be made."""
    return tuple(_fits(size, senses, {}, machine, plain=False))


def _fits(size: LlamaSize, senses: int, held: dict[str, int], machine: Machine, *, plain: bool) -> Iterator[Fit]:
    for device, precision in _choices(size, held, machine):
        gguf = precision in _GGUF_BITS
        weights = held.get(precision) or weight_bytes(size, precision)
        room = machine.card_memory if device == "cuda" else machine.memory
        rate = machine.card_bandwidth if device == "cuda" else machine.bandwidth
        share = _SHARES.get(precision, 0.5) if gguf else _SHARES["torch"]
        speed = share * rate / weights if elements(size) >= SMALL else 0.0
        memory = weights + cache_bytes(size) + senses + PROGRAM[device]
        made = precision in held if gguf else plain
        yield Fit(precision, "llamacpp" if gguf else "torch", device, memory, room, round(speed, 1), made)


def _choices(size: LlamaSize, held: Iterable[str], machine: Machine) -> Iterator[tuple[str, str]]:
    """Device and precision; a small model needs no fewer bits than it has."""
    small = elements(size) < SMALL
    if machine.card_memory:
        yield from (("cuda", one) for one in (("fp32",) if small else _ON_CARD))
    if machine.llama_cpp:
        yield from (("cpu", one) for one in dict.fromkeys((*held, *(() if small else _FOR_LLAMA))))
    yield from (("cpu", one) for one in (("fp32",) if small else _FOR_TORCH))


def _bandwidth(device: str) -> float:
    """Bytes a second, the best of five readings of more than any cache holds."""
    block = torch.ones(_MEASURED // 4, device=device)
    best = float("inf")
    for _ in range(5):
        begin = perf_counter()
        float(block.sum())
        best = min(best, perf_counter() - begin)
    return _MEASURED / best
