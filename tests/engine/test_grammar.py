"""The model's language: what is written is read back; what is malformed is a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import grammar
from engine.domain.geometry import Box, Segment
from engine.domain.media import Clock

SIZES = st.tuples(st.integers(8, 5000), st.integers(8, 5000))
CLOCK = Clock(1, 1000, 500, 10_000)


@st.composite
def boxes(draw: st.DrawFn) -> tuple[Box, tuple[int, int]]:
    width, height = draw(SIZES)
    side = max(width, height)
    x0 = draw(st.floats(0, width - 1))
    y0 = draw(st.floats(0, height - 1))
    x1 = draw(st.floats(min(x0 + side * 0.002, width), width))
    y1 = draw(st.floats(min(y0 + side * 0.002, height), height))
    return Box(x0, y0, x1, y1), (width, height)


@given(boxes())
def test_a_box_comes_back_within_the_decimals(case: tuple[Box, tuple[int, int]]) -> None:
    box, size = case
    text = grammar.write("the kite", [grammar.write_box(box, size)])
    (found,) = grammar.groundings(grammar.read(text), size, None, score=1.0)
    if found.geometry is None:  # narrower than the grammar's 3 decimals
        assert min(box.width, box.height) <= 0.0021 * max(size)
        return
    assert isinstance(found.geometry, Box)
    assert found.phrase == "kite"
    assert found.geometry.edges == pytest.approx(box.edges, abs=0.0005001 * max(size) + 1e-6)


def test_a_segment_comes_back() -> None:
    text = grammar.write_segment(Segment(2500, 5500), CLOCK)
    assert text == "{0.20,0.50}"
    (found,) = grammar.groundings(grammar.read(text), (0, 0), CLOCK, score=1.0)
    assert found.geometry == Segment(2500, 5500)


def test_boxes_back_to_back_share_their_phrase() -> None:
    spans = grammar.read(
        "two dogs:[0.100, 0.100, 0.200, 0.200][0.300, 0.100, 0.400, 0.200] and a cat [0.5, 0.5, 0.6, 0.6]"
    )
    assert [span.phrase for span in spans] == ["two dogs", "two dogs", "cat"]


@pytest.mark.parametrize(
    "text",
    [
        "[0.1, 0.2, 0.3]",
        "[0.5, 0.2, 0.3, 0.4]",
        "[0.1, 0.2, 1.3, 0.4]",
        "{0.4,0.4}",
        "[nan, 0.1, 0.2, 0.3]",
        "{-0.1,0.5}",
    ],
)
def test_malformed_coordinates_have_no_geometry(text: str) -> None:
    (found,) = grammar.groundings(grammar.read(text), (100, 100), CLOCK, score=1.0)
    assert found.geometry is None


@given(st.text(alphabet="[]{},. 0123456789-+einfnaNT٣the", max_size=300))
def test_reading_never_raises(text: str) -> None:
    for span in grammar.read(text):
        assert text[span.start : span.end]


def test_very_many_boxes_are_read_in_good_time() -> None:
    assert len(grammar.read("[0.1, 0.1, 0.2, 0.2]" * 100_000)) == 100_000


def test_a_marked_place_becomes_part_of_the_question() -> None:
    box, moment = Box(10, 0, 50, 25), Segment(500, 5500)
    assert grammar.question("What is this?", box, size=(100, 50)) == "What is this? [0.100, 0.250, 0.500, 0.500]"
    assert grammar.question("Who speaks at {place}?", None, moment, clock=CLOCK) == "Who speaks at {0.00,0.50}?"
    assert grammar.question("What is this?", size=(100, 50)) == "What is this?"
