"""Weights into networks: a network is laid out without memory, then each tensor takes its place.

Names and shapes must fit exactly; what a checkpoint keeps beyond the network's needs is named here and nothing else is
passed over.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

from engine.domain.errors import ModelError
from engine.grounding.architecture import Architecture, misfit
from engine.grounding.manifest import Manifest, read_manifest
from engine.grounding.network import GroundingModel, llama_config
from engine.grounding.senses import Senses
from engine.grounding.tensor_file import read_header

# Nine tenths of ImageBind are for other senses, half of CLIP is for text; the rest are counters and computed tables.
UNUSED = re.compile(
    r"model\.audio_encoder\.modality_\w+\.(?!audio\.)"
    r"|.*\.bert\.embeddings\.position_ids$"
    r"|.*\.rotary_emb\.inv_freq$"
    r"|vision_tower\.(?:vision_model\.)?embeddings\.position_ids$"
    r"|vision_tower\.(?:text_model\.|(?:visual|text)_projection\.|logit_scale$)"
)

_Network = TypeVar("_Network", Senses, GroundingModel)


def load_senses(folder: Path, *, dtype: torch.dtype | None = None, device: str = "cpu") -> Senses:
    """Encoders and adapters of a model folder; their own precision unless `dtype` is given."""
    manifest = read_manifest(folder)
    network = laid_out(Senses, manifest.architecture, _names(folder, manifest.senses))
    return fill(network, _tensors(folder, manifest.senses, dtype, device), device).eval()


def load_model(
    folder: Path, *, precision: str = "", dtype: torch.dtype | None = None, device: str = "cpu"
) -> GroundingModel:
    """The whole network of a model folder with its language model at a plain precision (fp32, bf16, fp16)."""
    manifest = read_manifest(folder)
    files = (*manifest.senses, *plain_language(manifest, precision))
    network = laid_out(GroundingModel, manifest.architecture, _names(folder, files))
    return fill(network, _tensors(folder, files, dtype, device), device).eval()


def plain_language(manifest: Manifest, precision: str = "") -> tuple[str, ...]:
    """The files of the language model for torch that are not quantised."""
    wanted = (precision,) if precision else ("bf16", "fp32", "fp16")
    for choice in wanted:
        row = manifest.language("torch", choice)
        if row is not None:
            return row.files
    raise ModelError(
        f"{manifest.name} has no language model at {' or '.join(wanted)}; convert it again at that precision."
    )


def torch_language(manifest: Manifest, precision: str) -> tuple[str, ...]:
    """The files from which torch gets its language model: those of that precision, plain ones, or any."""
    held = [row.precision for row in manifest.languages if row.backbone == "torch"]
    for choice in (precision, "bf16", "fp32", "fp16", *held):
        row = manifest.language("torch", choice)
        if row is not None:
            return row.files
    raise ModelError(f"{manifest.name} has no language model for torch; convert it again at bf16.")


def laid_out(kind: type[_Network], architecture: Architecture, names: Mapping[str, Any]) -> _Network:
    """A network without memory for its weights, after a look whether `names` can fill it at all."""
    if what := misfit(architecture):
        raise ModelError(f"The model's sizes contradict each other ({what}); install the model again.")
    deepest = {
        "model.visual_encoder.blocks": architecture.eva.num_hidden_layers,
        "model.Qformer.bert.encoder.layer": architecture.qformer.num_hidden_layers,
        "vision_tower.encoder.layers": architecture.clip.num_hidden_layers,
        "model.audio_encoder.modality_trunks.audio.blocks": architecture.ear.num_blocks,
    }
    if kind is GroundingModel:
        deepest["model.layers"] = architecture.llama.num_hidden_layers
    for prefix, layers in deepest.items():
        if not any(name.startswith(f"{prefix}.{layers - 1}.") for name in names):
            raise ModelError(f"The model's files lack {prefix}.{layers - 1}; install the model again.")
    with torch.device("meta"):
        return kind(architecture)


def fill(network: _Network, tensors: Iterable[tuple[str, Tensor]], device: str = "cpu") -> _Network:
    """Put each tensor in its place; a ModelError names the first that is missing, unknown or of another shape."""
    wanted = network.state_dict()
    state = {}
    for given, tensor in tensors:
        name = own_name(given)
        if UNUSED.match(name):
            continue
        if name not in wanted:
            raise ModelError(f"The model's files hold “{name[:80]}”, which the network has no place for.")
        if wanted[name].shape != tensor.shape:
            raise ModelError(f"“{name}” has the shape {tuple(tensor.shape)}, not {tuple(wanted[name].shape)}.")
        state[name] = tensor
    missing = next((name for name in wanted if name not in state), None)
    if missing == "lm_head.weight" and "model.embed_tokens.weight" in state:
        state[missing] = state["model.embed_tokens.weight"]
        missing = next((name for name in wanted if name not in state), None)
    if missing is not None:
        raise ModelError(f"The model's files lack “{missing}”; install the model again.")
    network.load_state_dict(state, assign=True)
    _compute_tables(network, network.architecture, device)
    return network


def own_name(name: str) -> str:
    """A tensor's name in the network; the image tower occurs with and without `vision_model.`."""
    return name.replace("vision_tower.vision_model.", "vision_tower.", 1)


def _compute_tables(network: nn.Module, architecture: Architecture, device: str) -> None:
    """Tables that are computed and never stored still lie on no device."""
    for parent in network.modules():
        for name, child in parent.named_children():
            if isinstance(child, LlamaRotaryEmbedding):
                setattr(parent, name, LlamaRotaryEmbedding(llama_config(architecture.llama)).to(device))
        ids = getattr(parent, "position_ids", None)
        if isinstance(ids, Tensor) and ids.is_meta:
            parent.position_ids = torch.arange(ids.shape[-1], device=device).expand(ids.shape)


def _names(folder: Path, files: Iterable[str]) -> dict[str, Any]:
    return {name: stored for file in files for name, stored in read_header(folder / file).items()}


def _tensors(
    folder: Path, files: Iterable[str], dtype: torch.dtype | None, device: str
) -> Iterator[tuple[str, Tensor]]:
    for name in files:
        try:
            with safe_open(folder / name, framework="pt", device=device) as file:
                for key in file.keys():  # noqa: SIM118
                    tensor = file.get_tensor(key)
                    floating = dtype is not None and tensor.is_floating_point()
                    yield key, tensor.to(dtype) if floating else tensor
        except SafetensorError as error:
            raise ModelError(f"{name} of {folder.name} is damaged; install the model again.") from error
