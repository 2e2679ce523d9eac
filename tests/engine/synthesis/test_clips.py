import numpy as np

from engine.synthesis import clips
from engine.synthesis.clips import ClipWorld


def test_an_actor_is_seen_exactly_while_it_is_there():
    for seed in range(15):
        clip = clips.clip(np.random.default_rng(seed), ClipWorld(), 96)
        for at in np.linspace(0, clip.seconds, 30, endpoint=False):
            changed = np.any(clip.frame(float(at)) != clip.backdrop)
            assert changed == any(actor.start <= at < actor.end for actor in clip.actors)


def test_names_in_a_clip_are_unique_and_boxes_stay_inside():
    for seed in range(15):
        clip = clips.clip(np.random.default_rng(seed), ClipWorld(), 96)
        assert len({actor.name for actor in clip.actors}) == len(clip.actors)
        for actor in clip.actors:
            box = actor.box_at((actor.start + actor.end) / 2)
            assert 0 <= box.x0 < box.x1 <= clip.size[0]
            assert 0 <= box.y0 < box.y1 <= clip.size[1]
