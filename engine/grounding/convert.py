"""A published checkpoint becomes a model folder, tensor by tensor, and a model folder gets further precisions.

Memory holds about a gigabyte of finished tensors and one that is being read. The manifest comes last: a folder without
one is no model.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from torch import Tensor

from engine.domain.errors import ModelError
from engine.grounding.architecture import Architecture
from engine.grounding.checkpoint import UNUSED, laid_out, own_name, plain_language
from engine.grounding.compact import PLAIN, LanguageTensors
from engine.grounding.jobs import SCRATCH, Job, Progress, Request, forget, identity, part_of, run, writing
from engine.grounding.language_files import Language, check_precision, group_jobs, language_jobs
from engine.grounding.library import check_name
from engine.grounding.manifest import LanguageFiles, Manifest, contradiction, read_manifest, write_manifest
from engine.grounding.model_folder import LANGUAGE
from engine.grounding.network import GroundingModel
from engine.grounding.prompt import PromptStyle
from engine.grounding.published import architecture, seeing
from engine.grounding.published_folder import Located, locate, read_json
from engine.grounding.tensor_file import read_header, read_tensor
from engine.grounding.tokens import tokenizer, tokenizer_bytes
from engine.media.sampling import Hearing, Watching

LICENCE = (
    "The weights contain ImageBind (CC BY-NC 4.0: no commercial use) and Vicuna (Llama 2 Community License); "
    "they are not part of Groundwork and must not be passed on with it."
)
_TOKENIZER = "tokenizer.model"


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody asked for."""


def convert(
    source: Path,
    clip: Path,
    target: Path,
    precisions: Sequence[str],
    *,
    senses: str = "bf16",
    name: str = "GroundingGPT",
    progress: Progress = silent,
) -> Manifest:
    """Write the model folder `target` of the checkpoint `source` and the image tower `clip`; `progress` may raise."""
    check_name(name)
    for precision in (*precisions, senses):
        check_precision(precision)
    if senses not in PLAIN or not precisions:
        raise ModelError("Encoders and adapters are kept at bf16, fp16 or fp32, the language model at one precision.")
    located = _located(source, clip)
    draft = _readable(_draft(source, clip, located, name))
    request = Request(_identities(located), tuple(precisions), senses)
    kept = {name: place for name, place in located.items() if not name.startswith(LANGUAGE)}
    costs = {name: _cost(place) for name, place in located.items() if name.startswith(LANGUAGE)}
    jobs = group_jobs("senses", {name: _cost(place) for name, place in kept.items()}, _loader(located), senses)
    files = tuple(job.file for job in jobs)
    jobs.append(Job(_TOKENIZER, 1, lambda path, _tick: _copy(source / _TOKENIZER, path)))
    language = Language(draft.architecture, costs, _loader(located), source / _TOKENIZER)
    rows, more = _languages(target, language, precisions)
    jobs += more
    with writing(target):
        target.mkdir(parents=True, exist_ok=True)
        _check_room(target, jobs)
        done = run(target, request, jobs, progress)
        manifest = msgspec.structs.replace(draft, senses=files, languages=rows, files=done)
        write_manifest(target, manifest)
        forget(target, jobs)
    return manifest


def quantize(folder: Path, precision: str, *, progress: Progress = silent) -> Manifest:
    """Give a model folder its language model at one more precision, made from the plainest it has."""
    check_precision(precision)
    manifest = read_manifest(folder)
    if any(row.precision == precision for row in manifest.languages):
        raise ModelError(f"{manifest.name} has its language model at {precision} already.")
    plain = plain_language(manifest)
    tensors = LanguageTensors(folder, plain)
    costs = {name: stored.end - stored.start for file in plain for name, stored in read_header(folder / file).items()}
    language = Language(manifest.architecture, costs, tensors.__getitem__, folder / manifest.tokenizer)
    rows, jobs = _languages(folder, language, (precision,))
    files, languages = manifest.files, (*manifest.languages, *rows)
    with writing(folder):
        _check_room(folder, jobs)
        done = run(folder, Request(tuple(identity(folder / file) for file in plain), (precision,)), jobs, progress)
        whole = msgspec.structs.replace(manifest, languages=languages, files={**files, **done})
        write_manifest(folder, whole)
        forget(folder, jobs)
    return whole


def _languages(
    target: Path, language: Language, precisions: Sequence[str]
) -> tuple[tuple[LanguageFiles, ...], list[Job]]:
    """Several precisions; what they share is made once."""
    rows, jobs = [], dict[str, Job]()
    for precision in dict.fromkeys(precisions):
        row, more = language_jobs(target, language, precision)
        rows.append(row)
        jobs = {job.file: job for job in more} | jobs
    # A scratch file comes before what is made of it.
    return tuple(rows), sorted(jobs.values(), key=lambda job: job.file != SCRATCH)


def _located(source: Path, clip: Path) -> dict[str, Located]:
    """Every tensor that is needed, by its name in the network."""
    tower = {f"vision_tower.{name}": place for name, place in locate(clip, archives=True).items()}
    both = {**locate(source, archives=True), **tower}
    return {own_name(name): place for name, place in both.items() if not UNUSED.match(name)}


def _draft(source: Path, clip: Path, located: Mapping[str, Located], name: str) -> Manifest:
    """The manifest without its files, after a look whether every tensor has its place in the network."""
    config = read_json(source / "config.json")
    shapes = {name: place.stored.shape for name, place in located.items()}
    size = architecture(
        shapes,
        config,
        read_json(clip / "config.json"),
        read_json(source / "added_tokens.json", optional=True),
        read_json(source / "arch.json", optional=True) or read_json(source.parent / "arch.json", optional=True),
    )
    _check_shapes(size, shapes)
    tokenizer(source / _TOKENIZER, size)
    return Manifest(
        name=name,
        architecture=size,
        seeing=seeing(read_json(clip / "preprocessor_config.json"), config),
        watching=Watching(side=size.eva.image_size, limit=size.max_frames),
        hearing=Hearing(windows=min(3, size.sound_positions), bins=size.ear.bins, frames=size.ear.frames),
        prompt=PromptStyle(),
        senses=(),
        languages=(),
        files={},
        licence=LICENCE,
        source=source.name,
    )


def _readable(draft: Manifest) -> Manifest:
    """Before hours of work: what is written is read by the same rules."""
    try:
        read = msgspec.json.decode(msgspec.json.encode(draft), type=Manifest)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ModelError(f"{draft.source!a} does not make a model ({error}); download the checkpoint again.") from error
    if what := contradiction(read):
        raise ModelError(f"{draft.source!a} and its image tower contradict each other ({what}); download both again.")
    return read


def _check_shapes(size: Architecture, shapes: Mapping[str, Any]) -> None:
    wanted = {name: tuple(tensor.shape) for name, tensor in laid_out(GroundingModel, size, shapes).state_dict().items()}
    for name in sorted(wanted.keys() | shapes.keys()):
        if wanted.get(name) != shapes.get(name):
            raise ModelError(
                f"“{name[:80]}” has the shape {shapes.get(name)} in the checkpoint, not {wanted.get(name)}; "
                "download it again."
            )


def _loader(located: Mapping[str, Located]) -> Callable[[str], Tensor]:
    def load(name: str) -> Tensor:
        place = located[name]
        try:
            with place.path.open("rb") as file:
                return read_tensor(file, place.stored)
        except OSError as error:
            raise ModelError(f"{place.path.name} cannot be read any more; try again.") from error

    return load


def _cost(place: Located) -> int:
    return place.stored.end - place.stored.start


def _identities(located: Mapping[str, Located]) -> tuple[tuple[str, int, int], ...]:
    return tuple(identity(path) for path in sorted({place.path for place in located.values()}))


def _copy(source: Path, path: Path) -> None:
    part = part_of(path)
    part.write_bytes(tokenizer_bytes(source))
    part.replace(path)


def _check_room(target: Path, jobs: Sequence[Job]) -> None:
    """Before anything is written: what is made takes no more room than what it is made from."""
    needed = sum(job.cost for job in jobs if not (target / job.file).exists())
    free = shutil.disk_usage(target).free
    if free < needed:
        raise ModelError(
            f"{target} has {free / 1e9:.1f} GB free and up to {needed / 1e9:.1f} GB are needed; free some space."
        )
