import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.media import speaker
from engine.media.speaker import DeviceOut, SilentOut, open_speaker

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


def elsewhere(act: Callable[[], object]) -> threading.Thread:
    """Do it in another thread, which has some time to come through."""
    thread = threading.Thread(target=act)
    thread.start()
    thread.join(0.05)
    return thread


def test_silence_may_be_stopped_while_another_thread_asks_what_was_heard() -> None:
    now, stopping = [0.0], []

    def time_goes_by() -> float:
        if now[0]:
            stopping.append(elsewhere(out.stop))
        return now[0]

    out = SilentOut(now=time_goes_by)
    out.start(Tape(10**9))
    now[0] = 1.0
    assert out.heard() == 48000
    stopping[0].join()


class Stream:
    """A device's stream that does nothing; `gone` as if the device had been taken away."""

    active, latency, gone = False, 0.01, False

    def __init__(self, **_: object) -> None:
        """Whatever is wanted of it."""

    def start(self) -> None:
        if self.gone:
            raise OSError

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> DeviceOut:
    facts = {"default_samplerate": 48000}
    fake = SimpleNamespace(query_devices=lambda kind: facts, OutputStream=Stream, PortAudioError=OSError)
    monkeypatch.setattr(speaker, "sounddevice", fake)
    return DeviceOut()


def test_what_was_heard_of_one_run_is_no_part_of_the_next(device: DeviceOut) -> None:
    starting = []

    class Given(int):
        def __float__(self) -> float:
            starting.append(elsewhere(lambda: device.start(Tape(0))))
            return 48000.0

    device.start(Tape(0))
    device._clock.update(0.0, 1.0)
    device._given = Given()
    device.heard()
    starting[0].join()
    assert device.heard() == 0.0


def test_a_device_that_was_taken_away_is_broken(device: DeviceOut, monkeypatch: pytest.MonkeyPatch) -> None:
    device.start(Tape(0))
    assert not device.broken()
    monkeypatch.setattr(Stream, "gone", True)
    device.start(Tape(0))
    assert device.broken()


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
