import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from engine.media import speaker
from engine.media.speaker import SilentOut, open_speaker

ROOT = Path(__file__).parents[3]


class Tape:
    """A pull that has so many samples left."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, out: np.ndarray) -> int:
        count = min(len(out), self.left)
        self.left -= count
        return count


def test_silence_keeps_steady_time() -> None:
    now = [100.0]
    out = SilentOut(now=lambda: now[0])
    out.start(Tape(10**9))
    now[0] += 1.5
    assert out.heard() == 72000
    now[0] += 0.5
    assert out.heard() == 96000


def test_silence_waits_when_nothing_comes_and_goes_on_without_a_jump() -> None:
    now = [0.0]
    tape = Tape(4800)
    out = SilentOut(now=lambda: now[0])
    out.start(tape)
    now[0] = 3.0
    assert out.heard() == 4800
    tape.left = 10**9
    now[0] = 3.1
    assert round(out.heard()) == 9600


def test_a_stopped_one_stays_where_it_was() -> None:
    now = [0.0]
    out = SilentOut(now=lambda: now[0])
    out.start(Tape(10**9))
    now[0] = 1.0
    out.heard()
    out.stop()
    now[0] = 9.0
    assert out.heard() == 48000


def test_without_portaudio_there_is_silence_and_a_sentence(monkeypatch) -> None:
    monkeypatch.setattr(speaker, "sounddevice", None)
    assert open_speaker().notice == speaker.NO_DEVICE


def test_a_missing_library_does_not_break_the_import() -> None:
    code = (
        "import sys, types, builtins\n"
        "real = builtins.__import__\n"
        "def fake(name, *a, **k):\n"
        "    if name == 'sounddevice': raise OSError('PortAudio library not found')\n"
        "    return real(name, *a, **k)\n"
        "builtins.__import__ = fake\n"
        "from engine.media.speaker import open_speaker\n"
        "print(open_speaker().notice)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == speaker.NO_DEVICE


def test_a_machine_without_devices_plays_silently() -> None:
    code = "from engine.media.speaker import open_speaker; print(open_speaker().notice)"
    env = {**os.environ, "HOME": "/nonexistent"}
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True, env=env)
    assert "Traceback" not in done.stderr
