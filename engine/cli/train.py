"""`groundwork-engine train PROJECT --run DIR`: retrain on what was verified, or go on where a run stopped."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine.domain.training import RunState
from engine.grounding.embedded import model_folder
from engine.trainer import Job, train
from engine.training.launching import Fleet, write_launch
from engine.training.plans import PLANS, device_of, plan_named
from engine.training.run_folder import Event, RunFolder


def command(  # noqa: PLR0917
    project: Annotated[Path, typer.Argument(help="Project folder")],
    run: Annotated[Path, typer.Option(help="Folder of the run; the same one resumes it")],
    plan: Annotated[str, typer.Option(help=f"Plan file, auto, or one of {', '.join(PLANS)}")] = "auto",
    model: Annotated[str, typer.Option(help="Model folder; the embedded model without it")] = "",
    continues: Annotated[Path | None, typer.Option(help="Adapter to go on from")] = None,
    earlier: Annotated[list[Path] | None, typer.Option(help="Conversations (JSON) to replay a share of")] = None,
    processes: Annotated[int, typer.Option(help="Several: write files that start them all, and train nothing yet")] = 1,
    machines: Annotated[int, typer.Option(help="On how many machines they run")] = 1,
    host: Annotated[str, typer.Option(help="Address of the first machine")] = "127.0.0.1",
    shard: Annotated[
        bool, typer.Option("--shard", help="Have them share the base out even where each can hold it")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print every event as a line of JSON")] = False,
) -> None:
    """Train an adapter in three stages."""
    if processes > 1:
        chosen = plan_named(plan)
        cards = chosen.device == "cuda" or device_of(chosen).type == "cuda"
        fleet = Fleet(processes, machines, host, cards)
        words = ["train", str(project.resolve()), "--run", str(run.resolve()), "--plan", plan]
        words += ["--model", model] if model else []
        words += ["--continues", str(continues.resolve())] if continues else []
        words += ["--shard"] if shard else []
        words += [word for path in earlier or () for word in ("--earlier", str(path.resolve()))]
        for start in write_launch(run, fleet, words):
            typer.echo(str(start))
        return
    began = RunFolder(run).plan() is not None
    folder = Path() if began else model_folder(model)
    job = Job(project, run, plan_named(plan), folder, continues, tuple(earlier or ()), shard)
    status = train(job, _line if json else _tell)
    typer.echo(msgspec.json.encode(status).decode() if json else f"{status.state}: {status.sentence or run}")
    if status.state is RunState.FAILED:
        raise typer.Exit(2)


def _line(event: Event) -> None:
    typer.echo(msgspec.json.encode(event).decode())


def _tell(event: Event) -> None:
    if event.kind == "update":
        typer.echo(
            f"{event.stage} {event.update}/{event.updates}  loss {event.loss:.4f}  {event.eta:.0f} s to go", err=True
        )
    elif event.sentence:
        typer.echo(event.sentence, err=True)
