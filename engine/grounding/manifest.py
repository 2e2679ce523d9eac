"""What a model folder says about itself: `manifest.json`, the only file of it that is believed before a check.

Every key is known here (others are refused), every number has bounds, every file is named with its size and SHA-256.
Nothing in a folder is ever run.
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO, Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from PIL import Image

from engine.domain.errors import ModelError
from engine.domain.media import MediaKind
from engine.grounding.architecture import Architecture, misfit
from engine.grounding.calibration import Calibration
from engine.grounding.prompt import PromptStyle
from engine.media.sampling import Hearing, Seeing, Watching

MANIFEST = "manifest.json"
SENSES = ("fp32", "bf16", "fp16")
TORCH_PRECISIONS = ("fp32", "bf16", "fp16", "nf4", "int8")
GGUF_PRECISIONS = ("F32", "F16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M")

_LARGEST_MANIFEST = 4 << 20
_CHUNK = 8 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.(?:safetensors|gguf|model|json|txt|md)", re.ASCII)


class FileEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the folder: bytes and SHA-256 in hex."""

    size: Annotated[int, Meta(ge=0)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class LanguageFiles(Struct, frozen=True, forbid_unknown_fields=True):
    """The language model at one precision, for one backbone."""

    backbone: Literal["torch", "llamacpp"]
    precision: str
    files: tuple[str, ...]


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model. `senses` are the files of encoders and adapters; `world` tells the user what the model knows of.

    `calibration` makes probabilities of the scores. `guided` are layers and heads of the language model that were
    taught where to look, by the sort of place they look from, and go on being taught in retraining.
    """

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    architecture: Architecture
    seeing: Seeing
    watching: Watching
    hearing: Hearing
    prompt: PromptStyle
    senses: tuple[str, ...]
    languages: tuple[LanguageFiles, ...]
    files: dict[str, FileEntry]
    tokenizer: str = "tokenizer.model"
    format: Literal[1] = 1
    licence: str = ""
    source: str = ""
    world: str = ""
    calibration: Calibration = Calibration()
    guided: dict[str, tuple[tuple[int, int], ...]] = {}

    def language(self, backbone: str, precision: str = "") -> LanguageFiles | None:
        """The first language model for `backbone`, of that precision if one is given."""
        return next(
            (row for row in self.languages if row.backbone == backbone and precision in {"", row.precision}), None
        )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a model folder whose files are all there at their sizes; hashes are for `verify`."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            manifest = parsed(file, folder.name)
    except OSError as error:
        raise ModelError(
            f"{folder} is no model folder: it has no readable {MANIFEST}; convert a model first."
        ) from error
    for name, told in manifest.files.items():
        path = folder / name
        if path.is_symlink() or not path.is_file() or path.stat().st_size != told.size:
            raise ModelError(f"{name} of {folder.name} is missing or has another size; install the model again.")
    return manifest


def parsed(file: IO[bytes], whose: str) -> Manifest:
    """The manifest in a stream, whose names are plain and all have hashes; a ModelError says what is wrong with it."""
    data = file.read(_LARGEST_MANIFEST + 1)
    if len(data) > _LARGEST_MANIFEST:
        raise ModelError(f"{whose} has a manifest that is far too large; install the model again.")
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"The manifest of {whose} is refused ({error}); install the model again.") from error
    _check(whose, manifest)
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest as the last file of a folder, whole or not at all."""
    part = folder / (MANIFEST + ".part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    part.replace(folder / MANIFEST)


def entry(path: Path, progress: Callable[[int], None] = lambda _: None) -> FileEntry:
    """Size and SHA-256 of a file; `progress` hears of the bytes read and may raise to stop."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            progress(len(chunk))
    return FileEntry(size, digest.hexdigest())


def verify(folder: Path, manifest: Manifest, progress: Callable[[int], None] = lambda _: None) -> None:
    """Read every file of the folder; a ModelError names the first whose content is not the manifest's."""
    for name, told in manifest.files.items():
        try:
            found = entry(folder / name, progress)
        except BrokenPipeError:
            # Who was told of the bytes has gone.
            raise
        except OSError as error:
            raise ModelError(
                f"{name} of {folder.name} cannot be read ({error.strerror}); change its permissions or install the "
                "model again."
            ) from error
        if found != told:
            raise ModelError(f"{name} of {folder.name} is damaged or was changed; install the model again.")


def contradiction(manifest: Manifest) -> str:
    """Which parts of a manifest do not go together, in words; nothing if all do."""
    size, llama = manifest.architecture, manifest.architecture.llama
    seeing, watching, hearing, style = manifest.seeing, manifest.watching, manifest.hearing, manifest.prompt
    guided = [place for places in manifest.guided.values() for place in places]
    deviations = (*seeing.deviation, *watching.deviation, hearing.deviation)
    rules = {
        "the size of pictures": seeing.crop == size.clip.image_size,
        "the resampling of pictures": seeing.resample in list(Image.Resampling),
        "the size of frames": watching.side == size.eva.image_size,
        "the number of frames": watching.limit <= size.max_frames,
        "the number of windows of a sound": hearing.windows <= size.sound_positions,
        "the spectrograms": (hearing.bins, hearing.frames) == (size.ear.bins, size.ear.frames),
        "the deviation of colours or sounds": all(deviation > 0 for deviation in deviations),
        "the order of media": sorted(style.order) == sorted(MediaKind),
        "what ends an answer": bool(style.stop),
        "the guided heads": all(
            0 <= layer < llama.num_hidden_layers and 0 <= head < llama.num_attention_heads for layer, head in guided
        ),
    }
    return misfit(size) or next((what for what, fits in rules.items() if not fits), "")


def _check(whose: str, manifest: Manifest) -> None:
    used = [manifest.tokenizer, *manifest.senses, *(name for row in manifest.languages for name in row.files)]
    for name in (*manifest.files, *used):
        if not _NAME.fullmatch(name):
            raise ModelError(f"{whose} names a file that no model has ({name[:60]!r}); it is refused.")
        if name not in manifest.files:
            raise ModelError(f"{name} of {whose} has no hash in the manifest; install the model again.")
    known = {"torch": TORCH_PRECISIONS, "llamacpp": GGUF_PRECISIONS}
    for row in manifest.languages:
        if row.precision not in known[row.backbone] or not row.files:
            raise ModelError(f"{whose} has a language model of unknown precision; install the model again.")
    if what := contradiction(manifest):
        raise ModelError(f"The manifest of {whose} contradicts itself ({what}); install the model again.")
