"""Questions about drawn pictures with their answers, written in the same grammar that reads the model."""

from collections.abc import Callable, Container, Sequence

import numpy as np
from msgspec import Struct

from engine.domain.geometry import Box, Segment
from engine.grammar import ABSENT, PLACE, write, write_box
from engine.synthesis import wording
from engine.synthesis.kinds import COLOURS, SHAPES, Kind
from engine.synthesis.pictures import Scene, Thing

Rng = np.random.Generator
_APART = 0.08  # of the longer side: less is not worth calling left or above
_KNOWN = 0.75  # share of things asked about in passing that are there
_LARGER = 1.5  # ratio of areas from which one thing is clearly the larger one


class Asked(Struct, frozen=True):
    """A question with its answer as text and as truth. `region` or `moment` is what the question is about.

    `before` are the questions of the conversation that come first.
    """

    task: str
    question: str
    answer: str
    phrase: str = ""
    truth: tuple[Box | Segment, ...] = ()
    region: Box | None = None
    moment: Segment | None = None
    before: tuple[str, ...] = ()


def pick(rng: Rng, wordings: Sequence[str]) -> str:
    return wordings[int(rng.integers(len(wordings)))]


def a_name(rng: Rng, kind: Kind, colour: str = "") -> str:
    """The kind's name or, now and then, another word for it."""
    word = pick(rng, kind.synonyms) if kind.synonyms and rng.random() < 0.3 else kind.name
    return f"{colour} {word}" if colour else word


def of_picture(rng: Rng, scene: Scene, kinds: Sequence[Kind], count: int, only: Container[str] = ()) -> list[Asked]:
    """Up to `count` contrasting questions about one picture, so that words matter; of the tasks `only`, if any."""
    found: list[Asked] = []
    tasks = tuple(task for task in TASKS if not only or task in only)
    weights = np.array([WEIGHTS[task] for task in tasks])
    for _ in range(3 * count):
        asked = TASKS[tasks[int(rng.choice(len(tasks), p=weights / weights.sum()))]](rng, scene, kinds)
        if asked and all(asked.question != other.question for other in found):
            found.append(asked)
        if len(found) == count:
            break
    return found


def located(task: str, question: str, name: str, things: Sequence[Thing], scene: Scene) -> Asked:
    """A question answered by the boxes of `things`, from left to right."""
    ordered = sorted(things, key=lambda thing: (thing.box.x0, thing.box.y0))
    boxes = tuple(thing.box for thing in ordered)
    return Asked(task, question, write(name, [write_box(box, scene.size) for box in boxes]), name, boxes)


def by_name(
    rng: Rng,
    scene: Scene,
    kinds: Sequence[Kind],  # noqa: ARG001
    ways: Sequence[str] = wording.FIND,
) -> Asked | None:
    alone = [thing for thing in scene.things if len(named(scene, thing.name)) == 1]
    if not alone:
        return None
    thing = alone[int(rng.integers(len(alone)))]
    word = a_name(rng, thing.kind, thing.colour)
    others = [other for other in scene.things if other.kind == thing.kind]
    task = "colour" if thing.colour and len(others) > 1 else "name"
    if thing.colour and len(others) == 1 and rng.random() < 0.3:
        word = thing.kind.name
    return located(task, pick(rng, ways).format(x=word), thing.name, [thing], scene)


def by_colour(rng: Rng, scene: Scene, kinds: Sequence[Kind]) -> Asked | None:  # noqa: ARG001
    alone = [thing for thing in scene.things if thing.colour and len(named(scene, thing.name)) == 1]
    group = [thing for thing in alone if sum(other.kind == thing.kind for other in scene.things) > 1]
    if not group:
        return None
    thing = group[int(rng.integers(len(group)))]
    question = pick(rng, wording.FIND).format(x=a_name(rng, thing.kind, thing.colour))
    return located("colour", question, thing.name, [thing], scene)


def by_size(rng: Rng, scene: Scene, kinds: Sequence[Kind]) -> Asked | None:  # noqa: ARG001
    group = _twins(rng, scene)
    if len(group) < 2:
        return None
    ordered = sorted(group, key=lambda thing: thing.box.area)
    large = rng.random() < 0.5
    thing, next_one = (ordered[-1], ordered[-2]) if large else (ordered[0], ordered[1])
    small_area, large_area = sorted((thing.box.area, next_one.box.area))
    if large_area < _LARGER * small_area:
        return None
    word = pick(rng, wording.LARGEST if large else wording.SMALLEST)
    question = pick(rng, wording.FIND).format(x=f"{word} {a_name(rng, thing.kind, thing.colour)}")
    return located("size", question, thing.name, [thing], scene)


def by_position(rng: Rng, scene: Scene, kinds: Sequence[Kind]) -> Asked | None:  # noqa: ARG001
    group = _twins(rng, scene)
    if len(group) < 2:
        return None
    side = pick(rng, tuple(wording.SIDES))
    ordered = sorted(group, key=lambda thing: _along(thing.box, side))
    thing = ordered[-1]
    if _along(thing.box, side) - _along(ordered[-2].box, side) < _APART * max(scene.size):
        return None
    name = f"{pick(rng, wording.SIDES[side])} {a_name(rng, thing.kind, thing.colour)}"
    return located("position", pick(rng, wording.FIND).format(x=name), thing.name, [thing], scene)


def by_relation(rng: Rng, scene: Scene, kinds: Sequence[Kind]) -> Asked | None:  # noqa: ARG001
    group = _twins(rng, scene)
    anchors = [thing for thing in scene.things if thing not in group and len(named(scene, thing.name)) == 1]
    if len(group) < 2 or not anchors:
        return None
    anchor = anchors[int(rng.integers(len(anchors)))]
    side = pick(rng, tuple(wording.RELATIONS))
    gaps = [_along(thing.box, side) - _along(anchor.box, side) for thing in group]
    clear = _APART * max(scene.size)
    beyond = [thing for thing, gap in zip(group, gaps, strict=True) if gap > clear]
    if len(beyond) != 1 or any(abs(gap) <= clear for gap in gaps):
        return None
    thing = beyond[0]
    other = a_name(rng, anchor.kind, anchor.colour)
    name = f"{a_name(rng, thing.kind, thing.colour)} {pick(rng, wording.RELATIONS[side])} the {other}"
    return located("relation", pick(rng, wording.FIND).format(x=name), thing.name, [thing], scene)


def all_of(rng: Rng, scene: Scene, kinds: Sequence[Kind]) -> Asked | None:  # noqa: ARG001
    group = _twins(rng, scene)
    if not group:
        return None
    thing = group[0]
    several = f"{thing.colour} {thing.kind.many}" if thing.colour else thing.kind.many
    question = pick(rng, wording.ALL).format(x=thing.name, xs=several)
    return located("all", question, thing.name, group, scene)


def not_there(rng: Rng, scene: Scene, kinds: Sequence[Kind], ways: Sequence[str] = wording.FIND) -> Asked | None:
    name, word = _missing(rng, scene, kinds)
    return Asked("absent", pick(rng, ways).format(x=word), ABSENT, name)


def what_is(rng: Rng, scene: Scene, kinds: Sequence[Kind]) -> Asked | None:  # noqa: ARG001
    thing = scene.things[int(rng.integers(len(scene.things)))]
    question = pick(rng, wording.WHAT).replace(PLACE, write_box(thing.box, scene.size))
    return Asked("what", question, thing.name, thing.name, region=thing.box)


def count_of(rng: Rng, scene: Scene, kinds: Sequence[Kind]) -> Asked | None:
    group = _twins(rng, scene)
    if not group or rng.random() < 0.2:
        kind = kinds[int(rng.integers(len(kinds)))]
        several, number = kind.many, sum(thing.kind == kind for thing in scene.things)
        return Asked("count", pick(rng, wording.COUNT).format(xs=several), str(number), kind.name)
    thing = group[0]
    several = f"{thing.colour} {thing.kind.many}" if thing.colour else thing.kind.many
    return Asked("count", pick(rng, wording.COUNT).format(xs=several), str(len(group)), thing.name)


def exists(rng: Rng, scene: Scene, kinds: Sequence[Kind]) -> Asked | None:
    if rng.random() < 0.5:
        thing = scene.things[int(rng.integers(len(scene.things)))]
        word = a_name(rng, thing.kind, thing.colour)
        return Asked("exists", pick(rng, wording.EXISTS).format(x=word), "yes", thing.name)
    name, word = _missing(rng, scene, kinds)
    return Asked("exists", pick(rng, wording.EXISTS).format(x=word), "no", name)


def caption(rng: Rng, scene: Scene, kinds: Sequence[Kind]) -> Asked | None:  # noqa: ARG001
    ordered = sorted(scene.things, key=lambda thing: (thing.box.x0, thing.box.y0))
    parts = [write(thing.name, [write_box(thing.box, scene.size)]) for thing in ordered]
    boxes = tuple(thing.box for thing in ordered)
    return Asked("caption", pick(rng, wording.DESCRIBE), ", ".join(parts), truth=boxes)


def following(rng: Rng, scene: Scene, kinds: Sequence[Kind], before: Asked) -> Asked | None:
    """A question that only the turn `before` explains: where that is, or the same of another thing."""
    if before.task in ("exists", "count"):
        meant = [thing for thing in scene.things if before.phrase in (thing.name, thing.kind.name)]
        if not meant:
            return Asked("absent", pick(rng, wording.IT), ABSENT, before.phrase)
        question = pick(rng, wording.IT if len(meant) == 1 else wording.THEY)
        return located("it" if len(meant) == 1 else "they", question, before.phrase, meant, scene)
    if before.truth or before.answer == ABSENT:
        asker = by_name if rng.random() < _KNOWN else not_there
        return asker(rng, scene, kinds, wording.AND)
    return None


Asker = Callable[[Rng, Scene, Sequence[Kind]], Asked | None]
TASKS: dict[str, Asker] = {
    "name": by_name,
    "colour": by_colour,
    "size": by_size,
    "position": by_position,
    "relation": by_relation,
    "all": all_of,
    "absent": not_there,
    "what": what_is,
    "count": count_of,
    "exists": exists,
    "caption": caption,
}
WEIGHTS = {
    "name": 4.0,
    "colour": 3.0,
    "size": 2.5,
    "position": 2.5,
    "relation": 2.5,
    "all": 2.5,
    "absent": 2.0,
    "what": 4.0,
    "count": 0.7,
    "exists": 1.0,
    "caption": 0.1,
}


def named(scene: Scene, name: str) -> list[Thing]:
    """Everything in the picture with that name."""
    return [thing for thing in scene.things if thing.name == name]


def _twins(rng: Rng, scene: Scene) -> list[Thing]:
    """All things of one name, of a name that occurs more than once where there is one."""
    names = sorted({thing.name for thing in scene.things})
    several = [name for name in names if len(named(scene, name)) > 1]
    return named(scene, pick(rng, several or names))


def _missing(rng: Rng, scene: Scene, kinds: Sequence[Kind]) -> tuple[str, str]:
    """Name and word of something that is not in the picture; for shapes perhaps only the colour is wrong."""
    while True:
        if rng.random() < 0.3:
            kind, colour = SHAPES[int(rng.integers(len(SHAPES)))], pick(rng, tuple(COLOURS))
        else:
            kind, colour = kinds[int(rng.integers(len(kinds)))], ""
        name = f"{colour} {kind.name}" if colour else kind.name
        if not named(scene, name):
            return name, a_name(rng, kind, colour)


def _along(box: Box, side: str) -> float:
    """How far a box lies towards a side, in pixels."""
    across, down = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    return {"left": -across, "right": across, "top": -down, "bottom": down}[side]
