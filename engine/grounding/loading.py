"""From a model folder to something that can be asked: which language model, where, at which precision."""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import torch
from msgspec import Struct

from engine.domain.errors import ModelError, OutOfMemory, UsageError
from engine.domain.query import ModelRef
from engine.grounding.adapter_folder import LORA, digest, media_rows, put_trained
from engine.grounding.architecture import LlamaSize
from engine.grounding.arithmetic import has_bf16
from engine.grounding.backbone import Backbone, Floats
from engine.grounding.checkpoint import load_senses, torch_language
from engine.grounding.compact import LanguageTensors
from engine.grounding.fitting import BYTES, SMALL, cache_bytes, elements, weight_bytes
from engine.grounding.gguf_header import check_gguf
from engine.grounding.manifest import GGUF_PRECISIONS, MANIFEST, Manifest
from engine.grounding.senses import Senses
from engine.grounding.tokens import Tokenizer, tokenizer
from engine.grounding.trust import trusted
from engine.messages import LoadModel

Told = Callable[[str, float, float], None]

# More than any processor has; far more end the process.
_MOST_THREADS = 512
_SMALLEST_FIRST = ("Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "F16", "F32")


class Loaded(Struct, frozen=True):
    """A model in memory. `identity` names its files and adapter; `rows` are trained embeddings of media tokens."""

    manifest: Manifest
    tokens: Tokenizer
    senses: Senses
    backbone: Backbone
    identity: str
    ref: ModelRef
    device: str
    rows: dict[int, Floats]


class Choice(Struct, frozen=True):
    """What the language model runs on, and how."""

    backbone: str
    device: str
    precision: str


def load(
    wish: LoadModel, folder: Path, told: Told = lambda *_: None, check: Callable[[], None] = lambda: None
) -> Loaded:
    """The model in `folder` as `wish` wants it; `told` hears what is being loaded, how much is done and of how much.

    `told`, and `check` while files are compared with their hashes, may raise to stop.
    """
    if not 0 <= wish.threads <= _MOST_THREADS:
        raise UsageError(f"{wish.threads} threads cannot be: choose 0 for all cores but one, or up to {_MOST_THREADS}.")
    manifest = trusted(folder, lambda _: check())
    chosen = choose(manifest, wish)
    _check_room(folder, manifest, chosen)
    told("loading", 0, 3)
    adapter = Path(wish.adapter) if wish.adapter else None
    identity = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest() + (digest(adapter) if adapter else "")
    senses = load_senses(folder, dtype=_senses_type(chosen.device), device=chosen.device)
    if adapter:
        put_trained(senses, adapter)
    told("loading", 1, 3)
    with ExitStack() as undo:
        backbone = _backbone(folder, manifest, chosen, wish.threads, identity)
        undo.callback(backbone.close)
        told("loading", 2, 3)
        if adapter and (adapter / LORA).is_file():
            backbone.set_lora(adapter)
        told("loading", 3, 3)
        ref = ModelRef(manifest.name, adapter.name if adapter else "", chosen.backbone, chosen.precision)
        words = tokenizer(folder / manifest.tokenizer, manifest.architecture)
        rows = media_rows(adapter, manifest.architecture) if adapter else {}
        undo.pop_all()
        return Loaded(manifest, words, senses, backbone, identity, ref, chosen.device, rows)


def choose(manifest: Manifest, wish: LoadModel) -> Choice:
    """Backbone, device and precision for a wish in which each may be "auto"."""
    device = _device(wish.device)
    backbone = _which_backbone(manifest, wish, device)
    if backbone == "llamacpp":
        held = [kind for kind in _SMALLEST_FIRST if manifest.language("llamacpp", kind)]
        wanted = held[:1] if wish.precision == "auto" else [wish.precision.upper()]
        if not wanted or wanted[0] not in held:
            raise ModelError(
                f"{manifest.name} has no GGUF file at {wish.precision}: choose one of {', '.join(held) or 'none'}, "
                "or make it with “groundwork-engine models quantize”."
            )
        return Choice(backbone, device, wanted[0])
    precision = _torch_precision(manifest.architecture.llama, device) if wish.precision == "auto" else wish.precision
    return Choice("torch", device, precision)


def _device(wish: str) -> str:
    if wish == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wish not in {"cpu", "cuda"}:
        raise ModelError(f"There is no device “{wish}”: choose auto, cpu or cuda.")
    if wish == "cuda" and not torch.cuda.is_available():
        raise ModelError("This machine has no CUDA graphics card that torch can use: choose the device “cpu”.")
    return wish


def _which_backbone(manifest: Manifest, wish: LoadModel, device: str) -> str:
    there = find_spec("llama_cpp") is not None
    if wish.backbone == "torch" or (wish.backbone == "auto" and wish.precision in BYTES):
        return "torch"
    asked = wish.backbone == "llamacpp" or wish.precision.upper() in GGUF_PRECISIONS
    if asked and not there:
        raise ModelError("llama.cpp is not installed here: choose the backbone “torch”, or run “make gguf”.")
    if wish.backbone not in {"auto", "llamacpp"}:
        raise ModelError(f"There is no backbone “{wish.backbone}”: choose auto, torch or llamacpp.")
    fits = there and device == "cpu" and manifest.language("llamacpp") is not None
    return "llamacpp" if asked or fits else "torch"


def _torch_precision(size: LlamaSize, device: str) -> str:
    if elements(size) < SMALL:
        return "fp32"
    if device == "cpu":
        return "int8"
    free = torch.cuda.mem_get_info()[0]
    need = {kind: elements(size) * share * 1.3 for kind, share in BYTES.items()}
    return next((kind for kind in ("bf16", "int8") if need[kind] < free * 0.7), "nf4")


def _check_room(folder: Path, manifest: Manifest, chosen: Choice) -> None:
    """Refuse before the system kills the process: what is needed against what is free."""
    size = manifest.architecture.llama
    row = manifest.language(chosen.backbone, chosen.precision) if chosen.backbone == "llamacpp" else None
    words = sum((folder / name).stat().st_size for name in row.files) if row else weight_bytes(size, chosen.precision)
    need = words + cache_bytes(size) + sum((folder / name).stat().st_size for name in manifest.senses)
    free = torch.cuda.mem_get_info()[0] if chosen.device == "cuda" else psutil.virtual_memory().available
    if need > free:
        raise OutOfMemory(
            f"{manifest.name} needs about {need / 1e9:.1f} GB at {chosen.precision} and {free / 1e9:.1f} GB are free: "
            f"close other programs, or choose a smaller precision ({'Q4_K_M' if row else 'int8 or nf4'})."
        )


def _senses_type(device: str) -> torch.dtype | None:
    """Encoders run as they are stored on a card; a processor without bf16 arithmetic is faster in float32."""
    if device == "cuda" or has_bf16():
        return None
    return torch.float32


def _backbone(folder: Path, manifest: Manifest, chosen: Choice, threads: int, identity: str) -> Backbone:
    size = manifest.architecture.llama
    options: dict[str, Any] = {
        "precision": chosen.precision,
        "device": chosen.device,
        "threads": threads,
        "identity": identity,
    }
    if chosen.backbone == "llamacpp":
        row = manifest.language("llamacpp", chosen.precision)
        path = folder / (row.files[0] if row else "")
        check_gguf(path, size)
        return Backbone(_runner("llama_cpp", "LlamaCppRunner")(size, path, **options))
    weights = LanguageTensors(folder, torch_language(manifest, chosen.precision))
    return Backbone(_runner("torch_lean", "TorchRunner")(size, weights, **options))


def _runner(module: str, name: str) -> Any:
    """Imported only when it is used: llama.cpp may not be installed at all."""
    return getattr(import_module(f"engine.grounding.backbones.{module}"), name)
