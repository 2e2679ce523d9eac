"""Questions about clips and sounds with their answers."""

from collections.abc import Container

from msgspec import Struct
from msgspec.structs import replace

from engine.domain.geometry import Segment
from engine.domain.media import Clock
from engine.grammar import ABSENT, PLACE, write, write_segment
from engine.synthesis import wording
from engine.synthesis.clips import Clip
from engine.synthesis.kinds import KNOWN
from engine.synthesis.material import KNOWN_SOUNDS
from engine.synthesis.questions import Asked, Rng, pick
from engine.synthesis.sounds import Sounding

_KNOWN = 0.75  # share of things asked about in passing that are there
_TICKS = 1000  # PTS of a second


class Happening(Struct, frozen=True):
    """Something with a name that lasts from `start` to `end` seconds."""

    name: str
    start: float
    end: float


class Words(Struct, frozen=True):
    """How one sort of medium is asked about, and what could happen in it."""

    when: tuple[str, ...]
    between: tuple[str, ...]
    story: tuple[str, ...]
    nothing: str
    possible: tuple[str, ...]


CLIP_WORDS = Words(wording.APPEARS, wording.HAPPENS, wording.STORY, "nothing", tuple(kind.name for kind in KNOWN))
SOUND_WORDS = Words(
    wording.SOUNDS, wording.HEARD_IN, wording.HEARD, "nothing", tuple(kind.name for kind in KNOWN_SOUNDS)
)


def clock(seconds: float) -> Clock:
    """Time of a generated medium, in thousandths of a second."""
    return Clock(1, _TICKS, 0, round(seconds * _TICKS))


def of_clip(rng: Rng, clip: Clip, count: int, only: Container[str] = ()) -> list[Asked]:
    return _asked(rng, _acts(clip), clip.seconds, CLIP_WORDS, (count, only))


def of_sound(
    rng: Rng, seconds: float, events: tuple[Sounding, ...], count: int, only: Container[str] = ()
) -> list[Asked]:
    return _asked(rng, _soundings(events), seconds, SOUND_WORDS, (count, only))


def _asked(
    rng: Rng, happened: list[Happening], seconds: float, words: Words, wanted: tuple[int, Container[str]]
) -> list[Asked]:
    """One question per thing that happened, then others up to the count `wanted`; of the tasks wanted, if any."""
    count, only = wanted
    askers = {
        "absent": lambda: never(rng, happened, words),
        "between": lambda: between(rng, happened, seconds, words),
        "story": lambda: story(rng, happened, seconds, words),
    }
    tasks = [task for task in ("absent", "between", "between", "story") if not only or task in only]
    found = [when(rng, what, seconds, words) for what in happened] if not only or "when" in only else []
    while len(found) < count:
        found.append(askers[pick(rng, tasks)]())
    return found[:count]


def when(rng: Rng, what: Happening, seconds: float, words: Words) -> Asked:
    wordings = wording.SPEAKS if what.name == "speech" and rng.random() < 0.5 else words.when
    segment, time = _segment(what), clock(seconds)
    answer = write(what.name, [write_segment(segment, time)])
    return Asked("when", pick(rng, wordings).format(x=what.name), answer, what.name, (segment,))


def following_in_clip(rng: Rng, clip: Clip, before: Asked) -> Asked | None:
    return _following(rng, _acts(clip), clip.seconds, CLIP_WORDS, before)


def following_in_sound(rng: Rng, seconds: float, events: tuple[Sounding, ...], before: Asked) -> Asked | None:
    return _following(rng, _soundings(events), seconds, SOUND_WORDS, before)


def _following(rng: Rng, happened: list[Happening], seconds: float, words: Words, before: Asked) -> Asked | None:
    """After a question about one thing, the same of another, which only the turn `before` explains."""
    if before.task not in ("when", "absent"):
        return None
    others = [what for what in happened if what.name != before.phrase]
    next_words = replace(words, when=wording.AND_WHEN)
    if others and rng.random() < _KNOWN:
        return when(rng, others[int(rng.integers(len(others)))], seconds, next_words)
    return never(rng, happened, next_words)


def never(rng: Rng, happened: list[Happening], words: Words) -> Asked:
    heard = {what.name for what in happened}
    missing = [name for name in words.possible if name not in heard]
    name = pick(rng, missing)
    return Asked("absent", pick(rng, words.when).format(x=name), ABSENT, name)


def between(rng: Rng, happened: list[Happening], seconds: float, words: Words) -> Asked:
    """What goes on in a stretch of time; things count that fill most of it or lie mostly within."""
    start, length = rng.uniform(0, 0.8), rng.uniform(0.1, 0.3)
    if rng.random() < 0.7:
        what = happened[int(rng.integers(len(happened)))]
        start, length = what.start / seconds, (what.end - what.start) / seconds
    first, last = start * seconds, min((start + length) * seconds, seconds)
    moment = Segment(round(first * _TICKS), round(last * _TICKS))
    inside = [what.name for what in happened if min(what.end, last) - max(what.start, first) > 0.4 * (last - first)]
    answer = " and ".join(inside) or words.nothing
    question = pick(rng, words.between).replace(PLACE, write_segment(moment, clock(seconds)))
    return Asked("between", question, answer, answer, moment=moment)


def story(rng: Rng, happened: list[Happening], seconds: float, words: Words) -> Asked:
    ordered = sorted(happened, key=lambda what: what.start)
    segments = tuple(_segment(what) for what in ordered)
    time = clock(seconds)
    parts = [write(what.name, [write_segment(part, time)]) for what, part in zip(ordered, segments, strict=True)]
    return Asked("story", pick(rng, words.story), ", ".join(parts), truth=segments)


def _acts(clip: Clip) -> list[Happening]:
    return [Happening(actor.name, actor.start, actor.end) for actor in clip.actors]


def _soundings(events: tuple[Sounding, ...]) -> list[Happening]:
    return [Happening(event.kind.name, event.start, event.end) for event in events]


def _segment(what: Happening) -> Segment:
    return Segment(round(what.start * _TICKS), round(what.end * _TICKS))
