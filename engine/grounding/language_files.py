"""The files of the language model at one precision, for torch or for llama.cpp, made from its plain weights."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from msgspec import Struct
from torch import Tensor

from engine.domain.errors import ModelError
from engine.grounding.architecture import Architecture
from engine.grounding.compact import PACKED, PLAIN, packed
from engine.grounding.fitting import weight_bytes
from engine.grounding.jobs import SCRATCH, Job, Tick
from engine.grounding.manifest import GGUF_PRECISIONS, LanguageFiles
from engine.grounding.model_folder import write_tensors
from engine.grounding.tokens import tokenizer

PRECISIONS = (*PLAIN, *PACKED, *GGUF_PRECISIONS)
_GROUP = 1 << 30
_WHOLE = ("F32", "F16")

Load = Callable[[str], Tensor]


class Language(Struct, frozen=True):
    """Plain weights: `costs` are bytes in the source by published name, `pieces` the SentencePiece model."""

    architecture: Architecture
    costs: Mapping[str, int]
    load: Load
    pieces: Path


def check_precision(precision: str) -> None:
    if precision not in PRECISIONS:
        raise ModelError(f"The precision “{precision[:20]}” is unknown; choose among {', '.join(PRECISIONS)}.")


def language_jobs(target: Path, language: Language, precision: str) -> tuple[LanguageFiles, list[Job]]:
    """What the manifest will say of that precision, and the jobs that make its files."""
    if precision in GGUF_PRECISIONS:
        return _gguf_jobs(target, language, precision)
    jobs = group_jobs(f"language-{precision}", language.costs, language.load, precision)
    return LanguageFiles("torch", precision, tuple(job.file for job in jobs)), jobs


def group_jobs(stem: str, costs: Mapping[str, int], load: Load, precision: str) -> list[Job]:
    """Files of about a gigabyte each."""
    groups = _groups(costs)
    return [
        Job(
            f"{stem}-{number:05}-of-{len(groups):05}.safetensors",
            sum(costs[name] for name in names),
            _writer(names, load, precision),
        )
        for number, names in enumerate(groups, 1)
    ]


def _groups(costs: Mapping[str, int]) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    held = 0
    for name, cost in costs.items():
        if groups[-1] and held + cost > _GROUP:
            groups.append([])
            held = 0
        groups[-1].append(name)
        held += cost
    return groups


def _writer(names: list[str], load: Load, precision: str) -> Callable[[Path, Tick], None]:
    def write(path: Path, tick: Tick) -> None:
        held: dict[str, Tensor] = {}
        for place, name in enumerate(names):
            held |= packed(name, load(name), precision)
            tick((place + 1) / len(names))
        write_tensors(path, held)

    return write


def _gguf_jobs(target: Path, language: Language, precision: str) -> tuple[LanguageFiles, list[Job]]:
    kind = precision if precision in _WHOLE else "BF16"
    file = f"language-{precision}.gguf"
    first = file if kind == precision else SCRATCH
    cost = sum(language.costs.values())
    size = language.architecture

    def write(path: Path, tick: Tick) -> None:
        gguf_file = import_module("engine.grounding.gguf_file")
        words = tokenizer(language.pieces, size)
        pieces = gguf_file.vocabulary(words.processor, size.llama.vocab_size, words.names)
        gguf_file.write_llama(
            path, size.llama, pieces, language.load, kind=kind, progress=lambda done, total: tick(done / total)
        )

    jobs = [Job(first, cost, write)]
    if first != file:
        expected = weight_bytes(size.llama, precision)

        def reduce(path: Path, tick: Tick) -> None:
            _quantise(target / first, path, precision, lambda written: tick(min(written / expected, 1.0)))

        jobs.append(Job(file, cost, reduce))
    return LanguageFiles("llamacpp", precision, (file,)), jobs


def _quantise(source: Path, path: Path, precision: str, written: Callable[[int], None]) -> None:
    try:
        backend = import_module("engine.grounding.backbones.llama_cpp")
    except ImportError as error:
        raise ModelError(f"{precision} needs llama-cpp-python, which is not installed; choose F16 or bf16.") from error
    backend.quantise(source, path, precision, written=written)
