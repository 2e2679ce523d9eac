import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.timecode import Place, read_place, timecode


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.000"), (3.24, "0:03.240"), (59.9996, "1:00.000"), (3723.5, "1:02:03.500"), (-1.5, "-0:01.500")],
)
def test_time_is_written_as_people_write_it(seconds: float, text: str) -> None:
    assert timecode(seconds) == text


@given(st.integers(0, 10**9))
def test_what_is_written_can_be_read(milliseconds: int) -> None:
    place = read_place(timecode(milliseconds / 1000))
    assert place is not None
    assert round(place.seconds * 1000) == milliseconds


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("f 120", Place(frame=120)),
        ("F7", Place(frame=7)),
        ("75.2 s", Place(75.2)),
        ("2:10", Place(130)),
        ("1:02:03,5", Place(3723.5)),
        ("soon", None),
        ("", None),
        ("-3", None),
    ],
)
def test_places_are_read_or_refused(text: str, place: Place | None) -> None:
    assert read_place(text) == place
