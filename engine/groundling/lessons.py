"""Lessons: one medium (or a picture with a sound), drawn from a seed, with several questions that share it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain.media import MediaKind
from engine.grounding.architecture import Architecture
from engine.grounding.prompt import media_block
from engine.grounding.tokens import Tokenizer
from engine.groundling import dense, media
from engine.groundling.design import STYLE
from engine.synthesis import moments, pictures, questions, wording
from engine.synthesis.material import SoundKind
from engine.synthesis.pictures import Scene, Thing
from engine.synthesis.questions import Asked, Rng, pick
from engine.training import guidance
from engine.training.guidance import Look

_FINEST = 0.1
_PASSING = 0.4  # share of turns after which another is asked in passing, where talks have several
_MIXED = 0.65  # share of mere sights with strangers in them
_IGNORED = -100
NAMING = frozenset({"what", "caption", "count", "exists", "between", "story"})
"""Tasks of the first stage: names rather than places."""


Following = Callable[[Asked], Asked | None]
"""What may be asked after a question, with its answer known; None where nothing follows from it."""
Truths = dict[MediaKind, tuple[NDArray[Any], ...]]


class Turn(Struct, frozen=True):
    """Ids of one question and of its answer, which alone is learned, each id of it by its weight.

    `ahead` has, by places of the answer, the digits that follow the name which ends before that place. `looks` count
    their places from the question's first id.
    """

    question: list[int]
    answer: list[int]
    weights: list[float]
    ahead: dict[int, list[int]]
    looks: list[Look]


class Lesson(Struct, frozen=True):
    """Values and dense truths by kind of medium, the ids before any question, and conversations."""

    values: dict[MediaKind, NDArray[np.float32]]
    truths: Truths
    prefix: list[int]
    talks: list[list[Turn]]


class Course(Struct, frozen=True):
    """What lessons are drawn from: the worlds, how many questions share a medium, how many turns a talk may have."""

    worlds: media.Worlds
    size: Architecture
    tokenizer: Tokenizer
    questions: int = 6
    turns: int = 1
    tasks: frozenset[str] = frozenset()
    """Tasks to ask for; empty for all."""


def of_picture(rng: Rng, course: Course) -> Lesson:
    return _asked_about(rng, course, course.worlds.either(rng), course.questions)


def of_mixture(rng: Rng, course: Course) -> Lesson:
    """A picture with strangers in it, of which some are asked for by their names."""
    return _asked_about(rng, course, course.worlds.mixed, course.questions)


def of_sight(rng: Rng, course: Course) -> Lesson:
    """A picture that nothing is asked about."""
    return _asked_about(rng, course, course.worlds.mixed if rng.random() < _MIXED else course.worlds.alike, 0)


def of_slides(rng: Rng, course: Course) -> Lesson:
    """A clip each of whose moments shows another picture; nothing is asked about it."""
    values, scenes = media.slides(rng, course.worlds.clips)
    grid = course.size.eva.image_size // course.size.eva.patch_size
    return _lesson(course, {MediaKind.VIDEO: values}, {MediaKind.VIDEO: dense.slides(scenes, grid)}, [])


def of_clip(rng: Rng, course: Course) -> Lesson:
    values, clip = media.clip(rng, course.worlds.clips)
    asked = moments.of_clip(rng, clip, max(2, course.questions - 2), course.tasks)
    grid = course.size.eva.image_size // course.size.eva.patch_size
    truths: Truths = {MediaKind.VIDEO: (dense.frames(clip, grid), dense.moments(clip))}
    talks = _talks(rng, course, asked, lambda before: moments.following_in_clip(rng, clip, before))
    return _lesson(course, {MediaKind.VIDEO: values}, truths, talks)


def of_sound(rng: Rng, course: Course) -> Lesson:
    values, seconds, events = media.sound(rng, course.worlds.sounds)
    asked = moments.of_sound(rng, seconds, events, max(2, course.questions - 2), course.tasks)
    truths: Truths = {MediaKind.AUDIO: (dense.soundings(seconds, events),)}
    talks = _talks(rng, course, asked, lambda before: moments.following_in_sound(rng, seconds, events, before))
    return _lesson(course, {MediaKind.AUDIO: values}, truths, talks)


def of_pair(rng: Rng, course: Course) -> Lesson:
    """A picture and the sound of one thing in it."""
    values, scene, kind, thing = pair(rng, course.worlds)
    heard, seconds, events = media.sound(rng, course.worlds.sounds, kind)
    kinds = course.worlds.pictures.kinds
    asked = [emission(rng, scene, thing), *questions.of_picture(rng, scene, kinds, 2, course.tasks)]
    truths: Truths = {MediaKind.IMAGE: _patches(course, scene), MediaKind.AUDIO: (dense.soundings(seconds, events),)}
    talks = _talks(rng, course, asked, lambda before: questions.following(rng, scene, kinds, before))
    return _lesson(course, {MediaKind.IMAGE: values, MediaKind.AUDIO: heard}, truths, talks)


def pair(rng: Rng, worlds: media.Worlds) -> tuple[NDArray[np.float32], Scene, SoundKind, Thing]:
    """A picture in which exactly one thing of a kind that sounds can be meant, and that kind."""
    emitters = {kind.glyph: kind for kind in worlds.sounds.kinds if kind.glyph}
    while True:
        values, scene = media.picture(rng, musical(rng, worlds.pictures, tuple(emitters)))
        alone = [
            thing for thing in scene.things if thing.name in emitters and len(questions.named(scene, thing.name)) == 1
        ]
        if alone:
            thing = alone[int(rng.integers(len(alone)))]
            return values, scene, emitters[thing.name], thing


def musical(rng: Rng, world: pictures.World, names: Sequence[str]) -> pictures.World:
    """The same world with half of its kinds replaced by kinds that make sounds."""
    loud = [kind for kind in world.kinds if kind.name in names]
    others = [world.kinds[int(rng.integers(len(world.kinds)))] for _ in loud]
    return pictures.World(
        (*loud, *others), world.things, world.sizes, world.aspects, world.turn, world.overlap, shapes=0.1, twins=0.1
    )


def emission(rng: Rng, scene: Scene, thing: Thing) -> Asked:
    """Where what is heard stands."""
    return questions.located("emission", pick(rng, wording.EMITS), thing.name, [thing], scene)


def _asked_about(rng: Rng, course: Course, world: pictures.World, count: int) -> Lesson:
    values, scene = media.picture(rng, world)
    asked = questions.of_picture(rng, scene, world.kinds, count, course.tasks)
    talks = _talks(rng, course, asked, lambda before: questions.following(rng, scene, world.kinds, before))
    return _lesson(course, {MediaKind.IMAGE: values}, {MediaKind.IMAGE: _patches(course, scene)}, talks)


SOURCES: Mapping[str, Callable[[Rng, Course], Lesson]] = {
    "pictures": of_picture,
    "clips": of_clip,
    "sounds": of_sound,
    "pairs": of_pair,
    "mixtures": of_mixture,
    "sights": of_sight,
    "slides": of_slides,
}


def drawn(source: str, rng: Rng, course: Course) -> tuple[Lesson, ...]:
    """One lesson of that source; a sight is also seen in the mirror, which costs no drawing."""
    lesson = SOURCES[source](rng, course)
    return (lesson, _mirrored(lesson)) if source == "sights" else (lesson,)


def _mirrored(sight: Lesson) -> Lesson:
    names, *rest = sight.truths[MediaKind.IMAGE]
    grid = round(len(names) ** 0.5)
    seen = dense.Patches(*(part.reshape(grid, grid, *part.shape[1:]) for part in (names, *rest)))
    values = np.ascontiguousarray(sight.values[MediaKind.IMAGE][..., ::-1])
    return Lesson({MediaKind.IMAGE: values}, {MediaKind.IMAGE: _flat(dense.mirrored(seen))}, sight.prefix, [])


def _patches(course: Course, scene: Scene) -> tuple[NDArray[Any], ...]:
    return _flat(dense.patches(scene, course.size.clip.image_size // course.size.clip.patch_size))


def _flat(seen: dense.Patches) -> tuple[NDArray[Any], ...]:
    """Its parts, patches in one row."""
    return tuple(part.reshape(-1, *part.shape[2:]) for part in (seen.names, seen.colours, seen.boxes, seen.ranks))


def _talks(rng: Rng, course: Course, asked: Sequence[Asked], following: Following) -> list[list[Asked]]:
    """Questions in conversations of up to the course's turns, where there are several with questions in passing."""
    talks, waiting = [], list(asked)
    while waiting:
        length = int(rng.integers(1, course.turns + 1))
        talk, waiting = waiting[:length], waiting[length:]
        if course.turns > 1:
            talk = [turn for one in talk for turn in (one, following(one) if rng.random() < _PASSING else None) if turn]
        talks.append(talk)
    return talks


def _lesson(
    course: Course,
    values: dict[MediaKind, NDArray[np.float32]],
    truths: Truths,
    talks: Sequence[Sequence[Asked]],
) -> Lesson:
    blocks = media_block(STYLE, {kind: course.size.tokens(kind) for kind in values})
    prefix = course.tokenizer.encode(f"{STYLE.system}{STYLE.separator}{STYLE.human}: {blocks}")
    turns = [[_turn(course, tuple(values), one, first=not place) for place, one in enumerate(talk)] for talk in talks]
    return Lesson(values, truths, prefix, turns)


def _turn(course: Course, kinds: Sequence[MediaKind], asked: Asked, *, first: bool) -> Turn:
    words, asking = course.tokenizer, f"{asked.question}{STYLE.separator}{STYLE.assistant}:"
    question = words.encode(asking, bos=False) if first else _later(words, asking)
    answer = words.encode(f"{asked.answer}{STYLE.separator}", bos=False)
    looks = guidance.looks(words, course.size, kinds, question, answer)
    return Turn(question, answer, *_marks(words, answer), looks)


def _later(words: Tokenizer, asking: str) -> list[int]:
    """Ids of a later question, spelled as it is when it stands in the middle of a prompt, without a space before."""
    end = len(words.encode(STYLE.separator, bos=False))
    return words.encode(f"{STYLE.separator}{STYLE.human}: {asking}", bos=False)[end:]


def _marks(words: Tokenizer, answer: Sequence[int]) -> tuple[list[float], dict[int, list[int]]]:
    """Weights of an answer's ids and, after each name, the two first digits of each coordinate.

    Little weight for the third digit of a coordinate: a thousandth of the picture is finer than a pixel.
    """
    run = 0
    weights: list[float] = []
    ahead: dict[int, list[int]] = {}
    digits: list[int] = []
    for place, number in enumerate(answer):
        piece = words.piece(number)
        if piece == b":":
            digits = ahead[place] = []
        run = run + 1 if piece.isdigit() else 0
        weights.append(_FINEST if run == 3 else 1.0)
        if 1 <= run <= 2 and len(digits) < 8:
            digits.append(int(piece))
    return weights, {place: (found + [_IGNORED] * 8)[:8] for place, found in ahead.items()}
