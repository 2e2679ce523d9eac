import numpy as np

from engine.synthesis import material, sounds
from engine.synthesis.material import RATE
from engine.synthesis.sounds import SoundWorld

SOURCES = {kind.name: np.full((material.PIECES, material.PIECE), 8000, np.int16) for kind in material.KNOWN_SOUNDS}


def test_sound_is_loud_only_where_the_truth_says_so():
    for seed in range(10):
        samples, seconds, events = sounds.sound(np.random.default_rng(seed), SoundWorld(), SOURCES)
        at = np.arange(len(samples)) / RATE
        true = np.any([(at >= event.start) & (at < event.end) for event in events], axis=0)
        loud = np.abs(samples) > 0.05
        assert len(samples) == int(seconds * RATE)
        assert (loud == true).mean() > 0.97


def test_events_follow_each_other_without_overlap():
    for seed in range(20):
        _, seconds, events = sounds.sound(np.random.default_rng(seed), SoundWorld(events=(3, 3)), SOURCES)
        edges = [edge for event in events for edge in (event.start, event.end)]
        assert edges == sorted(edges)
        assert edges[-1] <= seconds


def test_the_same_seed_makes_the_same_sound():
    one, other = (sounds.sound(np.random.default_rng(5), SoundWorld(), SOURCES)[0] for _ in range(2))
    assert np.array_equal(one, other)
