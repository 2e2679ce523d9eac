"""Writing a model folder from a network in memory: one file for the senses, one for the language model."""

from pathlib import Path

import msgspec
import torch
from torch import Tensor

from engine.grounding.manifest import LanguageFiles, Manifest, entry, write_manifest
from engine.grounding.network import GroundingModel
from engine.grounding.tensor_file import NAMES, header_bytes, tensor_bytes

LANGUAGE = ("model.embed_tokens.", "model.layers.", "model.norm.", "lm_head.")
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def save_model(folder: Path, network: GroundingModel, manifest: Manifest, tokenizer: bytes, precision: str) -> Manifest:
    """Write `network` at `precision` (fp32, bf16, fp16) with all of `manifest` but its files, which are made here."""
    folder.mkdir(parents=True, exist_ok=True)
    state = network.state_dict()
    senses, language = "senses.safetensors", f"language-{precision}.safetensors"
    dtype = _DTYPES[precision]
    write_tensors(folder / senses, {name: state[name] for name in state if not name.startswith(LANGUAGE)}, dtype)
    write_tensors(folder / language, {name: state[name] for name in state if name.startswith(LANGUAGE)}, dtype)
    (folder / manifest.tokenizer).write_bytes(tokenizer)
    names = (senses, language, manifest.tokenizer)
    written = msgspec.structs.replace(
        manifest,
        senses=(senses,),
        languages=(LanguageFiles("torch", precision, (language,)),),
        files={name: entry(folder / name) for name in names},
    )
    write_manifest(folder, written)
    return written


def write_tensors(path: Path, tensors: dict[str, Tensor], dtype: torch.dtype | None = None) -> None:
    """A safetensors file, floating tensors as `dtype`; whole or not at all."""
    kept = {name: _as(tensor, dtype) for name, tensor in tensors.items()}
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(header_bytes({name: (NAMES[tensor.dtype], tuple(tensor.shape)) for name, tensor in kept.items()}))
        for tensor in kept.values():
            file.write(tensor_bytes(tensor).data)
    part.replace(path)


def _as(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    return tensor.to(dtype) if dtype is not None and tensor.is_floating_point() else tensor
