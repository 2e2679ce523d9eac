"""`groundwork-engine export PROJECT OUT --format F`: annotations for other programs, and what was lost."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from engine import transfer
from engine.domain.annotation import Label, Review
from engine.domain.errors import UsageError
from engine.domain.media import MediaKind
from engine.exchange.dataset import Selection
from engine.exchange.exporting import Plan, report_path
from engine.exchange.formats import FORMATS, Format, format_named
from engine.exchange.loss import LossReport
from engine.store.project_store import ProjectStore

_IDS = ", ".join(row.id for row in FORMATS)


def command(
    project: Annotated[Path, typer.Argument(help="Project folder")],
    out: Annotated[Path, typer.Argument(help="File or folder to write")],
    *,
    format_: Annotated[str, typer.Option("--format", help=f"One of: {_IDS}")],
    review: Annotated[list[Review] | None, typer.Option(help="Review states; verified ones unless named")] = None,
    label: Annotated[list[str] | None, typer.Option(help="Names of labels; all unless named")] = None,
    kind: Annotated[list[MediaKind] | None, typer.Option(help="Kinds of media; all unless named")] = None,
    author: Annotated[list[str] | None, typer.Option(help="Authors; all unless named")] = None,
    score: Annotated[str, typer.Option(help="Range of scores, as 0.5,1")] = "",
    split: Annotated[str, typer.Option(help="Shares of train, val and test, as 80,10,10")] = "",
    seed: Annotated[int, typer.Option(help="Seed of the split")] = 0,
    media: Annotated[bool, typer.Option("--media", help="Copy media into YOLO and VOC folders")] = False,
    empty: Annotated[bool, typer.Option("--empty", help="Media without annotations, too")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Write nothing, tell what would be lost")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the loss report as JSON")] = False,
    lines: Annotated[
        bool, typer.Option("--lines", help="Print progress and the outcome as lines of JSON; the project keeps nothing")
    ] = False,
) -> None:
    """Write verified annotations in a format of others."""
    row = format_named(format_)
    store = ProjectStore.open(project)
    try:
        selection = Selection(
            frozenset(review or ()),
            frozenset(_label(store.labels(), name) for name in label or ()),
            frozenset(kind or ()),
            frozenset(author or ()),
            _score(score),
            empty_media=empty,
        )
        plan = Plan(selection, _shares(split), seed, store.root if media else None)
        done = _done(store, out, row, plan, preview=preview, lines=lines)
    finally:
        store.close()
    typer.echo(_said(done, out, preview=preview, json=json, lines=lines))


def _done(store: ProjectStore, out: Path, row: Format, plan: Plan, *, preview: bool, lines: bool) -> transfer.Exported:
    tick = partial(tell, "writing") if lines else progress
    if preview:
        return transfer.Exported(transfer.preview_export(store, row, plan, tick))
    if lines:
        return transfer.write(store, out, row, plan, tick=tick)
    return transfer.Exported(transfer.export(store, out, row, plan, tick=tick))


def tell(what: str, done: int, total: int) -> None:
    """Progress as a line of its own."""
    typer.echo(f'["{what}",{done},{total}]')


def progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{done} of {total}", nl=False, err=True)


def _said(done: transfer.Exported, out: Path, *, preview: bool, json: bool, lines: bool) -> str:
    if lines or json:
        return msgspec.json.encode(done if lines else done.report).decode()
    return _told(done.report, out, preview=preview)


def _told(report: LossReport, out: Path, *, preview: bool) -> str:
    verb = "would hold" if preview else "holds"
    where = "" if preview else f" (in full: {report_path(out).name})"
    lines = [f"{out} {verb} {report.annotations} annotations of {report.media} media."]
    return "\n".join([*lines, *(f"  {sentence}" for sentence in report.sentences)]) + (where if report.losses else "")


def _label(labels: list[Label], name: str) -> str:
    for label in labels:
        if name in {label.name, label.id}:
            return label.id
    raise UsageError(f"The project has no label {name!r}; name one of {', '.join(one.name for one in labels)}.")


def _score(text: str) -> tuple[float, float] | None:
    numbers = _numbers(text, "0.5,1", 2)
    return (numbers[0], numbers[1]) if numbers else None


def _shares(text: str) -> tuple[float, float, float] | None:
    numbers = _numbers(text, "80,10,10", 3)
    if numbers and (min(numbers) < 0 or sum(numbers) <= 0):
        raise UsageError(f"The shares {text} do not divide anything; write them as 80,10,10.")
    return (numbers[0], numbers[1], numbers[2]) if numbers else None


def _numbers(text: str, example: str, count: int) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")] if text else []
    except ValueError as error:
        raise UsageError(f"{text!r} is not {count} numbers; write them as {example}.") from error
    if text and len(numbers) != count:
        raise UsageError(f"{text!r} is not {count} numbers; write them as {example}.")
    return numbers
