"""Damaged copies of small media, the same for the same seed."""

import random
from collections.abc import Collection, Iterator
from pathlib import Path

from PIL import Image

from tests.engine.media import clips

_FAST = {"preset": "ultrafast", "bf": "2", "g": "12"}
CONTAINERS = ("mp4", "mov", "mkv", "webm", "avi", "ts", "mpg", "flv", "wav", "mp3", "ogg", "flac")
PICTURES = ("jpg", "png", "webp", "tif", "gif", "bmp", "avif")
_CODECS = {"avi": "mpeg4", "mpg": "mpeg2video", "webm": "libvpx-vp9", "flv": "flv"}
_SOUNDS = {"wav": "pcm_s16le", "mp3": "mp3", "ogg": "libopus", "flac": "flac"}


def originals(folder: Path) -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    for kind in CONTAINERS:
        path = folder / f"original.{kind}"
        if kind in _SOUNDS:
            clips.write_sound(path, 1.0, codec=_SOUNDS[kind])
        else:
            codec = _CODECS.get(kind, "libx264")
            audio = "aac" if kind in {"mp4", "mov", "mkv", "ts"} else ""
            options = (
                {"deadline": "realtime", "cpu-used": "8"} if kind == "webm" else _FAST if codec == "libx264" else {}
            )
            clips.write_clip(path, count=24, codec=codec, options=options, audio=audio)
        made[kind] = path.read_bytes()
    for kind in PICTURES:
        path = folder / f"original.{kind}"
        Image.fromarray(clips.picture_of(77)).save(path)
        made[kind] = path.read_bytes()
    return made


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Flipped bits, wild bytes in the header, cut, doubled or zeroed stretches."""
    out = bytearray(data)
    way = chance.randrange(6)
    size = len(out)
    if way <= 1:
        for _ in range(chance.randrange(1, 65)):
            out[chance.randrange(size)] ^= 1 << chance.randrange(8)
    elif way == 2:
        for _ in range(chance.randrange(1, 9)):
            out[chance.randrange(min(size, 600))] = chance.choice([0, 255, 127, 128, chance.randrange(256)])
    elif way == 3:
        del out[chance.randrange(size) :]
    else:
        at = chance.randrange(size)
        length = chance.randrange(1, max(size // 4, 2))
        out[at : at + length] = bytes(length) if way == 4 else out[:length]
    return bytes(out)


def spoil(folder: Path, each: int, seed: int = 0, kinds: Collection[str] = ()) -> Iterator[Path]:
    """`each` damaged files of these kinds, of every kind if none is named."""
    for kind, data in originals(folder).items():
        if kinds and kind not in kinds:
            continue
        chance = random.Random(f"{kind} {seed}")
        for number in range(each):
            path = folder / f"{number}.{kind}"
            path.write_bytes(mutated(data, chance))
            yield path
