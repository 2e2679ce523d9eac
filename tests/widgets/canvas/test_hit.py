import numpy as np

from widgets.canvas.hit import Hit, hits
from widgets.canvas.shaping import BODY, BOTTOM, LEFT, RIGHT, TOP

NESTED = np.array([[0.0, 0, 100, 100], [20, 20, 80, 80], [40, 40, 60, 60]])
ALL = np.ones(3, bool)


def test_the_smallest_body_comes_first_and_the_larger_ones_after() -> None:
    found = hits(NESTED, (50, 50), 3, ALL)
    assert found == [Hit(2, BODY), Hit(1, BODY), Hit(0, BODY)]


def test_a_vertex_wins_over_an_edge_and_an_edge_over_a_body() -> None:
    edges = np.array([[10.0, 10, 50, 50], [10, 0, 100, 100], [5, 5, 15, 15]])
    assert hits(edges, (10, 10), 3, np.ones(3, bool))[:2] == [Hit(0, LEFT | TOP), Hit(1, LEFT)]


def test_every_grip_is_felt() -> None:
    box = np.array([[0.0, 0, 100, 100]])
    for at, grip in {
        (0, 0): LEFT | TOP,
        (100, 0): RIGHT | TOP,
        (101, 99): RIGHT | BOTTOM,
        (50, -2): TOP,
        (98, 50): RIGHT,
        (50, 50): BODY,
    }.items():
        assert hits(box, at, 3, np.ones(1, bool)) == [Hit(0, grip)]


def test_hidden_boxes_are_not_hit() -> None:
    assert hits(NESTED, (50, 50), 3, np.array([True, True, False]))[0].row == 1


def test_nothing_is_hit_far_away() -> None:
    assert hits(NESTED, (300, 300), 3, ALL) == []
    assert hits(NESTED[:0], (3, 3), 3, ALL[:0]) == []


def test_a_tiny_box_still_has_a_body() -> None:
    tiny = np.array([[10.0, 10, 14, 14]])
    assert hits(tiny, (12, 12), 7, np.ones(1, bool)) == [Hit(0, BODY)]


def test_the_selected_box_wins_among_equals() -> None:
    twins = np.array([[0.0, 0, 100, 100], [0, 0, 100, 100]])
    assert hits(twins, (50, 50), 3, np.ones(2, bool), first=1)[0].row == 1
