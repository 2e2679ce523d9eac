"""Waiting for what a medium shows, shared by the tests of playing."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from engine.media.convert import Frame
from engine.media.playback import Playback
from tests.engine.media import clips


def number(frame: Frame) -> int:
    return clips.number_of(np.ascontiguousarray(frame.pixels[..., 2::-1]))


def wait(holds: Callable[[], object], seconds: float = 5.0) -> object:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        found = holds()
        if found is not None and found is not False:
            return found
        time.sleep(0.002)
    pytest.fail("nothing happened in time")


def settled(player: Playback) -> Frame:
    """The exact frame that comes to rest."""
    frame = wait(player.newest)
    while not frame.exact:
        frame = wait(player.newest)
    return frame
