import numpy as np

from engine.domain.geometry import Box
from engine.groundling import dense
from engine.groundling.design import STEPS
from engine.synthesis.kinds import KNOWN, SHAPES
from engine.synthesis.material import KNOWN_SOUNDS
from engine.synthesis.pictures import Scene, Thing
from engine.synthesis.sounds import Sounding

DOG, CIRCLE = KNOWN[0], SHAPES[0]


def test_patches_name_the_thing_in_front_and_know_its_box():
    scene = Scene((80, 80), (Thing(DOG, "", Box(0, 0, 40, 40)), Thing(CIRCLE, "red", Box(20, 0, 40, 40))))
    found = dense.patches(scene, 4)
    assert found.names[0, 0] == dense.NAMES["dog"]
    assert found.names[0, 1] == dense.NAMES["circle"]
    assert found.colours[0, 1] == dense.SHADES["red"]
    assert np.allclose(found.boxes[1, 0], (0, 0, 0.5, 0.5))
    assert (found.names[2:] == len(dense.NAMES)).all()


def test_boxes_refer_to_the_padded_square():
    found = dense.patches(Scene((80, 40), (Thing(DOG, "", Box(0, 0, 80, 40)),)), 4)
    assert (found.names[1:3] == dense.NAMES["dog"]).all()
    assert (found.names[[0, 3]] == len(dense.NAMES)).all()
    assert np.allclose(found.boxes[1, 2], (0, 0.25, 1, 0.75))


def test_a_small_thing_is_still_seen_by_a_patch():
    found = dense.patches(Scene((160, 160), (Thing(DOG, "", Box(15, 15, 25, 25)),)), 4)
    assert (found.names == dense.NAMES["dog"]).sum() == 1


def test_soundings_begin_and_end_where_the_sound_does():
    truth = dense.soundings(10.0, (Sounding(KNOWN_SOUNDS[0], 2.0, 6.0),))
    assert truth.shape == (STEPS, 3, len(KNOWN_SOUNDS))
    there, begins, ends = truth[:, :, 0].T
    assert np.flatnonzero(there).tolist() == list(range(4, 12))
    assert np.flatnonzero(begins).tolist() == [4]
    assert np.flatnonzero(ends).tolist() == [11]
    assert truth[:, :, 1:].sum() == 0


def test_a_patch_knows_what_its_thing_is_among_its_namesakes():
    scene = Scene(
        (80, 80),
        (
            Thing(DOG, "", Box(0, 0, 20, 20)),
            Thing(DOG, "", Box(40, 20, 80, 60)),
            Thing(CIRCLE, "red", Box(0, 60, 20, 80)),
        ),
    )
    ranks = dense.patches(scene, 4).ranks
    assert ranks[0, 0].tolist() == [1, 0, 1, 0, 0, 1, 0, 1]
    assert ranks[2, 3].tolist() == [0, 1, 0, 1, 1, 0, 1, 1]
    assert ranks[3, 0].tolist() == [1, 1, 1, 1, 1, 1, 0, 0]
    assert (ranks[0, 3] < 0).all()


def test_slides_show_another_picture_at_every_moment():
    scenes = [Scene((40, 40), (Thing(KNOWN[step], "", Box(0, 0, 20, 40)),)) for step in range(STEPS)]
    names, there = dense.slides(scenes, 4)
    assert names.reshape(STEPS, 4, 4)[7, :, 0].tolist() == [7] * 4
    assert (there[:, :, :STEPS].sum(axis=(0, 2)) == STEPS).all()
    assert there[7, :, 7].tolist() == [1, 1, 1]


def test_strangers_have_no_name_that_words_are_about():
    assert not set(dense.STRANGERS) & set(dense.NAMES)
    assert min(dense.STRANGERS.values()) == len(dense.NAMES) + 1
