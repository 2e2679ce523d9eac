"""The sample media of the app: a few pictures, a clip with sound and a sound, with the truth about them."""

from fractions import Fraction
from pathlib import Path

import av
import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.domain.geometry import Key, Segment, Track
from engine.synthesis import clips, pictures, sounds
from engine.synthesis.clips import Actor, Clip, ClipWorld
from engine.synthesis.kinds import HELD_OUT, KNOWN
from engine.synthesis.material import KNOWN_SOUNDS, RATE, material
from engine.synthesis.pictures import Scene, World
from engine.synthesis.sounds import Samples, SoundWorld
from engine.synthesis.truth import Known, SampleTruth

_SIDE = 800
_FRAMES = 25  # a second
_CLIP_SECONDS = 10.0
_SOUND_SECONDS = 8.0
_BAND = tuple(kind for kind in KNOWN if kind.name in {voice.glyph for voice in KNOWN_SOUNDS})
_PICTURES = (
    ("meadow.jpg", World(things=(3, 3), twins=0.0, shapes=0.0, aspects=(1.33, 1.34))),
    ("twins.jpg", World(things=(5, 5), twins=0.5, shapes=0.0, aspects=(1.5, 1.5))),
    ("shapes.jpg", World(things=(5, 5), twins=0.1, shapes=1.0, aspects=(1.0, 1.0))),
    ("band.jpg", World(_BAND, things=(4, 4), twins=0.0, shapes=0.0, aspects=(1.6, 1.6))),
    ("tall.jpg", World(things=(4, 4), twins=0.3, aspects=(0.7, 0.7))),
    ("newcomers.jpg", World(HELD_OUT, things=(5, 5), twins=0.4, shapes=0.0, aspects=(1.33, 1.34))),
)


def make(folder: Path, seed: int = 7) -> list[SampleTruth]:
    """Write all sample media and `truth.json` into `folder`; the same seed makes the same media."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    truths = [_picture(rng, folder / name, world) for name, world in _PICTURES]
    truths += [_clip(rng, folder / "parade.mp4"), _sound(rng, folder / "concert.wav")]
    (folder / "truth.json").write_bytes(msgspec.json.format(msgspec.json.encode(truths)) + b"\n")
    return truths


def _picture(rng: np.random.Generator, path: Path, world: World) -> SampleTruth:
    page, scene = pictures.picture(rng, world, _SIDE)
    while len(scene.things) < world.things[0]:
        page, scene = pictures.picture(rng, world, _SIDE)
    Image.fromarray(page).save(path, quality=90)
    known = tuple(Known(thing.name, thing.name, thing.box) for thing in scene.things)
    names = sorted({thing.name for thing in scene.things})
    questions = [_question(scene, name) for name in names]
    return SampleTruth(path.name, known, tuple(questions), held_out=world.kinds is HELD_OUT)


def _question(scene: Scene, name: str) -> str:
    things = [thing for thing in scene.things if thing.name == name]
    many = things[0].name.removesuffix(things[0].kind.name) + things[0].kind.many
    return f"Find all the {many}." if len(things) > 1 else f"Where is the {name}?"


def _clip(rng: np.random.Generator, path: Path) -> SampleTruth:
    world = ClipWorld(World(things=(3, 3), sizes=(0.3, 0.45), aspects=(1.78, 1.78), shapes=0.0, twins=0.0))
    world = msgspec.structs.replace(world, seconds=(_CLIP_SECONDS, _CLIP_SECONDS))
    scene = clips.clip(rng, world, 640)
    heard, _, events = sounds.sound(rng, SoundWorld(seconds=(_CLIP_SECONDS, _CLIP_SECONDS), events=(2, 2)), material())
    _write_clip(path, scene, heard)
    with av.open(str(path)) as container:
        base = container.streams.video[0].time_base or Fraction(1, _FRAMES)
    known = [Known(actor.name, actor.name, _track(actor, base)) for actor in scene.actors]
    known += [Known(actor.name, actor.name, _segment(actor.start, actor.end, base)) for actor in scene.actors]
    questions = [f"When does the {actor.name} appear?" for actor in scene.actors]
    known += [Known(event.kind.name, event.kind.name, _segment(event.start, event.end, base)) for event in events]
    return SampleTruth(path.name, tuple(known), tuple(questions))


def _sound(rng: np.random.Generator, path: Path) -> SampleTruth:
    samples, _, events = sounds.sound(
        rng, SoundWorld(seconds=(_SOUND_SECONDS, _SOUND_SECONDS), events=(3, 3)), material()
    )
    with av.open(str(path), "w") as container:
        _add_sound(container, container.add_stream("pcm_s16le", rate=RATE, layout="mono"), samples)
    known = [
        Known(event.kind.name, event.kind.name, _segment(event.start, event.end, Fraction(1, RATE))) for event in events
    ]
    questions = ("What do you hear?", *(f"When does the {event.kind.name} play?" for event in events))
    return SampleTruth(path.name, tuple(known), questions)


def _write_clip(path: Path, scene: Clip, heard: Samples) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_FRAMES)
        stream.width, stream.height = (edge // 2 * 2 for edge in scene.size)
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "23", "preset": "slow"}
        voice = container.add_stream("aac", rate=RATE, layout="mono")
        for number in range(round(scene.seconds * _FRAMES)):
            page = scene.frame(number / _FRAMES)[: stream.height, : stream.width]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(page), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        _add_sound(container, voice, heard)


def _add_sound(container: av.container.OutputContainer, stream: av.AudioStream, samples: Samples) -> None:
    whole: NDArray[np.int16] = (samples * 32767).astype(np.int16)[None]
    step = stream.frame_size or 4096
    for start in range(0, whole.shape[1], step):
        frame = av.AudioFrame.from_ndarray(whole[:, start : start + step], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _track(actor: Actor, base: Fraction) -> Track:
    """Key frames where the thing enters, on every half second, and where it is gone."""
    first, last = (-(-round(at * 1000) * _FRAMES // 1000) for at in (actor.start, actor.end))
    numbers = sorted({first, *range(first + 12, last, 12), last - 1})
    boxes = [(number, actor.box_at(number / _FRAMES)) for number in numbers]
    keys = [Key(_pts(number / _FRAMES, base), box) for number, box in boxes if box]
    return Track((*keys, Key(_pts(last / _FRAMES, base), keys[-1].box, outside=True)))


def _segment(start: float, end: float, base: Fraction) -> Segment:
    return Segment(_pts(start, base), _pts(end, base))


def _pts(seconds: float, base: Fraction) -> int:
    return round(Fraction(seconds) / base)
