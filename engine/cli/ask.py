"""`groundwork-engine ask MEDIA… --query TEXT`: one question, answered on the shell."""

import math
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from engine.cli import numbers
from engine.domain.errors import UsageError
from engine.domain.geometry import Box, Segment
from engine.domain.media import Clock
from engine.domain.query import Grounding
from engine.grounding.backbone import Stop
from engine.grounding.embedded import model_folder
from engine.grounding.grounder import Budgets, Grounder
from engine.grounding.loading import load
from engine.grounding.marks import check_marks
from engine.grounding.scene import Scene, scene_of
from engine.grounding.viewing import Viewer
from engine.messages import Answered, Ask, LoadModel, Progress, Reply, Token

_KINDS: dict[type, str] = {Box: "box", Segment: "segment"}


def command(  # noqa: PLR0917
    media: Annotated[list[Path] | None, typer.Argument(help="Up to one picture, one clip and one sound.")] = None,
    query: Annotated[str, typer.Option("--query", help="The question.")] = "",
    region: Annotated[str, typer.Option("--region", help="x0,y0,x1,y1 in pixels, as part of the question.")] = "",
    moment: Annotated[str, typer.Option("--moment", help="start,end in seconds, as part of the question.")] = "",
    time: Annotated[float | None, typer.Option("--time", help="Ask about the clip's frame at that second.")] = None,
    model: Annotated[str, typer.Option("--model", help="Model folder; the embedded model without it.")] = "",
    adapter: Annotated[str, typer.Option("--adapter", help="Folder of an adapter.")] = "",
    backbone: Annotated[str, typer.Option("--backbone", help="auto, torch or llamacpp.")] = "auto",
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")] = "auto",
    precision: Annotated[str, typer.Option("--precision", help="auto, fp32, bf16, int8, nf4, Q8_0, Q4_K_M …")] = "auto",
    threads: Annotated[int, typer.Option("--threads", min=0, help="0 for all cores but one.")] = 0,
    constrain: Annotated[str, typer.Option("--constrain", help="Limit the answer to boxes or times.")] = "",
    temperature: Annotated[float, typer.Option("--temperature", min=0, help="0 for the likeliest words.")] = 0.0,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    samples: Annotated[int, typer.Option("--samples", min=1, help="Samples whose agreement enters scores.")] = 1,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=1)] = 512,
    cache: Annotated[Path | None, typer.Option("--cache", help="Folder to keep and find prefixes in.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Where and when things are, as the model says."""
    if not query.strip():
        raise UsageError("Give a question with --query.")
    wish = LoadModel("load", "", adapter, backbone, device, precision, threads)
    paths = tuple(str(path.absolute()) for path in media or ())
    viewer = Viewer()
    for done, size in viewer.study(paths, Stop()):
        _progress("opening", done, size)
    scene = scene_of(viewer.view(paths, None))
    marks = _marks(region, moment, time, scene)
    ask = Ask("ask", paths, query, *marks, (), temperature, seed, samples, constrain, max_tokens)
    check_marks(ask, viewer.view(paths, ask.frame))
    grounder = Grounder(load(wish, model_folder(model), _progress), cache, Budgets(), viewer)
    for reply in grounder.ask(ask, Stop()):
        _show(reply, scene, as_json=as_json)
    grounder.close()


def answer_json(reply: Answered, scene: Scene) -> dict[str, Any]:
    """The answer as it is printed: pixels of the picture as displayed, seconds after the start.

    A malformed grounding is there with its phrase and neither a kind nor a place.
    """
    return {
        "answer": reply.answer,
        "groundings": [_grounding(found, scene) for found in reply.groundings],
        "size": list(scene.size),
        "model": reply.model.name,
        "timings": reply.timings,
    }


def _show(reply: Reply, scene: Scene, *, as_json: bool) -> None:
    match reply:
        case Progress(_, what, done, total):
            _progress(what, done, total)
        case Token(_, text) if not as_json:
            typer.echo(text, nl=False)
        case Answered() if as_json:
            typer.echo(msgspec.json.encode(answer_json(reply, scene)))
        case Answered():
            typer.echo("")
            for found in reply.groundings:
                typer.echo(_line(found, scene))


def _progress(what: str, done: float, total: float) -> None:
    typer.echo(f"{what} {done:.0f}/{total:.0f}", err=True)


def _grounding(found: Grounding, scene: Scene) -> dict[str, Any]:
    place = found.geometry
    start, end = (
        (scene.clock.seconds_at(place.start), scene.clock.seconds_at(place.end))
        if isinstance(place, Segment) and scene.clock
        else (None, None)
    )
    return {
        "phrase": found.phrase,
        "kind": _KINDS.get(type(place)),
        "box": list(place.edges) if isinstance(place, Box) else None,
        "start": start,
        "end": end,
        "score": found.score,
        "spread": list(found.spread),
    }


def _line(found: Grounding, scene: Scene) -> str:
    told = _grounding(found, scene)
    name = found.phrase or "—"
    if found.geometry is None:
        return f"{name}: malformed"
    if told["box"]:
        return f"{name}: {', '.join(f'{edge:.1f}' for edge in told['box'])} px, score {found.score:.2f}"
    return f"{name}: {told['start']:.2f}–{told['end']:.2f} s, score {found.score:.2f}"


def _marks(region: str, moment: str, time: float | None, scene: Scene) -> tuple[Box | None, Segment | None, int | None]:
    """The marked region, moment and frame of a question."""
    if time is not None and not math.isfinite(time):
        raise UsageError("--time takes a finite number of seconds.")
    box = Box(*numbers(region, 4, "--region")) if region else None
    segment = _segment(numbers(moment, 2, "--moment"), scene.clock) if moment else None
    return box, segment, _clock(scene.clock).pts_at(time) if time is not None else None


def _segment(seconds: list[float], clock: Clock | None) -> Segment:
    start, end = (_clock(clock).pts_at(second) for second in seconds)
    return Segment(start, end)


def _clock(clock: Clock | None) -> Clock:
    if clock is None:
        raise UsageError("A picture has no time: leave --moment and --time out, or give a clip or a sound.")
    return clock
