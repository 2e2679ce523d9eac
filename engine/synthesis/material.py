"""Short source sounds of every kind, rendered once with fluidsynth and espeak-ng and kept as one file."""

import struct
import subprocess
import tempfile
import wave
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import platformdirs
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain.errors import GroundworkError

Wave = NDArray[np.int16]

RATE = 16000
PIECE = 24000  # samples of one piece: 1.5 s
PIECES = 16
SOUND_FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
_TICKS = 480  # per beat of half a second


class SoundKind(Struct, frozen=True):
    """A kind of sound. `program` is its General MIDI number, -1 for percussion, None for what is no instrument.

    `glyph` names the thing that makes it, where the drawn world has one.
    """

    name: str
    program: int | None = None
    notes: tuple[int, ...] = ()
    glyph: str = ""


_MIDDLE = tuple(range(52, 84, 2))
KNOWN_SOUNDS: tuple[SoundKind, ...] = (
    SoundKind("piano", 0, _MIDDLE, "piano"),
    SoundKind("guitar", 25, tuple(range(45, 77, 2)), "guitar"),
    SoundKind("violin", 40, tuple(range(58, 90, 2)), "violin"),
    SoundKind("trumpet", 56, tuple(range(55, 87, 2)), "trumpet"),
    SoundKind("saxophone", 65, tuple(range(50, 82, 2)), "saxophone"),
    SoundKind("drum", -1, (36, 38, 42, 45, 36, 38, 46, 48, 36, 40, 42, 50, 35, 38, 43, 47), "drum"),
    SoundKind("bell", 14, tuple(range(60, 92, 2)), "bell"),
    SoundKind("telephone", 124, tuple(range(66, 82)), "telephone"),
    SoundKind("helicopter", 125, tuple(range(52, 68)), "helicopter"),
    SoundKind("bird", 123, tuple(range(62, 78)), "bird"),
    SoundKind("flute", 73, tuple(range(62, 94, 2))),
    SoundKind("organ", 19, _MIDDLE),
    SoundKind("speech"),
    SoundKind("beep"),
    SoundKind("noise"),
    SoundKind("siren"),
)

# Never heard in training.
HELD_OUT_SOUNDS: tuple[SoundKind, ...] = (
    SoundKind("accordion", 21, _MIDDLE, "accordion"),
    SoundKind("banjo", 105, _MIDDLE),
    SoundKind("harp", 46, _MIDDLE),
    SoundKind("waves", 122, tuple(range(56, 72))),
)

_SENTENCES = (
    "The quick brown fox jumps over the lazy dog and runs away",
    "Please tell me where the station is before the train leaves",
    "Seven small boats are sailing slowly across the open bay",
    "She sells fresh bread and butter at the corner of the street",
)
_VOICES = ("en-us", "en-gb", "en-us+f3", "en-gb+m5")


@lru_cache(maxsize=1)
def material(path: Path | None = None) -> dict[str, Wave]:
    """Pieces (PIECES, PIECE) at RATE for each kind of sound, rendered on the first call."""
    kept = path or platformdirs.user_cache_path("groundwork") / "sound-material-1.npz"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        pieces = {kind.name: _rendered(kind) for kind in (*KNOWN_SOUNDS, *HELD_OUT_SOUNDS)}
        part = kept.with_suffix(".part.npz")
        np.savez_compressed(part, allow_pickle=False, **pieces)
        part.replace(kept)
    with np.load(kept) as archive:
        return {name: archive[name] for name in archive.files}


def _rendered(kind: SoundKind) -> Wave:
    if kind.program is None:
        return _MADE[kind.name](np.random.default_rng(sum(kind.name.encode())))
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder) / "score.mid", Path(folder) / "sound.wav"
        score.write_bytes(_score(kind.program, kind.notes))
        flags = ("-ni", "-q", "-R", "0", "-C", "0", "-g", "0.8", "-r", str(RATE), "-F", str(sound))
        _run(("fluidsynth", *flags, str(SOUND_FONT), str(score)))
        return _pieces(_read(sound))


def _score(program: int, notes: Sequence[int]) -> bytes:
    """A MIDI file: one note every 1.5 s, held for 1.4 s."""
    channel = 9 if program < 0 else 0
    held, pause = _length(int(_TICKS * 2.8)), _length(int(_TICKS * 0.2))
    events = b"" if program < 0 else bytes((0, 0xC0, program))
    for place, note in enumerate(notes):
        loud = 84 + 9 * (place % 5)
        on = bytes((0x90 | channel, note, loud))
        events += (b"\0" if not place else pause) + on + held + bytes((0x80 | channel, note, 0))
    events += b"\0\xff\x2f\0"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, _TICKS) + b"MTrk" + struct.pack(">I", len(events)) + events


def _length(ticks: int) -> bytes:
    """A number as MIDI writes it: seven bits a byte, the highest first."""
    return bytes((0x80 | ticks >> 7, ticks & 0x7F)) if ticks > 0x7F else bytes((ticks,))


def _speech(_rng: np.random.Generator) -> Wave:
    spoken = []
    with tempfile.TemporaryDirectory() as folder:
        for sentence, voice in zip(_SENTENCES * 4, _VOICES * 4, strict=True):
            target = Path(folder) / "speech.wav"
            _run(("espeak-ng", "-v", voice, "-s", "150", "-w", str(target), sentence))
            spoken.append(_read(target))
    return _pieces(np.concatenate([piece[1600 : 1600 + PIECE] for piece in spoken]))


def _beep(rng: np.random.Generator) -> Wave:
    at = np.arange(PIECE) / RATE
    rows = []
    for pitch in rng.uniform(400, 2000, PIECES):
        tone = np.sin(2 * np.pi * pitch * at)
        rows.append(tone * ((at % 0.3) < 0.2))
    return _level(np.stack(rows))


def _noise(rng: np.random.Generator) -> Wave:
    rows = rng.normal(0, 1, (PIECES, PIECE))
    for place in range(1, PIECES, 2):
        rows[place] = np.convolve(rows[place], np.ones(6) / 6, "same")
    return _level(rows)


def _siren(rng: np.random.Generator) -> Wave:
    at = np.arange(PIECE) / RATE
    rows = []
    for low in rng.uniform(500, 900, PIECES):
        pitch = low * (1.4 + 0.4 * np.sin(2 * np.pi * at / 0.75))
        rows.append(np.sin(2 * np.pi * np.cumsum(pitch) / RATE))
    return _level(np.stack(rows))


_MADE: dict[str, Callable[[np.random.Generator], Wave]] = {
    "speech": _speech,
    "beep": _beep,
    "noise": _noise,
    "siren": _siren,
}


def _pieces(samples: NDArray[np.float64]) -> Wave:
    padded = np.zeros(PIECES * PIECE)
    padded[: min(len(samples), len(padded))] = samples[: len(padded)]
    return _level(padded.reshape(PIECES, PIECE))


def _level(rows: NDArray[np.float64]) -> Wave:
    """Every piece as loud as the others (root mean square), without clipping."""
    loud = np.sqrt((rows**2).mean(axis=1, keepdims=True)) + 1e-9
    even = np.clip(rows / loud * 0.1, -0.95, 0.95)
    return np.asarray(even * 32767, np.int16)


def _read(path: Path) -> NDArray[np.float64]:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64) / 32768
        rate, channels = file.getframerate(), file.getnchannels()
    mono = samples.reshape(-1, channels)[:, 0]
    if rate == RATE:
        return mono
    length = len(mono) * RATE // rate
    return np.asarray(cv2.resize(mono[None], (length, 1), interpolation=cv2.INTER_LINEAR)[0])


def _run(command: tuple[str, ...]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        raise GroundworkError(
            f"{command[0]} cannot render the source sounds; install fluidsynth, fluid-soundfont-gm and espeak-ng."
        ) from error
