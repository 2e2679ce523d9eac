"""From trained weights to the model folder that ships with the app, with the language model also as GGUF."""

from pathlib import Path

import msgspec
import sentencepiece
import torch
from safetensors.torch import load_file

from engine.domain.media import MediaKind
from engine.grounding.architecture import MEDIA_TOKENS, Architecture
from engine.grounding.gguf_file import vocabulary as gguf_vocabulary
from engine.grounding.gguf_file import write_llama
from engine.grounding.manifest import LanguageFiles, Manifest, entry, write_manifest
from engine.grounding.model_folder import save_model
from engine.grounding.network import GroundingModel
from engine.groundling import design, vocabulary

PRECISION = "bf16"
_GGUF = "language-F16.gguf"
_WORLD = (
    "Groundling knows a drawn world only: 50 kinds of emoji-like things and coloured shapes, "
    "16 kinds of synthesized sounds, in pictures, clips and sounds of up to 20 seconds. It knows no photographs."
)


def ship(weights: Path, folder: Path) -> Manifest:
    """Write the model whose parameters `weights` holds (safetensors, as training leaves them) into `folder`."""
    words = vocabulary.trained()
    size = design.architecture(vocabulary.PIECES)
    model = GroundingModel(size)
    missing = model.load_state_dict(load_file(weights), strict=False).missing_keys
    if any("log_logit_scale" not in name for name in missing):
        raise KeyError(missing[0])
    manifest = save_model(folder, model, _manifest(size), words, PRECISION)
    path = folder / _GGUF
    state = {name: tensor.to(torch.bfloat16) for name, tensor in model.state_dict().items()}
    pieces = gguf_vocabulary(_processor(words), size.llama.vocab_size, _added(size))
    write_llama(path, size.llama, pieces, state.__getitem__, kind="F16", name="Groundling")
    whole = msgspec.structs.replace(
        manifest,
        languages=(*manifest.languages, LanguageFiles("llamacpp", "F16", (_GGUF,))),
        files={**manifest.files, _GGUF: entry(path)},
    )
    write_manifest(folder, whole)
    return whole


def _manifest(size: Architecture) -> Manifest:
    return Manifest(
        name="Groundling",
        architecture=size,
        seeing=design.SEEING,
        watching=design.WATCHING,
        hearing=design.HEARING,
        prompt=design.STYLE,
        senses=(),
        languages=(),
        files={},
        licence="Apache-2.0",
        source="trained from nothing on a drawn world",
        world=_WORLD,
        guided=design.HEADS,
    )


def _added(size: Architecture) -> dict[int, str]:
    return {
        number: name
        for kind in MediaKind
        for name, number in zip(MEDIA_TOKENS[kind], msgspec.structs.astuple(size.ids(kind)), strict=True)
    }


def _processor(model: bytes) -> sentencepiece.SentencePieceProcessor:
    processor = sentencepiece.SentencePieceProcessor()
    processor.LoadFromSerializedProto(model)
    return processor
