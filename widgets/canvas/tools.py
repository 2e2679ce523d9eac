"""What presses, moves and releases of the pointer mean: a small state machine over values. Pure.

Each event takes the state and gives the next one with what came of it, if anything. Points are picture pixels.
"""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from engine.domain.geometry import Box
from widgets.canvas.shaping import BODY, Frame, Point, around, between, dragged, jumped, nearest_edge, point_in


class Tool(StrEnum):
    """What the pointer does: `REGION` draws like `BOX` but marks where the next question looks."""

    SELECT = "select"
    BOX = "box"
    EXTREME = "extreme"
    REGION = "region"


class Idle(Struct, frozen=True):
    """Nothing is under way."""


class Stretching(Struct, frozen=True):
    """A box between two corners; `held` while the button is down, else the second click is awaited."""

    tool: Tool
    anchor: Point
    at: Point
    held: bool = True


class Collecting(Struct, frozen=True):
    """One to three of the four extreme points; `at` is the pointer."""

    points: tuple[Point, ...]
    at: Point


class Reshaping(Struct, frozen=True):
    """An annotation's box follows the pointer. `box` is the last shape with an area."""

    id: str
    origin: Box
    grip: int
    grabbed: Point
    box: Box
    moved: bool = False


State = Idle | Stretching | Collecting | Reshaping


class Drawn(Struct, frozen=True):
    """A new box; `tool` says for what."""

    tool: Tool
    box: Box


class Reshaped(Struct, frozen=True):
    """An annotation's box was moved or resized."""

    id: str
    box: Box


class Clicked(Struct, frozen=True):
    """The pointer went down and up on an annotation without moving it."""

    id: str


class Refused(Struct, frozen=True):
    """A box without area was drawn."""


Outcome = Drawn | Reshaped | Clicked | Refused | None
Step = tuple[State, Outcome]


def draw_press(tool: Tool, state: State, at: Point, frame: Frame) -> Step:
    """A press with one of the drawing tools."""
    at = point_in(frame, at)
    match state:
        case Stretching():
            return replace(state, at=at, held=True), None
        case Collecting(points) if len(points) == 3:
            return _finished(Tool.EXTREME, around((*points, at), frame))
        case Collecting(points):
            return Collecting((*points, at), at), None
        case _ if tool is Tool.EXTREME:
            return Collecting((at,), at), None
        case _:
            return Stretching(tool, at, at), None


def grab(annotation: str, box: Box, grip: int, at: Point) -> State:
    """A press on a box, at its grip."""
    return Reshaping(annotation, box, grip, at, box)


def jump(annotation: str, box: Box, at: Point, frame: Frame) -> State:
    """The nearest edge of a box goes to the press and follows the pointer from there."""
    edge = nearest_edge(box, at)
    there = jumped(box, at, frame)
    return Reshaping(annotation, there or box, edge, at, there or box, moved=there is not None)


def move(state: State, at: Point, frame: Frame, slack: float) -> State:
    """The pointer moved, with or without a button; a grabbed box follows after `slack` pixels only."""
    match state:
        case Stretching():
            return replace(state, at=point_in(frame, at))
        case Collecting():
            return replace(state, at=point_in(frame, at))
        case Reshaping() if state.moved or _apart(state.grabbed, at, slack):
            dx, dy = at[0] - state.grabbed[0], at[1] - state.grabbed[1]
            box = dragged(state.origin, state.grip, dx, dy, frame)
            return replace(state, box=box or state.box, moved=True)
        case _:
            return state


def release(state: State, at: Point, frame: Frame, slack: float) -> Step:
    """The button went up."""
    state = move(state, at, frame, slack)
    match state:
        case Stretching(tool, anchor, end, held=True):
            if not _apart(anchor, end, slack):
                return replace(state, held=False), None
            return _finished(tool, between(anchor, end, frame))
        case Reshaping(id=annotation, moved=False):
            return Idle(), Clicked(annotation)
        case Reshaping(id=annotation, box=box):
            return Idle(), Reshaped(annotation, box)
        case _:
            return state, None


def preview(state: State, frame: Frame) -> Box | None:
    """The box to show for a state, if it has an area by now."""
    match state:
        case Stretching(_, anchor, at):
            return between(anchor, at, frame)
        case Collecting(points, at):
            return around((*points, at), frame)
        case Reshaping(box=box):
            return box
        case _:
            return None


def is_body(state: State) -> bool:
    return isinstance(state, Reshaping) and state.grip == BODY


def _finished(tool: Tool, box: Box | None) -> Step:
    return (Idle(), Drawn(tool, box)) if box else (Idle(), Refused())


def _apart(a: Point, b: Point, slack: float) -> bool:
    return abs(a[0] - b[0]) > slack or abs(a[1] - b[1]) > slack
