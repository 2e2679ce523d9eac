"""`groundwork-engine groundling`: the small model that ships with the app, its world and its training."""

from pathlib import Path
from typing import Annotated

import typer

from engine.evaluation.groundling import calibrate as calibrate_scores
from engine.evaluation.regression import draw_regression
from engine.evaluation.rehearsal import draw_rehearsal
from engine.groundling.raising import plans, raised
from engine.groundling.shipping import ship as ship_model
from engine.synthesis import sample as sample_media
from engine.training.launching import Fleet, write_launch
from engine.training.run_folder import Event

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The small model that ships with the app.")


@app.command()
def sample(
    out: Annotated[Path, typer.Argument(help="Folder for the media and truth.json.")],
    seed: Annotated[int, typer.Option(help="Another seed draws other media.")] = 7,
) -> None:
    """Draw the sample media with their truth."""
    for truth in sample_media.make(out, seed):
        typer.echo(f"{truth.path}: {len(truth.annotations)} true statements")


@app.command()
def regression(out: Annotated[Path, typer.Argument(help="Folder for the media and their questions.")]) -> None:
    """Draw the fixed questions that a retrained model must still answer."""
    typer.echo(f"{len(draw_regression(out))} questions in {out}")


@app.command()
def rehearsal(out: Annotated[Path, typer.Argument(help="Folder for the media and their conversations.")]) -> None:
    """Draw what the model rehearses of old kinds while it learns from a user."""
    typer.echo(str(draw_rehearsal(out)))


@app.command()
def train(
    run: Annotated[Path, typer.Option(help="Run folder; a run that was stopped there is taken up again.")],
    *,
    seed: Annotated[int, typer.Option(help="Of weights and scenes.")] = 1,
    threads: Annotated[int, typer.Option(help="Processor threads.")] = 1,
    workers: Annotated[int, typer.Option(help="Processes that draw scenes; 0 draws them in between.")] = 1,
    share: Annotated[float, typer.Option(help="Shortens every stage to this share of its updates.")] = 1.0,
    processes: Annotated[int, typer.Option(help="Several: write the file that starts them all, train nothing yet")] = 1,
) -> None:
    """Train the model from nothing; may be killed and called again."""
    if processes > 1:
        words = ["groundling", "train", "--run", str(run.resolve()), "--seed", str(seed), "--share", str(share)]
        (start,) = write_launch(run, Fleet(processes, cards=False), [*words, "--workers", "0"])
        typer.echo(str(start))
        return
    weights = raised(run, plans(seed, threads=threads, share=share), report=_told, workers=workers)
    typer.echo(f"Trained: {weights}")


@app.command()
def ship(
    weights: Annotated[Path, typer.Argument(help="What training left: model.safetensors.")],
    out: Annotated[Path, typer.Argument(help="Folder of the model.")],
) -> None:
    """Write a model folder, with the language model as GGUF too."""
    manifest = ship_model(weights, out)
    typer.echo(f"{manifest.name}: {sum(entry.size for entry in manifest.files.values()) / 1e6:.1f} MB in {out}")


@app.command()
def calibrate(
    folder: Annotated[Path, typer.Argument(help="Model folder; its manifest gets the curves.")],
    *,
    seed: Annotated[int, typer.Option(help="Of the scenes; not one that is evaluated on.")] = 5,
    n: Annotated[int, typer.Option("--n", help="Scenes per task")] = 100,
) -> None:
    """Make probabilities of the model's scores, from its answers about newly drawn scenes."""
    found = calibrate_scores(folder, seed, n)
    for name, curve in (("boxes", found.boxes), ("segments", found.segments)):
        typer.echo(f"{name}: " + " ".join(f"{score:.2f}→{share:.2f}" for score, share in curve))


def _told(event: Event) -> None:
    if event.kind != "update" or event.update % 25 == 0:
        parts = " ".join(f"{name} {value:.3f}" for name, value in event.parts.items())
        typer.echo(f"{event.kind} {event.stage} {event.update}/{event.updates} loss {event.loss:.3f} {parts}", err=True)
