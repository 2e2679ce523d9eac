from engine.domain.geometry import Box
from engine.domain.query import Grounding
from widgets.answer_text import rich_text
from widgets.theme import THEMES

ROLES = THEMES["light"]
BOX = Box(0, 0, 1, 1)
ANSWER = "The red kite:[0.1, 0.2, 0.3, 0.4][0.5, 0.5, 0.6, 0.6] <flies>."


def chips(*, lit: tuple[int, ...] = ()) -> str:
    first = Grounding("red kite", BOX, 0.9, 4, 33)
    second = Grounding("red kite", BOX, 0.8, 33, 53)
    return rich_text(ANSWER, (first, second), lit, ROLES)


def test_phrases_become_chips_and_coordinates_disappear() -> None:
    text = chips()
    assert 'href="0"' in text
    assert "red kite&nbsp;①" in text
    assert "②" in text
    assert "0.1" not in text


def test_the_models_words_are_never_markup() -> None:
    assert "&lt;flies&gt;" in chips()


def test_a_lit_chip_looks_different() -> None:
    assert chips(lit=(0,)) != chips()
    assert f"background-color:{ROLES.accent}" in chips(lit=(1,))


def test_a_place_that_could_not_be_read_is_said_to_be_so() -> None:
    text = rich_text("kite:[9, 9]", (Grounding("kite", None, 0.0, 0, 11),), (), ROLES)
    assert "kite" in text
    assert "not readable" in text
    assert "href" not in text


def test_an_answer_without_end_is_cut() -> None:
    text = rich_text("ring " * 1000, (), (), ROLES)
    assert len(text) < 500
    assert "4,600 more characters" in text
