import numpy as np
import pytest
from PySide6.QtCore import QSize
from pytestqt.qtbot import QtBot

from widgets.canvas import picture as module
from widgets.canvas.picture import Picture
from widgets.canvas.picture_view import PictureView
from widgets.canvas.viewport import Viewport

VIEW = QSize(100, 50)


@pytest.fixture
def preview(monkeypatch: pytest.MonkeyPatch) -> Picture:
    """A hundredth of the pixels of 1000 x 500."""
    monkeypatch.setattr(module, "_CLOSE", 20_000)
    monkeypatch.setattr(module, "_WIDEST", 80_000)
    return Picture(np.zeros((50, 100, 4), np.uint8), (1000, 500))


def test_from_afar_a_preview_will_do(preview: Picture) -> None:
    assert preview.unclear(Viewport(0.1), VIEW, 1.0) is None
    assert Picture(np.zeros((50, 100, 4), np.uint8)).unclear(Viewport(9.0), VIEW, 1.0) is None


def test_close_by_a_region_around_the_view_is_wanted_until_it_is_there(preview: Picture) -> None:
    looking = Viewport(1.0, -300.0, -200.0)
    region = preview.unclear(looking, VIEW, 1.0)
    assert region is not None
    x0, y0, x1, y1 = region
    assert x0 < 300
    assert y0 < 200
    assert x1 > 400
    assert y1 > 250
    assert (x1 - x0) * (y1 - y0) <= 21_000
    preview.show_close(np.zeros((y1 - y0, x1 - x0, 4), np.uint8), region)
    assert preview.unclear(looking, VIEW, 1.0) is None
    assert preview.unclear(Viewport(1.0, -600.0, -200.0), VIEW, 1.0) is not None


def test_a_region_read_coarsely_is_wanted_again_from_nearer(preview: Picture) -> None:
    preview.show_close(np.zeros((100, 200, 4), np.uint8), (300, 200, 700, 400))
    assert preview.unclear(Viewport(0.5, -160.0, -110.0), VIEW, 1.0) is None
    assert preview.unclear(Viewport(1.0, -320.0, -220.0), VIEW, 1.0) is not None


def test_too_wide_a_view_is_left_as_it_is(preview: Picture) -> None:
    assert preview.unclear(Viewport(0.2, 0.0, 0.0), VIEW, 1.0) is None


def test_a_view_says_what_it_wants_closer_and_shows_it(qtbot: QtBot) -> None:
    view = PictureView()
    qtbot.addWidget(view)
    view.resize(200, 100)
    view.show_image(np.full((50, 100, 4), 90, np.uint8), (1000, 500))
    view.show()
    with qtbot.waitSignal(view.close_wanted) as wanted:
        view.actual_size()
    x0, y0, x1, y1 = wanted.args[0]
    close = np.full((y1 - y0, x1 - x0, 4), 20, np.uint8)
    close[:, 500 - x0 :] = 200
    view.show_close(close, (x0, y0, x1, y1))
    seen = view.grab().toImage()
    edge = round(view.looking.to_widget((500, 0))[0])
    assert [seen.pixelColor(edge + step, 50).red() for step in (-2, -1, 0, 1)] == [20, 20, 200, 200]


def test_a_frame_made_for_the_view_is_shown_dot_for_dot(qtbot: QtBot) -> None:
    view = PictureView()
    qtbot.addWidget(view)
    view.resize(400, 200)
    view.show()
    wide, high = round(view.room[1] * 1920 / 1080), view.room[1]
    frame = np.random.default_rng(0).integers(0, 255, (high, wide, 4), np.uint8)
    view.show_image(frame, (1920, 1080), still=False)
    left, top = (round(at) for at in view.looking.to_widget((0, 0)))
    seen = view.grab().toImage()
    for x, y in ((0, 0), (wide - 1, 0), (wide // 2, high // 2), (wide - 1, high - 1)):
        blue, green, red = frame[y, x, :3].tolist()
        assert seen.pixelColor(left + x, top + y).getRgb()[:3] == (red, green, blue)
