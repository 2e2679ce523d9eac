import numpy as np
import pytest

from engine.media.orientation import clockwise, of_matrix, turned, upright


def matrix(a: int, b: int, c: int, d: int) -> bytes:
    one = 1 << 16
    return np.array([a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30], np.int32).tobytes()


@pytest.mark.parametrize(
    ("parts", "number"),
    [
        ((1, 0, 0, 1), 1),
        ((0, 1, -1, 0), 6),
        ((-1, 0, 0, -1), 3),
        ((0, -1, 1, 0), 8),
        ((-1, 0, 0, 1), 2),
        ((1, 0, 0, -1), 4),
    ],
)
def test_a_display_matrix_moves_pixels_as_it_says(parts: tuple, number: int) -> None:
    a, b, c, d = parts
    assert of_matrix(matrix(*parts)) == number
    stored = np.zeros((3, 5, 4), np.uint8)
    stored[0, 4] = 7
    shown = upright(stored, number)
    x, y = a * 4 + c * 0, b * 4 + d * 0
    width, height = (3, 5) if turned(number) else (5, 3)
    column = x if x > 0 or a > 0 or c > 0 else width - 1 + x
    row = y if y > 0 or b > 0 or d > 0 else height - 1 + y
    assert shown.shape == (height, width, 4)
    assert shown[row, column, 0] == 7


def test_a_nonsense_matrix_turns_nothing() -> None:
    assert of_matrix(b"\0" * 36) == 1
    assert of_matrix(b"\0" * 8) == 1


def test_degrees_are_clockwise() -> None:
    assert [clockwise(number) for number in (1, 6, 3, 8)] == [0, 90, 180, 270]
