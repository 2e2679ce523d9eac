"""`groundwork-engine adapters …`: the versions of what a project taught its model."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine.domain.training import AdapterRecord
from engine.evaluation.project import against, held_out_cases, sets_of, told
from engine.evaluation.regression import regression_cases
from engine.grounding.adapter_folder import merge as merge_adapter
from engine.grounding.checkpoint import load_model
from engine.grounding.embedded import model_folder
from engine.grounding.manifest import read_manifest
from engine.grounding.model_folder import save_model
from engine.messages import LoadModel
from engine.store.adapter_shelf import AdapterShelf

app = typer.Typer(add_completion=False, no_args_is_help=True)
Project = Annotated[Path, typer.Argument(help="Project folder")]
Which = Annotated[str, typer.Argument(metavar="ADAPTER", help="Id or name")]


@app.command("list")
def list_(project: Project, *, json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """All adapters of a project, oldest first."""
    records = AdapterShelf(project).records()
    if json:
        typer.echo(msgspec.json.encode(records).decode())
        return
    for record in records:
        typer.echo(f"{record.id}  {record.standing:<9}  {record.at}  {record.name}  {_verdict(record)}")


@app.command()
def add(project: Project, folder: Annotated[Path, typer.Argument(help="adapter/ of a run")], name: str = "") -> None:
    """Put the result of a run on the project's shelf, as a candidate."""
    typer.echo(AdapterShelf(project).add(folder, name).id)


@app.command()
def judge(
    project: Project,
    adapter: Which,
    *,
    model: Annotated[str, typer.Option(help="Model folder; the embedded model without it")] = "",
    run: Annotated[Path | None, typer.Option(help="Run whose held-out media to take")] = None,
    regression: Annotated[Path | None, typer.Option(help="File of questions that must not get worse")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for pictures where the two differ")] = None,
) -> None:
    """Compare an adapter with what is in use, on the held-out media and a fixed set, and write the verdict down."""
    shelf = AdapterShelf(project)
    record, used = shelf.get(adapter), shelf.in_use()
    folder = str(model_folder(model))
    embedded = not model or model_folder(model) == model_folder("")
    old = LoadModel("", folder, str(shelf.path(used)) if used else "")
    new = LoadModel("", folder, str(shelf.path(record)))
    fixed = regression_cases() if embedded else []
    report = against(sets_of(held_out_cases(project, run), regression, fixed), old, new, out)
    scores = {f"{name}: {metric}": row.value for name, rows in report.figures.items() for metric, row in rows.items()}
    shelf.judge(record, scores, passes=report.passes, verdict=report.sentence)
    typer.echo(told(report))


@app.command()
def promote(
    project: Project,
    adapter: Which,
    *,
    anyway: Annotated[bool, typer.Option(help="Even if it is worse or was not compared")] = False,
) -> None:
    """Take an adapter into use."""
    shelf = AdapterShelf(project)
    shelf.promote(shelf.get(adapter), anyway=anyway)


@app.command()
def rollback(project: Project) -> None:
    """Go back to what was in use before."""
    record = AdapterShelf(project).roll_back()
    typer.echo(record.id if record else "the model alone")


@app.command()
def remove(project: Project, adapter: Which) -> None:
    """Delete an adapter that is not in use."""
    shelf = AdapterShelf(project)
    shelf.remove(shelf.get(adapter))


@app.command()
def export(project: Project, adapter: Which, file: Path) -> None:
    """Write an adapter into one archive."""
    shelf = AdapterShelf(project)
    shelf.export(shelf.get(adapter), file)


@app.command("import")
def import_(project: Project, file: Path) -> None:
    """Take an adapter out of an archive."""
    typer.echo(AdapterShelf(project).import_(file).id)


@app.command()
def merge(
    model: Annotated[Path, typer.Argument(help="Model folder")],
    adapter: Annotated[Path, typer.Argument(help="Adapter folder")],
    *,
    to: Annotated[Path, typer.Option(help="Folder of the new model")],
    precision: Annotated[str, typer.Option(help="fp32, bf16 or fp16")] = "bf16",
) -> None:
    """Make an adapter part of a model, as a model of its own."""
    manifest = read_manifest(model)
    network = load_model(model)
    merge_adapter(network, adapter)
    named = msgspec.structs.replace(manifest, name=f"{manifest.name} + {adapter.resolve().parent.name}")
    save_model(to, network, named, (model / manifest.tokenizer).read_bytes(), precision)


def _verdict(record: AdapterRecord) -> str:
    unjudged = "too few to judge" if record.verdict else "not compared"
    return {None: unjudged, True: "not worse", False: "worse"}[record.passes]
