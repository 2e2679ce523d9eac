"""`groundwork-engine evaluate …`: figures of a model, or of two, on questions whose truth is known."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

import resources
from engine.evaluation.cases import Case, write_cases
from engine.evaluation.comparison import HELD_OUT
from engine.evaluation.curve import drawn, summed, table_of, told_of
from engine.evaluation.groundling import evaluate as evaluate_groundling
from engine.evaluation.learning import Exercise, learning
from engine.evaluation.project import Report, against, evaluated, held_out_cases, sets_of, to_json, told
from engine.evaluation.sets import charades, refcoco
from engine.grounding.embedded import model_folder
from engine.messages import LoadModel
from engine.trainer import Job, train
from engine.training.plans import plan_named

app = typer.Typer(add_completion=False, no_args_is_help=True)
Model = Annotated[str, typer.Option(help="Model folder; the embedded model without it")]
Adapter = Annotated[Path | None, typer.Option(help="Adapter folder")]
Backbone = Annotated[str, typer.Option(help="auto, torch or llamacpp")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda")]
Limit = Annotated[int, typer.Option("--n", help="Only the first N questions, 0 for all")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object")]


@app.command()
def project(
    folder: Annotated[Path, typer.Argument(metavar="PROJECT")],
    *,
    model: Model = "",
    adapter: Adapter = None,
    compare: Annotated[bool, typer.Option(help="Compare with --against, or with no adapter")] = False,
    older: Annotated[Path | None, typer.Option("--against", help="Adapter to compare with")] = None,
    run: Annotated[Path | None, typer.Option(help="Run whose held-out media to take")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All verified media, not the held-out ones")] = False,
    regression: Annotated[Path | None, typer.Option(help="File of questions that must not get worse")] = None,
    save: Annotated[Path | None, typer.Option(help="Write the project's questions as such a file")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for pictures where the two differ")] = None,
    backbone: Backbone = "auto",
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Ask about the held-out media of a project."""
    cases = held_out_cases(folder, run, everything=everything)
    if save is not None:
        write_cases(save, cases)
    sets = sets_of(cases, regression)
    new = _wish(model, adapter, backbone, device)
    if compare or older is not None:
        _print(against(sets, _wish(model, older, backbone, device), new, out, _progress), json=json)
    else:
        _print(evaluated(sets, new, _progress), json=json)


@app.command("refcoco")
def refcoco_command(
    references: Annotated[Path, typer.Argument(help="refs(….p) or refs.json, with instances.json beside it")],
    media: Annotated[Path, typer.Argument(help="Folder of the pictures")],
    *,
    split: Annotated[str, typer.Option(help="val, test, testA or testB")] = "val",
    model: Model = "",
    adapter: Adapter = None,
    backbone: Backbone = "auto",
    device: Device = "auto",
    n: Limit = 0,
    json: AsJson = False,
) -> None:
    """Ask about a RefCOCO-style set."""
    _set(list(refcoco(references, media, split)), _wish(model, adapter, backbone, device), n, json=json)


@app.command("charades")
def charades_command(
    lines: Annotated[Path, typer.Argument(help="File of lines “VIDEO start end##sentence.”")],
    media: Annotated[Path, typer.Argument(help="Folder of the clips")],
    *,
    suffix: Annotated[str, typer.Option(help="End of the clips' names")] = ".mp4",
    model: Model = "",
    adapter: Adapter = None,
    backbone: Backbone = "auto",
    device: Device = "auto",
    n: Limit = 0,
    json: AsJson = False,
) -> None:
    """Ask about a Charades-STA-style set."""
    _set(list(charades(lines, media, suffix)), _wish(model, adapter, backbone, device), n, json=json)


@app.command("groundling")
def groundling_command(
    *,
    seed: Annotated[int, typer.Option(help="Scenes of another seed are other scenes")],
    n: Annotated[int, typer.Option("--n", help="Questions per task")] = 1000,
    model: Annotated[Path | None, typer.Option(help="Model folder, by default the one that ships")] = None,
    adapter: Adapter = None,
    backbone: Backbone = "auto",
    json: AsJson = False,
) -> None:
    """Ask the model that ships with the app about freshly drawn scenes."""
    folder = model or resources.path("groundling")
    table = evaluate_groundling(seed, n, _wish(str(folder), adapter, backbone, "cpu"), _progress)
    if json:
        typer.echo(msgspec.json.encode(table).decode())
        return
    for task, row in table.items():
        for name, one in row.items():
            typer.echo(f"{task:18} {name:28} {one.value:.3f} [{one.low:.3f}, {one.high:.3f}] of {one.count}")


@app.command("learning")
def learning_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where results are kept; the same folder goes on")],
    *,
    draws: Annotated[int, typer.Option(help="Draws of five kinds that the model never saw")] = 3,
    first: Annotated[int, typer.Option(help="Number of the first draw")] = 0,
    corrected: Annotated[str, typer.Option(help="Numbers of corrected pictures, each a retraining")] = "10,25,50,100",
    plan: Annotated[str, typer.Option(help="Plan file or name")] = "cpu",
    unseen: Annotated[int, typer.Option(help="Pictures with the new kinds to ask about")] = 200,
    each: Annotated[int, typer.Option(help="Questions of each task about the old kinds")] = 24,
    plot: Annotated[Path | None, typer.Option(help="Write the curve as an SVG file")] = None,
    backbone: Backbone = "auto",
    json: AsJson = False,
) -> None:
    """Retrain the embedded model on drawn kinds it never saw, corrected from the truth, and ask about both."""
    model = model_folder("")

    def retrain(project: Path, run: Path) -> Path:
        train(Job(project, run, plan_named(plan), model))
        return run / "adapter"

    exercise = Exercise(folder, _wish("", None, backbone, "cpu"), retrain, unseen, each)
    rows = []
    for row in learning(exercise, range(first, first + draws), [int(number) for number in corrected.split(",")]):
        rows.append(row)
        typer.echo(told_of(row), err=True)
    table = summed(rows)
    if plot is not None:
        plot.write_text(drawn(table), encoding="utf-8")
    typer.echo(msgspec.json.encode({"table": table, "rows": rows}).decode() if json else table_of(table))


def _set(cases: list[Case], wish: LoadModel, limit: int, *, json: bool) -> None:
    _print(evaluated({HELD_OUT: cases[:limit] if limit else cases}, wish, _progress), json=json)


def _wish(model: str, adapter: Path | None, backbone: str, device: str) -> LoadModel:
    return LoadModel("", str(model_folder(model)), str(adapter or ""), backbone, device)


def _progress(done: int) -> None:
    if done % 50 == 0:
        typer.echo(f"{done} questions asked", err=True)


def _print(report: Report, *, json: bool) -> None:
    typer.echo(to_json(report) if json else told(report))
