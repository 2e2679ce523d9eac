import random

import pytest

from engine.media.clock import RateGuard, SmoothClock


def heard_against_told(ppm: float, seconds: int) -> list[float]:
    """Errors in ms of the smoothed clock with 1,024-sample blocks and 3 ms of jitter, sixty looks a second."""
    chance = random.Random(0)
    clock = SmoothClock()
    pace = 1 + ppm * 1e-6
    errors = []
    look = 0.0
    block = 0
    while look < seconds:
        at = block * 1024 / 48000 / pace
        clock.update(at + abs(chance.gauss(0, 0.003)), block * 1024 / 48000)
        block += 1
        while look < block * 1024 / 48000 / pace:
            if look > 10:
                errors.append((clock.at(look) - look * pace) * 1000)
            look += 1 / 60
    return errors


@pytest.mark.parametrize("ppm", [0, 200, -200])
def test_the_heard_time_is_smooth_in_spite_of_jitter_and_drift(ppm: int) -> None:
    errors = heard_against_told(ppm, 600)
    mean = sum(errors) / len(errors)
    spread = (sum((error - mean) ** 2 for error in errors) / len(errors)) ** 0.5
    assert spread <= 0.5
    assert max(map(abs, errors)) <= 5.0


def test_a_seek_of_the_device_is_followed_at_once() -> None:
    clock = SmoothClock()
    for step in range(10):
        clock.update(step * 0.02, step * 0.02)
    clock.update(0.2, 7.0)
    assert clock.at(0.25) == pytest.approx(7.05)


@pytest.mark.parametrize(("pace", "broken"), [(1.0, False), (1.05, False), (0.92, False), (700.0, True), (0.0, True)])
def test_a_device_far_from_real_time_is_told(pace: float, broken: bool) -> None:
    guard = RateGuard()
    told = [guard.broken(step / 100, int(step * 480 * pace), 48000) for step in range(400)]
    assert any(told) == broken


def test_filling_its_buffers_at_the_start_is_no_fault() -> None:
    guard = RateGuard()
    assert not any(guard.broken(step / 100, 24000 + step * 480, 48000) for step in range(400))
