"""`groundwork-engine propagate CLIP`: a box of one frame followed through its clip, without a window."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from engine import propagation
from engine.cli import numbers
from engine.domain.errors import MediaError, UsageError
from engine.domain.geometry import Box, Key, Segment, Track, clipped
from engine.domain.media import Clock, MediaKind
from engine.domain.tracks import Leg
from engine.exchange import wordings
from engine.grounding.backbone import Stop
from engine.grounding.embedded import model_folder
from engine.grounding.grounder import Grounder
from engine.grounding.loading import load
from engine.media.probe import Probed, probe
from engine.media.tracker import Follower
from engine.messages import Answered, Ask, LoadModel
from engine.propagation import Course, Seen

Seek = Callable[[int], list[tuple[Box, float]]]


class Way(StrEnum):
    BOTH = "both"
    FORWARDS = "forwards"
    BACKWARDS = "backwards"


def command(
    clip: Annotated[Path, typer.Argument(help="A clip")],
    *,
    box: Annotated[str, typer.Option("--box", help="x0,y0,x1,y1 in pixels as displayed: where the thing is.")] = "",
    time: Annotated[float | None, typer.Option("--time", help="Seconds after the start: when it is there.")] = None,
    phrase: Annotated[str, typer.Option("--phrase", help="What it is; the model is asked for it now and then.")] = "",
    moment: Annotated[str, typer.Option("--moment", help="start,end in seconds: no further than that.")] = "",
    way: Annotated[Way, typer.Option("--way")] = Way.BOTH,
    model: Annotated[str, typer.Option("--model", help="Model folder; the embedded model without it.")] = "",
    adapter: Annotated[str, typer.Option("--adapter", help="Folder of an adapter.")] = "",
    backbone: Annotated[str, typer.Option("--backbone", help="auto, torch or llamacpp.")] = "auto",
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, typer.Option("--threads", help="0 for all cores but one.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Follow a thing by what it looks like and, where it has a name, by what the model sees."""
    if not box or time is None:
        raise UsageError("Say where the thing is with --box, and when with --time.")
    place = Box(*numbers(box, 4, "--box"))
    known, clock = _clip(clip, place)
    wish = LoadModel("load", "", adapter, backbone, device, "auto", threads)
    grounder = Grounder(load(wish, model_folder(model), lambda *_: None)) if phrase.strip() else None
    seek = _seeking(grounder, clip, phrase.strip()) if grounder else None
    follower = Follower(clip)
    try:
        start = Key(_frame(follower.frames, clock, time, clip), place)
        span = _span(follower, clock, moment, start.pts)
        look = _looking(follower, clock, seek)
        courses = {}
        for one in (Way.BACKWARDS, Way.FORWARDS) if way is Way.BOTH else (way,):
            frames = propagation.outwards(follower.frames, start.pts, span, forwards=one is Way.FORWARDS)
            courses[one] = _course(start, frames, clock, look)
        back, on = courses.get(Way.BACKWARDS), courses.get(Way.FORWARDS)
        found = propagation.track(start, back, on, follower.frames, (known.width, known.height))
    finally:
        follower.close()
        if grounder:
            grounder.close()
    told = _told(found, courses, clock)
    typer.echo(msgspec.json.encode(told) if as_json else _words(told))


def _clip(clip: Path, place: Box) -> tuple[Probed, Clock]:
    known = probe(clip)
    if known.kind is not MediaKind.VIDEO or known.clock is None:
        raise MediaError(f"{clip.name} is no clip; only what moves can be followed.")
    if clipped(place, known.width, known.height) != place:
        raise UsageError(f"--box must lie within the {known.width} × {known.height} pixels of {clip.name}.")
    return known, known.clock


def _seeking(grounder: Grounder, clip: Path, phrase: str) -> Seek:
    """What the model sees of a phrase on a frame."""
    question = wordings.filled(wordings.WHERE, phrase)[0]

    def seek(pts: int) -> list[tuple[Box, float]]:
        replies = grounder.ask(Ask("frame", (str(clip.absolute()),), question, frame=pts), Stop())
        answer = next(one for one in replies if isinstance(one, Answered))
        return [(one.geometry, one.score) for one in answer.groundings if isinstance(one.geometry, Box)]

    return seek


def _frame(frames: list[int], clock: Clock, time: float, clip: Path) -> int:
    """The frame that is on screen at an instant."""
    if not 0 <= time < clock.seconds:
        raise UsageError(f"{clip.name} runs from 0 to {clock.seconds:.3f} s; --time must lie in it.")
    pts = clock.pts_at(time)
    return max((one for one in frames if one <= pts), default=frames[0])


def _span(follower: Follower, clock: Clock, moment: str, at: int) -> Segment:
    """How far to go."""
    whole = Segment(follower.frames[0], follower.end)
    if not moment:
        return whole
    span = Segment(*(clock.pts_at(second) for second in numbers(moment, 2, "--moment")))
    if not span.start <= at < span.end:
        raise UsageError("--moment must hold the instant of --time.")
    return span


def _looking(follower: Follower, clock: Clock, seek: Seek | None) -> Callable[[Leg], Seen]:
    """The tracker over a leg, and the model on its last frame."""

    def look(leg: Leg) -> Seen:
        boxes = follower.follow(leg, lambda _done, _total: None)
        typer.echo(f"followed to {clock.seconds_at(leg.end):.3f} s", err=True)
        return Seen(boxes, seek(leg.end) if seek else None)

    return look


def _course(start: Key, frames: list[int], clock: Clock, look: Callable[[Leg], Seen]) -> Course:
    found = Course()
    step = round(propagation.STEP_SECONDS * clock.den / clock.num)
    propagation.driven(propagation.course(start, frames, step, found), look)
    return found


def _told(found: Track, courses: Mapping[Way, Course], clock: Clock) -> dict[str, Any]:
    """Pixels of the picture as displayed, seconds after the start; between keyframes a straight line."""
    keys = [
        {"pts": key.pts, "time": clock.seconds_at(key.pts), "box": list(key.box.edges), "outside": key.outside}
        for key in found.keys
    ]
    return {
        "keys": keys,
        "score": propagation.score_of(courses.values()),
        "frames": 1 + sum(len(one.boxes) for one in courses.values()),
        "ended": {way.value: one.ended.value for way, one in courses.items()},
    }


def _words(told: dict[str, Any]) -> str:
    rows = [
        f"{key['time']:.3f} s: {'gone' if key['outside'] else ', '.join(f'{edge:.1f}' for edge in key['box']) + ' px'}"
        for key in told["keys"]
    ]
    score = "" if told["score"] is None else f", score {told['score']:.2f}"
    ends = ", ".join(f"{way} until {end}" for way, end in told["ended"].items())
    return "\n".join([*rows, f"{told['frames']} frames followed{score}; {ends}"])
