from pathlib import Path

from PIL import Image
from pytestqt.qtbot import QtBot

from app.thumbnails import thumbnails
from engine.domain.media import MediaItem, MediaKind
from tests.engine.media import clips
from widgets.media_list import MediaModel
from widgets.media_row import ROW


def made(path: Path, kind: MediaKind, ratio: float = 1.0) -> object:
    return thumbnails([(MediaItem("a", path.name, kind), path)], (60, 44), ratio, lambda _done, _total: None)[0][1]


def test_a_sound_is_seen_by_its_waveform(tmp_path: Path) -> None:
    image = made(clips.write_sound(tmp_path / "a.wav", 2.0), MediaKind.AUDIO)
    assert (image.width(), image.height()) == (60, 44)
    assert image.pixelColor(30, 21).alpha() == 255
    assert image.pixelColor(30, 1).alpha() == 0


def test_on_a_screen_with_more_dots_there_are_more_of_them(tmp_path: Path) -> None:
    Image.new("RGB", (400, 200), (200, 40, 10)).save(tmp_path / "a.png")
    image = made(tmp_path / "a.png", MediaKind.IMAGE, 2.0)
    assert (image.width(), image.deviceIndependentSize().width()) == (120, 60)


def test_a_file_that_cannot_be_shown_is_marked_and_says_why(tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    item = MediaItem("a", "a.mp4", MediaKind.VIDEO)
    sentence = made(tmp_path / "a.mp4", MediaKind.VIDEO)
    assert "a.mp4" in sentence
    model = MediaModel()
    model.show_rows(_One(item), model.wanted)
    model.set_thumbnail("a", sentence)
    assert model.data(model.index(0), ROW).trouble == sentence
    assert sentence in model.data(model.index(0), 3)


class _One:
    def __init__(self, item: MediaItem) -> None:
        self._item = item

    def count(self, _wanted: object) -> int:
        return 1

    def page(self, _wanted: object, _offset: int, _limit: int) -> list[MediaItem]:
        return [self._item]

    def pending(self, _items: object) -> dict[str, int]:
        return {}

    def position(self, _id: str, _wanted: object) -> int:
        return 0
