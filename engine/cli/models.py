"""`groundwork-engine models`: convert published checkpoints; list, add, verify, quantize and remove models."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated

import msgspec
import typer

from engine.cli import Bar
from engine.domain.errors import ModelError
from engine.grounding import library
from engine.grounding.manifest import MANIFEST, Manifest, read_manifest
from engine.grounding.packed import unpacked
from engine.grounding.survey import survey as look_around
from engine.grounding.trust import examine

app = typer.Typer(add_completion=False, no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Lines = Annotated[bool, typer.Option("--lines", help="Print progress and the outcome as lines of JSON.")]
_Name = Annotated[str, typer.Argument(help="A name from `models list`, or a model folder.")]
_PRECISION_HELP = "fp32, bf16, fp16, nf4, int8 for torch; F16, Q8_0, Q6_K, Q5_K_M, Q4_K_M for llama.cpp."


@app.command("convert")
def convert(
    source: Annotated[Path, typer.Argument(help="Folder of the published checkpoint.")],
    *,
    clip: Annotated[Path, typer.Option("--clip", help="Folder of the image tower, clip-vit-large-patch14-336.")],
    to: Annotated[Path, typer.Option("--to", help="Model folder to write; a stopped conversion goes on there.")],
    precision: Annotated[list[str] | None, typer.Option("--precision", help=_PRECISION_HELP)] = None,
    senses: Annotated[str, typer.Option("--senses", help="Encoders and adapters: bf16, fp16 or fp32.")] = "bf16",
    name: Annotated[str, typer.Option("--name")] = "GroundingGPT",
    listed: Annotated[bool, typer.Option("--add", help="Add it to the list of models as well.")] = False,
    as_json: _Json = False,
    lines: _Lines = False,
) -> None:
    """Turn a published checkpoint into a model folder."""
    if listed:
        library.check_free(name, to)
    wanted = [part for given in precision or ["bf16"] for part in given.split(",") if part]
    with _going_on():
        manifest = _converting().convert(source, clip, to, wanted, senses=senses, name=name, progress=Bar(lines))
        if listed:
            library.add(to, name, _Hashed(to, lines))
    _report(to, manifest, as_json=as_json or lines)


@app.command("quantize")
def quantize(
    name: _Name,
    precision: Annotated[str, typer.Option("--precision", help=_PRECISION_HELP)],
    as_json: _Json = False,
    lines: _Lines = False,
) -> None:
    """Give a model its language model at one more precision."""
    folder = library.find(name)
    if library.is_embedded(folder):
        raise ModelError(f"{name} belongs to the program; give a copy of it another precision (models add --copy).")
    with _going_on():
        manifest = _converting().quantize(folder, precision, progress=Bar(lines))
    _report(folder, manifest, as_json=as_json or lines)


@app.command("list")
def list_models(as_json: _Json = False) -> None:
    """The models that were added."""
    models = library.listed()
    if as_json:
        typer.echo(msgspec.json.encode(models))
        return
    for model in models:
        facts = model.problem or f"{model.size / 1e9:.2f} GB, {', '.join(model.precisions)}"
        typer.echo(f"{model.name}\t{facts}\t{model.folder}")


@app.command("add")
def add(
    path: Annotated[Path, typer.Argument(help="A model folder, the manifest in it, or a .zip or .tar of it.")],
    name: Annotated[str, typer.Option("--name", help="What to call it; by default as its manifest does.")] = "",
    copy: Annotated[bool, typer.Option("--copy", help="Copy it to where Groundwork keeps models.")] = False,
    as_json: _Json = False,
    lines: _Lines = False,
) -> None:
    """Check every byte of a model folder and add it to the list; a packed one is unpacked to where models are kept."""
    if path.is_file() and path.name != MANIFEST:
        lying = unpacked(path, name, Bar(lines))
    else:
        lying = path.parent if path.is_file() else path
        lying = library.copied(lying, name, Bar(lines)) if copy else lying
    model = library.add(lying, name, _Hashed(lying, lines))
    typer.echo(msgspec.json.encode(model) if as_json or lines else f"added {model.name}")
    if model.licence and not (as_json or lines):
        typer.echo(model.licence)


@app.command("verify")
def verify(name: _Name, as_json: _Json = False, lines: _Lines = False) -> None:
    """Read every byte of a model and compare it with its manifest."""
    folder = library.find(name)
    manifest = examine(folder, _Hashed(folder, lines))
    _report(folder, manifest, as_json=as_json or lines)


@app.command("remove")
def remove(
    name: Annotated[str, typer.Argument(help="A name from `models list`.")],
    files: Annotated[bool, typer.Option("--files", help="Delete its files as well.")] = False,
) -> None:
    """Take a model off the list."""
    library.remove(name, files=files)
    typer.echo(f"removed {name}")


@app.command("survey")
def survey() -> None:
    """All models, those that can be fetched, and how each would run on this machine, as JSON."""
    typer.echo(msgspec.json.encode(look_around()))


def _converting() -> ModuleType:
    """Only what converts pays for the library of networks."""
    return import_module("engine.grounding.convert")


@contextmanager
def _going_on() -> Iterator[None]:
    """Ctrl-C is no failure: what is done is kept."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Stopped; the same command goes on from here.", err=True)
        raise typer.Exit(130) from None


class _Hashed:
    """Bytes read of a folder's files."""

    def __init__(self, folder: Path, lines: bool = False) -> None:
        self._total = sum(told.size for told in read_manifest(folder).files.values())
        self._done, self._bar = 0, Bar(lines)

    def __call__(self, count: int) -> None:
        self._done += count
        self._bar("verifying", self._done, self._total)


def _report(folder: Path, manifest: Manifest, *, as_json: bool) -> None:
    if as_json:
        typer.echo(msgspec.json.encode({"folder": str(folder), "manifest": manifest}))
        return
    rows = ", ".join(f"{row.precision} ({row.backbone})" for row in manifest.languages)
    size = sum(told.size for told in manifest.files.values())
    typer.echo(f"{manifest.name}: {size / 1e9:.2f} GB in {folder}; language model at {rows}")
    if manifest.licence:
        typer.echo(manifest.licence)
