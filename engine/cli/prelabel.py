"""`groundwork-engine prelabel PROJECT --query TEXT…`: the same questions to all media of a project."""

import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine import answers, prelabel
from engine.domain.errors import GroundworkError, StoreError, UsageError
from engine.domain.media import MediaKind
from engine.domain.project import ItemFilter
from engine.grounding.backbone import Stop
from engine.grounding.embedded import model_folder
from engine.grounding.grounder import Grounder
from engine.grounding.loading import load
from engine.messages import Answered, LoadModel, Progress
from engine.prelabel import Run, Task
from engine.store.project_store import ProjectStore


def command(
    project: Annotated[Path, typer.Argument(help="Project folder")],
    *,
    query: Annotated[list[str] | None, typer.Option("--query", help="A question; may be given several times.")] = None,
    kind: Annotated[MediaKind | None, typer.Option(help="Only this kind of media")] = None,
    again: Annotated[bool, typer.Option("--again", help="Ask where the question was answered before, too.")] = False,
    budget: Annotated[float, typer.Option(help="Minutes after which it stops; 0 for no limit")] = 0.0,
    model: Annotated[str, typer.Option(help="Model folder; the embedded model without it")] = "",
    adapter: Annotated[str, typer.Option(help="Folder of an adapter")] = "",
    backbone: Annotated[str, typer.Option(help="auto, torch or llamacpp")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    threads: Annotated[int, typer.Option(help="0 for all cores but one")] = 0,
) -> None:
    """Ask every medium; stopped at any point, the same command goes on with the rest."""
    store = ProjectStore.open(project)
    try:
        if store.read_only:
            raise StoreError(f"{project} is open elsewhere; close it there first.")
        run = Run(tuple(query or ()), answers.now(), ItemFilter(kind=kind), 60 * budget, again=again)
        if not run.texts:
            raise UsageError("Give at least one question with --query.")
        wish = LoadModel("load", "", adapter, backbone, device, "auto", threads)
        grounder = Grounder(load(wish, model_folder(model), _quiet))
        run = _work(store, run, grounder)
        grounder.close()
        done, total = prelabel.remaining(store, run)
    finally:
        store.close()
    typer.echo(f"{project}: {done - len(run.failures)} of {total} asked, {len(run.failures)} failed")


def _quiet(_what: str, _done: float, _total: float) -> None:
    """Loading needs no words here."""


def _work(store: ProjectStore, run: Run, grounder: Grounder) -> Run:
    for task in prelabel.tasks(store, run):
        begun = time.monotonic()
        try:
            store.apply(prelabel.edit(store, task, _answer(grounder, store, task)))
        except GroundworkError as error:
            typer.echo(f"{task.name}: {error}", err=True)
            run = prelabel.failed(run, task, str(error))
        run = msgspec.structs.replace(run, spent=run.spent + time.monotonic() - begun)
        if run.over_budget:
            typer.echo("The budget of time is used up; the same command goes on with the rest.", err=True)
            break
    return run


def _answer(grounder: Grounder, store: ProjectStore, task: Task) -> Answered:
    for reply in grounder.ask(prelabel.request(store, task, task.name), Stop()):
        if isinstance(reply, Answered):
            return reply
        if isinstance(reply, Progress):
            continue
    raise UsageError(f"{task.name} was not answered; ask again.")
