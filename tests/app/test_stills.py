from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from app import stills as module
from app.jobs import Jobs
from app.stills import Stills
from engine.media import picture as pictures

FIT = 100


@pytest.fixture
def stills(qtbot: QtBot) -> Iterator[Stills]:
    jobs = Jobs(2)
    stills = Stills(jobs)
    yield stills
    stills.show(None, 0)
    jobs.close()


@pytest.fixture
def shown(stills: Stills) -> list[tuple[int, tuple[int, int]]]:
    """Width of what was given, and the true size."""
    given: list[tuple[int, tuple[int, int]]] = []
    stills.shown.connect(lambda pixels, size: given.append((pixels.shape[1], size)))
    return given


def picture(path: Path, shade: int = 90) -> Path:
    Image.fromarray(np.full((600, 800, 3), shade, np.uint8)).save(path)
    return path


def test_a_preview_comes_first_and_every_pixel_after(stills: Stills, shown: list, tmp_path: Path, qtbot: QtBot) -> None:
    stills.show(picture(tmp_path / "a.jpg"), FIT)
    qtbot.waitUntil(lambda: len(shown) == 2, timeout=20_000)
    assert FIT <= shown[0][0] < 800
    assert shown[1] == (800, (800, 600))
    assert shown[0][1] == (800, 600)


def test_what_was_got_ahead_of_time_is_there_at_once(stills: Stills, shown: list, tmp_path: Path, qtbot: QtBot) -> None:
    path = picture(tmp_path / "a.jpg")
    stills.prefetch([path], FIT)
    qtbot.waitUntil(lambda: path in stills._kept, timeout=20_000)
    stills.show(path, FIT)
    assert len(shown) == 1


def test_a_picture_asked_for_while_it_is_got_ahead_is_given_when_it_comes(
    stills: Stills, shown: list, tmp_path: Path, qtbot: QtBot
) -> None:
    path = picture(tmp_path / "a.jpg")
    stills.prefetch([path], FIT)
    stills.show(path, FIT)
    qtbot.waitUntil(lambda: len(shown) >= 1, timeout=20_000)


def test_what_nobody_looks_at_any_more_is_not_shown(stills: Stills, shown: list, tmp_path: Path, qtbot: QtBot) -> None:
    stills.show(picture(tmp_path / "a.jpg"), FIT)
    stills.show(None, FIT)
    qtbot.wait(400)
    assert shown == []


@pytest.mark.parametrize("ahead", [False, True])
def test_what_cannot_be_read_is_told_in_a_sentence(stills: Stills, tmp_path: Path, qtbot: QtBot, ahead: bool) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"no picture")
    if ahead:
        stills.prefetch([path], FIT)
    with qtbot.waitSignal(stills.told, timeout=20_000):
        stills.show(path, FIT)


def test_of_a_picture_too_large_to_be_held_the_part_looked_at_is_read_whole(
    stills: Stills, shown: list, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_HELD", 100_000)
    monkeypatch.setattr(module, "_CLOSE_HELD", 20_000)
    close: list[tuple[tuple[int, ...], object]] = []
    stills.close_shown.connect(lambda pixels, region: close.append((pixels.shape, region)))
    stills.show(picture(tmp_path / "a.png"), FIT)
    qtbot.waitUntil(lambda: len(shown) == 1, timeout=20_000)
    stills.look_close((10, 20, 110, 120))
    stills.look_close((0, 0, 5, 5))  # nobody waits for this one any more
    stills.look_close((0, 0, 400, 200))
    qtbot.waitUntil(lambda: len(close) == 2, timeout=20_000)
    assert close == [((100, 100, 4), (10, 20, 110, 120)), ((100, 200, 4), (0, 0, 400, 200))]
    stills.show(picture(tmp_path / "b.png"), FIT)
    stills.look_close((0, 0, 9, 9))  # not before it is known to be large
    qtbot.wait(300)
    assert len(close) == 2


def test_an_ordinary_picture_is_not_read_in_parts(stills: Stills, shown: list, tmp_path: Path, qtbot: QtBot) -> None:
    stills.show(picture(tmp_path / "a.jpg"), FIT)
    qtbot.waitUntil(lambda: len(shown) >= 1, timeout=20_000)
    stills.look_close((0, 0, 9, 9))
    assert stills._close is None


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_a_part_of_a_jpeg_is_that_part_of_the_whole(mode: str, orientation: int, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(noise).resize((600, 400)).convert(mode).save(path, exif=exif, quality=90)
    whole = pictures.load(path).pixels
    for x0, y0, x1, y1 in ((0, 0, 120, 90), (201, 33, 388, 371), (0, 0, whole.shape[1], whole.shape[0])):
        part = module._close_look(path, (0, None), (x0, y0, x1, y1))
        assert np.array_equal(part, whole[y0:y1, x0:x1])


def test_a_wide_part_of_a_jpeg_is_read_coarsely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CLOSE_HELD", 5_000)
    path, (y, x) = tmp_path / "a.jpg", np.mgrid[0:200, 0:400]
    Image.fromarray(np.stack([x // 2, y, (x + y) // 3], -1).astype(np.uint8)).save(path, quality=95)
    part = module._close_look(path, (0, None), (10, 20, 210, 120))
    whole = pictures.load(path).pixels[20:120, 10:210]
    assert part.shape == (50, 100, 4)
    assert np.abs(part.astype(int) - whole.reshape(50, 2, 100, 2, 4).mean((1, 3))).mean() < 2
