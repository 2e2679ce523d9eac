import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from widgets.rect_pool import RectPool, dashed, frames

FAR = (-1000, -1000, 1000, 1000)


def painted(rects: np.ndarray, size: int = 60) -> np.ndarray:
    """Which pixels of a square are covered."""
    image = QImage(size, size, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    RectPool().fill(painter, rects.astype(np.int32), QColor("white"))
    painter.end()
    return np.frombuffer(image.bits(), np.uint32).reshape(size, size) > 0xFF000000


def test_rectangles_cover_their_pixels_and_no_others(qtbot: QtBot) -> None:
    covered = painted(np.array([[3, 4, 10, 6]]))
    wanted = np.zeros((60, 60), bool)
    wanted[4:6, 3:10] = True
    np.testing.assert_array_equal(covered, wanted)


@pytest.mark.parametrize(("outset", "inset"), [(1, 1), (2, -1), (-1, 2), (0, 3)])
def test_a_frame_is_a_ring_around_the_edge(qtbot: QtBot, outset: int, inset: int) -> None:
    covered = painted(frames(np.array([[20, 15, 45, 40]], np.int32), outset, inset))
    wanted = np.zeros((60, 60), bool)
    wanted[15 - outset : 40 + outset, 20 - outset : 45 + outset] = True
    wanted[15 + inset : 40 - inset, 20 + inset : 45 - inset] = False
    np.testing.assert_array_equal(covered, wanted)


def test_a_tiny_box_is_still_seen(qtbot: QtBot) -> None:
    assert painted(frames(np.array([[20, 20, 21, 21]], np.int32), 1, 1)).sum() == 9


def test_a_pool_grows_and_is_used_again(qtbot: QtBot) -> None:
    image = QImage(300, 300, QImage.Format.Format_RGB32)
    image.fill(0)
    pool, painter = RectPool(), QPainter(image)
    for count in (1, 5, 3, 250):
        corners = np.stack([np.arange(count), np.zeros(count), np.arange(count) + 1, np.ones(count)], 1)
        pool.fill(painter, corners.astype(np.int32), QColor("red"))
    painter.end()
    assert [image.pixelColor(x, 0).name() for x in (0, 249, 250)] == ["#ff0000", "#ff0000", "#000000"]


def test_dashes_begin_at_the_corner_and_keep_their_rhythm() -> None:
    bars = np.array([[0, 0, 20, 2], [5, 0, 7, 20]], np.int32)
    assert dashed(bars, 6, 4, FAR).tolist() == [[0, 0, 6, 2], [10, 0, 16, 2], [5, 0, 7, 6], [5, 10, 7, 16]]


def test_dashes_out_of_sight_are_left_out_and_the_others_stay_where_they_are() -> None:
    bar = np.array([[-100_000, 0, 100_000, 2]], np.int32)
    assert dashed(bar, 6, 4, (3, -5, 27, 5)).tolist() == [[0, 0, 6, 2], [10, 0, 16, 2], [20, 0, 26, 2]]
    assert len(dashed(bar, 6, 4, (0, 50, 100, 80))) == 10  # culling across the bar is the painter's clip


def test_nothing_gives_nothing() -> None:
    assert len(dashed(np.zeros((0, 4), np.int32), 6, 4, FAR)) == 0
