import numpy as np
import pytest

from engine.domain.geometry import Box
from engine.synthesis import kinds, pictures, sprites
from engine.synthesis.pictures import World


def drawn(seed: int, side: int = 160):
    return pictures.picture(np.random.default_rng(seed), World(), side)


def test_the_same_seed_draws_the_same_picture():
    (one, truth), (other, same) = drawn(3), drawn(3)
    assert truth == same
    assert np.array_equal(one, other)


@pytest.mark.parametrize("seed", range(20))
def test_every_box_lies_inside_the_picture(seed):
    page, scene = drawn(seed)
    assert page.shape == (scene.size[1], scene.size[0], 3)
    for thing in scene.things:
        assert 0 <= thing.box.x0 < thing.box.x1 <= scene.size[0]
        assert 0 <= thing.box.y0 < thing.box.y1 <= scene.size[1]


def test_a_box_holds_exactly_what_was_drawn():
    page = np.zeros((100, 120, 3), np.uint8)
    box = Box(30, 20, 71, 90)
    pictures.paste(page, sprites.sprite("dog", "🐶", "", 0, False), box)
    rows, columns = np.nonzero(page.sum(axis=2) > 60)
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (30, 20, 71, 90)


def test_held_out_kinds_and_known_kinds_do_not_meet():
    held_out = {kind.name for kind in kinds.HELD_OUT}
    assert len(held_out) == 30
    assert not held_out & {kind.name for kind in (*kinds.KNOWN, *kinds.extended())}


def test_the_full_range_has_at_least_300_kinds_that_can_be_drawn():
    assert len(kinds.extended()) >= 300
    for kind in kinds.extended()[::9]:
        assert min(sprites.sprite(kind.name, kind.glyph, "", 0, False).shape[:2]) > 8


def test_kinds_look_different_from_each_other():
    looks = {sprites.sprite(kind.name, kind.glyph, "", 0, False).tobytes() for kind in kinds.KNOWN}
    assert len(looks) == len(kinds.KNOWN)
