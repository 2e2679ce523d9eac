"""An adapter on disk: a LoRA in peft's layout, the adapters and Q-Formers trained beside it, and where it comes from.

adapter.json               its record: base model, plan, data, scores
adapter_config.json,
adapter_model.safetensors  the LoRA (`lora.read_lora`); absent where only the parts below were trained
trained.safetensors        projections and Q-Formers by published key; `markers.rows` are the embeddings of the tokens
                           around media in the order of `marker_ids`; absent where nothing of it was trained
adapter.gguf               the LoRA again, for llama.cpp
"""

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.domain.errors import ModelError
from engine.domain.media import MediaKind
from engine.domain.training import AdapterRecord
from engine.grounding.architecture import Architecture
from engine.grounding.lora import read_lora
from engine.grounding.network import GroundingModel

RECORD = "adapter.json"
LORA = "adapter_model.safetensors"
LORA_CONFIG = "adapter_config.json"
TRAINED = "trained.safetensors"
GGUF = "adapter.gguf"
EMBEDDING = "model.embed_tokens.weight"
MARKERS = "markers.rows"


def read_record(folder: Path) -> AdapterRecord:
    """The record of an adapter. ModelError when the folder is none."""
    try:
        return msgspec.json.decode((folder / RECORD).read_bytes(), type=AdapterRecord)
    except (OSError, msgspec.MsgspecError) as error:
        raise ModelError(f"“{folder}” is no adapter; choose the folder that a training run left.") from error


def trained(folder: Path) -> dict[str, Tensor]:
    """What was trained beside the LoRA, by published key."""
    path = folder / TRAINED
    if not path.exists():
        return {}
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"The adapter “{path}” is damaged; train or copy it again.") from error


def put_trained(network: nn.Module, folder: Path) -> dict[str, Tensor]:
    """Copy what was trained beside the LoRA into the network's senses; what stood there before, to be put back.

    Trained embeddings are passed over where the network has no language model: `media_rows` gives those that matter.
    """
    own = dict(network.named_parameters())
    before: dict[str, Tensor] = {}
    parts = trained(folder)
    if isinstance(network, GroundingModel):
        parts = _as_held(parts, own, network.architecture, folder)
    for name, tensor in parts.items():
        if name in {EMBEDDING, MARKERS} and name not in own:
            continue
        if name not in own or own[name].shape != tensor.shape:
            raise ModelError(f"The adapter in “{folder}” belongs to another model; choose one trained on this model.")
        before[name] = own[name].detach().clone()
        own[name].data.copy_(tensor)
    return before


def media_rows(folder: Path, size: Architecture) -> dict[int, NDArray[np.float32]]:
    """Trained embeddings (1, hidden) of the tokens around media, by id; empty where they were not trained."""
    rows = _marker_rows(trained(folder), size, folder)
    if rows is None:
        return {}
    return {token: row[None].float().numpy() for token, row in zip(marker_ids(size), rows, strict=True)}


def marker_ids(size: Architecture) -> list[int]:
    """The tokens before and after each kind of medium, whose embeddings learn beside the adapters."""
    return [token for kind in MediaKind for token in (size.ids(kind).start, size.ids(kind).end)]


def _marker_rows(parts: dict[str, Tensor], size: Architecture, folder: Path) -> Tensor | None:
    """The rows of `marker_ids` (tokens, hidden), alone or out of a whole trained table."""
    ids, width = marker_ids(size), size.llama.hidden_size
    expected = {MARKERS: (len(ids), width), EMBEDDING: (size.llama.vocab_size, width)}
    if any(name in parts and parts[name].shape != shape for name, shape in expected.items()):
        raise ModelError(f"The adapter in “{folder}” belongs to another model; choose one trained on this model.")
    if MARKERS in parts:
        return parts[MARKERS]
    return parts[EMBEDDING][ids] if EMBEDDING in parts else None


def _as_held(
    parts: dict[str, Tensor], own: dict[str, nn.Parameter], size: Architecture, folder: Path
) -> dict[str, Tensor]:
    """Trained media markers where the network keeps them: in rows of their own, or in its table."""
    rows = _marker_rows(parts, size, folder)
    if rows is None:
        return parts
    if MARKERS in own:
        return {**parts, MARKERS: rows}
    table = parts.get(EMBEDDING, own[EMBEDDING].detach()).clone()
    table[marker_ids(size)] = rows.to(table.device, table.dtype)
    return {**{name: part for name, part in parts.items() if name != MARKERS}, EMBEDDING: table}


def digest(folder: Path) -> str:
    """SHA-256 over what the adapter changes; a ModelError for a folder that changes nothing."""
    files = [folder / name for name in (LORA, TRAINED) if (folder / name).is_file()]
    if not files:
        raise ModelError(f"“{folder}” is no adapter; choose the folder that a training run left.")
    try:
        return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()
    except OSError as error:
        raise ModelError(f"The adapter in “{folder}” cannot be read; train or copy it again.") from error


def put_back(network: nn.Module, before: dict[str, Tensor]) -> None:
    """Undo `put_trained`."""
    own = dict(network.named_parameters())
    for name, tensor in before.items():
        own[name].data.copy_(tensor)


@torch.no_grad()
def merge(network: nn.Module, folder: Path) -> None:
    """Make the adapter part of the network's own weights, for good."""
    put_trained(network, folder)
    if not (folder / LORA).exists():
        return
    lora = read_lora(folder)
    own = dict(network.named_parameters())
    for (layer, projection), (down, up) in lora.pairs.items():
        weight = own.get(f"model.layers.{layer}.{projection}.weight")
        if weight is None or weight.shape != (up.shape[0], down.shape[1]):
            raise ModelError(f"The adapter in “{folder}” belongs to another model; choose one trained on this model.")
        change = up.float() @ down.float() * lora.scaling
        weight.data.add_(change.to(weight.device, weight.dtype))
