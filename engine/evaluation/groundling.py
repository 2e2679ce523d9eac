"""Figures of Groundling on freshly drawn scenes, task by task, through the very path of a user's question."""

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from engine.domain.geometry import Box, Segment
from engine.domain.media import Clock
from engine.evaluation.asking import asked
from engine.evaluation.calibration import Sureness, calibration_error, fitted
from engine.evaluation.cases import Case
from engine.evaluation.metrics import Figure, Outcome, Values, figure, values
from engine.grounding.calibration import Calibration
from engine.grounding.manifest import read_manifest, write_manifest
from engine.groundling import lessons, media
from engine.media.probe import media_item
from engine.messages import LoadModel
from engine.synthesis import clips, moments, pictures, questions, sounds
from engine.synthesis.kinds import HELD_OUT, Kind
from engine.synthesis.material import RATE, material
from engine.synthesis.pictures import Pixels, Scene, World
from engine.synthesis.questions import Asked, Rng
from engine.synthesis.sounds import Samples

_RATE = 10  # frames a second of drawn clips
_SIDES = (256, 640)
_TRIES = 400
_HELD_OUT = "held-out name"

Table = dict[str, dict[str, Figure]]


class Posed(Struct, frozen=True):
    """A question about media that were written to disk, and the task it belongs to."""

    task: str
    case: Case
    answer: str


Pose = Callable[[Rng, Path], tuple[Asked, tuple[Path, ...], tuple[int, int], float]]
Finder = Callable[[Rng, Scene, Sequence[Kind]], Asked | None]


def evaluate(seed: int, n: int, wish: LoadModel, progress: Callable[[int], None] = lambda _: None) -> Table:
    """Task → metric → figure with its interval, on `n` new media per task drawn from `seed`."""
    table: Table = {}
    asking, outcomes = _put(seed, n, wish, progress)
    tasks: dict[str, list[Posed]] = defaultdict(list)
    for one in asking:
        tasks[one.task].append(one)
    for task, rows in tasks.items():
        measured = [(row.case.unit, _values(row, outcomes[row.case.id])) for row in rows]
        names = dict.fromkeys(name for _, row in measured for name in row)
        table[task] = {
            name: figure([(unit, row[name]) for unit, row in measured if name in row], seed=seed) for name in names
        }
    table["calibration"] = {"expected calibration error": calibration_error(list(_sureness(asking, outcomes)))}
    return table


def calibrate(folder: Path, seed: int, n: int, progress: Callable[[int], None] = lambda _: None) -> Calibration:
    """Fit the scores of the model in `folder` on `n` new media per task and note the curves in its manifest."""
    manifest = read_manifest(folder)
    with tempfile.TemporaryDirectory() as name:
        bare = Path(shutil.copytree(folder, Path(name) / folder.name))
        write_manifest(bare, replace(manifest, calibration=Calibration()))
        asking, outcomes = _put(seed, n, LoadModel("", str(bare), device="cpu"), progress, _PLACING)
    rows = list(_sureness(asking, outcomes))
    curves = [fitted([row for row in rows if row.segment is segment]) for segment in (False, True)]
    found = Calibration(*curves)
    write_manifest(folder, replace(manifest, calibration=found))
    return found


def _put(
    seed: int, n: int, wish: LoadModel, progress: Callable[[int], None], tasks: Collection[str] = ()
) -> tuple[list[Posed], dict[str, Outcome]]:
    with tempfile.TemporaryDirectory() as name:
        asking = list(posed(seed, n, Path(name), tasks))
        return asking, asked([one.case for one in asking], wish, progress)


def _sureness(asking: Sequence[Posed], outcomes: dict[str, Outcome]) -> Iterator[Sureness]:
    """Of every first place that answers a question about one place; what was held out says nothing of the known."""
    for row in asking:
        outcome = outcomes[row.case.id]
        found = [one for one in outcome.groundings if one.geometry is not None]
        if found and row.case.truths and row.task != _HELD_OUT:
            measured = values(row.case, outcome)
            right = measured.get("acc@0.5", measured.get("r@1 iou 0.5"))
            if right is not None:
                yield Sureness(found[0].score, right, isinstance(row.case.truths[0], Segment))


def _values(row: Posed, outcome: Outcome) -> Values:
    if row.task in _NAMING:
        return {"exact": float(outcome.answer.strip() == row.answer)}
    measured = values(row.case, outcome)
    if "answered" in measured:
        measured["false refusal"] = 1 - measured.pop("answered")
    return measured


def posed(seed: int, n: int, folder: Path, tasks: Collection[str] = ()) -> Iterator[Posed]:
    """`n` questions of each of `tasks` (all of them if none is named), whose media are written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (task, pose) in enumerate(POSES.items()):
        for place in range(n if not tasks or task in tasks else 0):
            rng = np.random.default_rng((seed, number, place, 77))
            unit = f"{number:02}-{place:05}"
            one, paths, size, seconds = pose(rng, folder / unit)
            clock = media_item(paths[0], folder).clock if seconds else None
            truths = tuple(
                _timed(truth, clock) if clock and isinstance(truth, Segment) else truth for truth in one.truth
            )
            names = tuple(str(path) for path in paths)
            case = Case(unit, unit, names, one.question, one.phrase, truths, size, clock, one.before)
            yield Posed(task, case, one.answer)


def _timed(truth: Box | Segment, clock: Clock | None) -> Box | Segment:
    """A drawn segment in the time of the file that was written."""
    if clock is None or isinstance(truth, Box):
        return truth
    drawn = moments.clock(0.0)
    return Segment(clock.pts_at(drawn.seconds_at(truth.start)), clock.pts_at(drawn.seconds_at(truth.end)))


def _about_picture(task: str, kinds: Sequence[Kind] = ()) -> Pose:
    asker = questions.TASKS["name" if task == "colour" else task]

    def only(rng: Rng, scene: Scene, kinds: Sequence[Kind]) -> Asked | None:
        one = asker(rng, scene, kinds)
        return one if one and one.task == task else None

    return _posing(only, kinds)


def _third_turn(rng: Rng, scene: Scene, kinds: Sequence[Kind]) -> Asked | None:
    """One thing by its name, after two other questions."""
    before = questions.of_picture(rng, scene, kinds, 2)
    one = questions.by_name(rng, scene, kinds)
    if one is None or len(before) < 2 or one.question in (other.question for other in before):
        return None
    return replace(one, before=tuple(other.question for other in before))


def _in_passing(rng: Rng, scene: Scene, kinds: Sequence[Kind]) -> Asked | None:
    """One place, asked for by words that only the question before explains."""
    for before in questions.of_picture(rng, scene, kinds, 1):
        one = questions.following(rng, scene, kinds, before)
        if one and len(one.truth) == 1:
            return replace(one, before=(before.question,))
    return None


def _posing(find: Finder, kinds: Sequence[Kind] = ()) -> Pose:
    """New pictures until one of them gives rise to such a question."""

    def pose(rng: Rng, path: Path) -> tuple[Asked, tuple[Path, ...], tuple[int, int], float]:
        world = media.Worlds().pictures
        if kinds:
            world = World(tuple(kinds), world.things, shapes=0.0)
        for _ in range(_TRIES):
            page, scene = pictures.picture(rng, world, int(rng.integers(*_SIDES)))
            one = find(rng, scene, world.kinds)
            if one:
                return one, (_picture(path, page),), scene.size, 0.0
        raise AssertionError(f"no picture of {_TRIES} gives rise to such a question")

    return pose


def _about_clip(rng: Rng, path: Path) -> tuple[Asked, tuple[Path, ...], tuple[int, int], float]:
    clip = clips.clip(rng, media.Worlds().clips, 320)
    actor = clip.actors[int(rng.integers(len(clip.actors)))]
    what = moments.Happening(actor.name, actor.start, actor.end)
    one = moments.when(rng, what, clip.seconds, moments.CLIP_WORDS)
    return one, (_clip(path.with_suffix(".mp4"), clip),), clip.size, clip.seconds


def _about_sound(rng: Rng, path: Path) -> tuple[Asked, tuple[Path, ...], tuple[int, int], float]:
    samples, seconds, events = sounds.sound(rng, media.Worlds().sounds, material())
    event = events[int(rng.integers(len(events)))]
    what = moments.Happening(event.kind.name, event.start, event.end)
    one = moments.when(rng, what, seconds, moments.SOUND_WORDS)
    return one, (_sound(path.with_suffix(".wav"), samples),), (0, 0), seconds


def _about_both(rng: Rng, path: Path) -> tuple[Asked, tuple[Path, ...], tuple[int, int], float]:
    worlds = media.Worlds()
    emitters = {kind.glyph: kind for kind in worlds.sounds.kinds if kind.glyph}
    while True:
        world = lessons.musical(rng, worlds.pictures, tuple(emitters))
        page, scene = pictures.picture(rng, world, int(rng.integers(*_SIDES)))
        alone = [thing for thing in scene.things if thing.name in emitters]
        alone = [thing for thing in alone if len(questions.named(scene, thing.name)) == 1]
        if alone:
            thing = alone[int(rng.integers(len(alone)))]
            samples, _, _ = sounds.sound(rng, worlds.sounds, material(), only=emitters[thing.name])
            paths = (_picture(path, page), _sound(path.with_suffix(".wav"), samples))
            return lessons.emission(rng, scene, thing), paths, scene.size, 0.0


POSES: dict[str, Pose] = {
    "name": _about_picture("name"),
    "colour": _about_picture("colour"),
    "size": _about_picture("size"),
    "position": _about_picture("position"),
    "relation": _about_picture("relation"),
    "all": _about_picture("all"),
    "absent": _about_picture("absent"),
    "what": _about_picture("what"),
    "count": _about_picture("count"),
    "exists": _about_picture("exists"),
    "clip": _about_clip,
    "sound": _about_sound,
    "picture and sound": _about_both,
    _HELD_OUT: _about_picture("name", HELD_OUT),
    "third turn": _posing(_third_turn),
    "in passing": _posing(_in_passing),
}
_NAMING = {"what", "count", "exists"}
_PLACING = ("name", "colour", "size", "position", "relation", "clip", "sound", "picture and sound")


def _picture(path: Path, page: Pixels) -> Path:
    written = path.with_suffix(".png")
    cv2.imwrite(str(written), page[..., ::-1])
    return written


def _clip(path: Path, clip: clips.Clip) -> Path:
    with av.open(str(path), "w") as container:
        # FFmpeg's own encoder: libx264 is under the GPL and no part of the bundle.
        stream = container.add_stream("mpeg4", rate=_RATE)
        stream.width, stream.height = (edge // 2 * 2 for edge in clip.size)
        stream.pix_fmt = "yuv420p"
        stream.options = {"qmin": "2", "qmax": "2"}
        for number in range(round(clip.seconds * _RATE)):
            page = np.ascontiguousarray(clip.frame(number / _RATE)[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(page, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def _sound(path: Path, samples: Samples) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        whole = (samples * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(whole, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
