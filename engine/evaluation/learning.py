"""Whether retraining learns: kinds of things the embedded model never saw, corrected from the truth.

For each draw of five such kinds and each number of corrected pictures: a project is laid down, retrained the way the
app does it, and asked about pictures that nobody corrected, and about old kinds. What is finished is kept in the
folder, so that the same call goes on where it was stopped.
"""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

import cv2
import msgspec
import numpy as np
from msgspec import Struct

from engine import edits
from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.geometry import Absent, Box, box_iou
from engine.domain.project import Entity
from engine.evaluation.asking import asked
from engine.evaluation.cases import Case, read_cases
from engine.evaluation.metrics import Figure, Outcome, figure, figures, values
from engine.evaluation.regression import QUESTIONS, draw_regression
from engine.media.probe import media_item
from engine.messages import LoadModel
from engine.store.project_store import ProjectStore
from engine.synthesis import pictures, questions
from engine.synthesis.kinds import HELD_OUT, Kind
from engine.synthesis.pictures import Pixels, Scene, World
from engine.synthesis.questions import Asked, Rng
from engine.training.checkpoints import write_file

AT_ONCE = 5
_SEED = 40_417
_SIDES = (256, 640)
_RESULT = "result.json"
_BY = Provenance(Origin.HUMAN, "truth", "2026-01-01T00:00:00Z")
# How well a box fits that is accepted as it is; inputs of rejecting an answer and drawing.
_FITS, _ANEW = 0.85, 3
_RIGHT = ("acc@0.5", "f1", "r@1 iou 0.5", "refusal")

Retrain = Callable[[Path, Path], Path]
"""(project, run folder) -> adapter folder."""


class Exercise(Struct, frozen=True):
    """Where results are kept, the model, how it is retrained, and about how much it is asked.

    `unseen` pictures with new kinds, `each` question of every task about old ones.
    """

    folder: Path
    wish: LoadModel
    retrain: Retrain
    unseen: int = 200
    each: int = 24


class Learned(Struct, frozen=True):
    """What `corrected` pictures of one draw taught: figures of new kinds and of old ones.

    `score` is the share of the questions about old kinds that were answered right, `fall` what it lost. `inputs` are
    the keys and presses that a question about an unseen picture costs its reviewer. `seconds` are those of retraining.
    """

    draw: int
    kinds: tuple[str, ...]
    corrected: int
    new: dict[str, Figure]
    old: dict[str, Figure]
    score: Figure
    fall: Figure
    inputs: float
    seconds: float = 0.0


def kinds_of(draw: int) -> tuple[Kind, ...]:
    """Five kinds; the first six draws have none in common."""
    rounds, place = divmod(draw, len(HELD_OUT) // AT_ONCE)
    order = np.random.default_rng((_SEED, rounds)).permutation(len(HELD_OUT))
    return tuple(HELD_OUT[number] for number in order[place * AT_ONCE : (place + 1) * AT_ONCE])


def learning(exercise: Exercise, draws: Iterable[int], counts: Iterable[int]) -> Iterator[Learned]:
    """Every draw with every number of corrected pictures, none first, each as soon as it is known."""
    counts = sorted({0, *counts})
    for draw in draws:
        for corrected in counts:
            yield _kept(exercise, draw, corrected) or _learned(exercise, draw, corrected)


def _place(exercise: Exercise, draw: int, corrected: int) -> Path:
    return exercise.folder / f"draw-{draw}" / f"{corrected:03d}"


def _kept(exercise: Exercise, draw: int, corrected: int) -> Learned | None:
    path = _place(exercise, draw, corrected) / _RESULT
    return msgspec.json.decode(path.read_bytes(), type=Learned) if path.exists() else None


def _learned(exercise: Exercise, draw: int, corrected: int) -> Learned:
    place, wish, seconds = _place(exercise, draw, corrected), exercise.wish, 0.0
    place.mkdir(parents=True, exist_ok=True)
    if corrected:
        project = lay_down(place / "project", draw, corrected)
        began = time.monotonic()
        wish = msgspec.structs.replace(wish, adapter=str(exercise.retrain(project, place / "run")))
        seconds = time.monotonic() - began
    new = unseen(place.parent / "unseen", draw, exercise.unseen)
    old = _old(exercise.folder / "old", exercise.each)
    outcomes = asked([*new, *old], wish)
    scores = [(case.unit, right(case, outcomes[case.id])) for case in old]
    before = _before(exercise.folder, old, outcomes)
    one = Learned(
        draw,
        tuple(kind.name for kind in kinds_of(draw)),
        corrected,
        figures(new, outcomes),
        figures(old, outcomes),
        figure(scores),
        figure([(case.unit, before[case.id] - right(case, outcomes[case.id])) for case in old]),
        float(np.mean([inputs(case, outcomes[case.id]) for case in new])),
        seconds,
    )
    write_file(place / _RESULT, lambda part: part.write_bytes(msgspec.json.encode(one)))
    return one


def _old(folder: Path, each: int) -> list[Case]:
    """The questions about old kinds, drawn by the first call."""
    if not (folder / QUESTIONS).exists():
        draw_regression(folder, each)
    return read_cases(folder / QUESTIONS)


def _before(folder: Path, old: Sequence[Case], outcomes: dict[str, Outcome]) -> dict[str, float]:
    """What the model scored on each question about old kinds before any retraining; the first call is that."""
    path = folder / "before.json"
    if not path.exists():
        scores = {case.id: right(case, outcomes[case.id]) for case in old}
        write_file(path, lambda part: part.write_bytes(msgspec.json.encode(scores)))
    return msgspec.json.decode(path.read_bytes(), type=dict[str, float])


def right(case: Case, outcome: Outcome) -> float:
    """Whether the answer is right, 0 or 1; the F1 of several boxes."""
    measured = values(case, outcome)
    return next(measured[name] for name in _RIGHT if name in measured)


def inputs(case: Case, outcome: Outcome) -> int:
    """Keys and presses to review the answer about one thing, with the window's own gestures.

    Enter for a box that fits, else Ctrl and a click where each edge belongs that is off; or Backspace, B and a drag, as
    for a “not there”. One Backspace for every other box.
    """
    found = [one.geometry for one in outcome.groundings if isinstance(one.geometry, Box)]
    truths = [truth for truth in case.truths if isinstance(truth, Box)]
    best = min((_edges_off(box, truth) for box in found for truth in truths), default=_ANEW)
    return min(max(1, best), _ANEW) + max(0, len(found) - 1)


def _edges_off(box: Box, truth: Box) -> int:
    """How many edges have to be put right until the box fits."""
    for count in range(4):
        for edges in combinations(range(4), count):
            mended = Box(*(right if place in edges else edge for place, (edge, right) in _paired(box, truth)))
            if box_iou(mended, truth) >= _FITS:
                return count
    return 4


def _paired(box: Box, truth: Box) -> Iterator[tuple[int, tuple[float, float]]]:
    return enumerate(zip(box.edges, truth.edges, strict=True))


def unseen(folder: Path, draw: int, count: int) -> list[Case]:
    """`count` pictures that nobody corrects, each with a question about one thing that is alone of its name."""
    cases = []
    for number in range(count):
        rng = np.random.default_rng((_SEED, draw, 1, number))
        page, scene, one = _askable(rng, draw)
        path = _written(folder / f"{number:03d}.png", page)
        name = f"unseen-{draw}-{number}"
        cases.append(Case(name, name, (str(path),), one.question, one.phrase, one.truth, scene.size))
    return cases


def lay_down(folder: Path, draw: int, count: int) -> Path:
    """A project of `count` pictures in which everything is boxed and one new kind is said not to be there."""
    if folder.exists():
        return folder
    kinds, part = kinds_of(draw), folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    labels = {kind.name: Label(kind.name, kind.name, place) for place, kind in enumerate(kinds)}
    entities: list[Entity] = list(labels.values())
    for number in range(count):
        rng = np.random.default_rng((_SEED, draw, 0, number))
        page, scene = pictures.picture(rng, World(kinds, shapes=0.0), int(rng.integers(*_SIDES)))
        path = _written(part / f"{number:03d}.png", page)
        item = msgspec.structs.replace(media_item(path, part), id=path.stem)
        entities += [item, *_corrections(rng, item.id, scene, kinds)]
    store = ProjectStore.create(part)
    store.apply(edits.created("Corrections", entities))
    store.close()
    part.rename(folder)
    return folder


def _corrections(rng: Rng, item: str, scene: Scene, kinds: Sequence[Kind]) -> Iterator[Annotation]:
    for place, thing in enumerate(scene.things):
        yield Annotation(f"{item}/{place}", item, thing.name, thing.box, Review.MISSED, _BY, thing.kind.name)
    missing = [kind.name for kind in kinds if all(thing.kind != kind for thing in scene.things)]
    if missing:
        name = questions.pick(rng, missing)
        yield Annotation(f"{item}/absent", item, name, Absent(), Review.MISSED, _BY, name)


def _askable(rng: Rng, draw: int) -> tuple[Pixels, Scene, Asked]:
    """A picture with a thing that is alone of its name."""
    world = World(kinds_of(draw), shapes=0.0)
    while True:
        page, scene = pictures.picture(rng, world, int(rng.integers(*_SIDES)))
        if one := questions.by_name(rng, scene, world.kinds):
            return page, scene, one


def _written(path: Path, page: Pixels) -> Path:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), page[..., ::-1])
    return path
