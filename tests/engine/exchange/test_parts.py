"""The parts that all formats share: names, numbers, losses, limits, matching."""

import socket
from pathlib import Path

import pytest

from engine.domain.annotation import Label
from engine.domain.errors import ExchangeError
from engine.domain.media import MediaKind
from engine.exchange import reading
from engine.exchange.dataset import Dataset, category_names
from engine.exchange.detect import detected
from engine.exchange.exporting import Plan, export
from engine.exchange.formats import FORMATS
from engine.exchange.frames import Frames, frames_of
from engine.exchange.identity import Numbers
from engine.exchange.jail import Breach, confined, relative, resolved
from engine.exchange.loss import LossBook
from engine.exchange.matching import Matcher
from engine.exchange.tiers import label_of, layers, tier_name
from tests.engine.exchange.samples import clip, example, picture, sound

EVIL = [
    *("../x.png", "a/../../x.png", "/etc/passwd", "C:\\x.png", "C:x.png", "\\\\server\\share\\x", "file:///etc/passwd"),
    *(
        "http://host/x.png",
        "~/x.png",
        "con.jpg",
        "NUL",
        "a/com1.png",
        "lpt9",
        "a\0b",
        "",
        ".",
        "s3://b/k",
        "aux ",
        "x" * 5000,
    ),
]


@pytest.mark.parametrize("name", EVIL)
def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    assert relative(name) is None
    with pytest.raises(ExchangeError, match="points outside"):
        resolved(tmp_path, name)


def test_a_link_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out.png").write_bytes(b"x")
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "out.png")
    with pytest.raises(ExchangeError):
        resolved(tmp_path / "in", "link.png")
    assert resolved(tmp_path, "./in/../out.png".replace("in/../", "")) == tmp_path / "out.png"


def test_an_import_opens_and_reaches_nothing_outside(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_text("b")
    with confined(tmp_path / "in"):
        assert (tmp_path / "in" / "a.txt").read_text() == "a"
        with pytest.raises(Breach):
            (tmp_path / "b.txt").read_text()
        with pytest.raises(Breach), socket.socket() as plug:
            plug.connect(("127.0.0.1", 9))
    assert (tmp_path / "b.txt").read_text() == "b"


def test_media_are_matched_by_path_then_content_then_name() -> None:
    one, two, three = picture("a/x.png"), picture("b/x.png"), picture("c/y z.jpg")
    matcher = Matcher([one, two, three])
    assert matcher.find("a/x.png") is one
    assert matcher.find("x.png") is None
    assert matcher.find("old/place.png", digest=two.digest) is two
    assert matcher.find("C:\\data\\c\\y z.jpg") is three
    assert matcher.find("http://host/files/y%20z.jpg?token=1") is three
    assert matcher.find("y_z") is three
    assert matcher.find("y z", MediaKind.VIDEO) is None
    assert matcher.unmatched == {"x.png": 1, "y z": 1}


def test_the_users_choice_decides_a_match() -> None:
    one, two = picture("a/x.png"), picture("b/x.png")
    assert Matcher([one, two], {"x.png": two.id}).find("x.png") is two


def test_numbers_start_at_1_and_are_given_once() -> None:
    numbers = Numbers()
    assert [numbers.of("item", id_) for id_ in ("b", "a", "b")] == [1, 2, 1]
    again = Numbers.loaded(numbers.dumped())
    assert again.of("item", "c") == 3
    assert again.id_at("item", 2) == "a"
    assert again.id_at("item", 9) is None
    with pytest.raises(ExchangeError, match="restore"):
        Numbers.loaded("{broken")


def test_losses_are_counted_with_their_largest_error_and_examples() -> None:
    book = LossBook()
    for error in (0.1, -0.4, 0.2, 0.0):
        book.rounded("edges", error, "px")
    for at in range(8):
        book.dropped("box", f"picture {at}")
    book.dropped("nothing", count=0)
    dropped, rounded = book
    assert (dropped.count, len(dropped.examples)) == (8, 5)
    assert (rounded.count, rounded.largest, rounded.unit) == (3, 0.4, "px")


def test_frames_follow_the_table_where_there_is_one() -> None:
    item = clip(frames=10)
    even = frames_of(item)
    assert even is not None
    assert [even.index_at(even.pts_at(at) or 0) for at in range(10)] == list(range(10))
    assert even.pts_at(10) is None
    assert item.clock is not None
    uneven = Frames(item.clock, 3, (512, 600, 5000))
    assert [uneven.index_at(pts) for pts in (0, 512, 590, 2799, 2801, 9999)] == [0, 0, 1, 1, 2, 2]
    assert frames_of(sound()) is None


def test_overlapping_spans_go_to_as_few_layers_as_it_takes() -> None:
    found = layers([(0, 2, "a"), (1, 3, "b"), (2, 4, "c"), (3, 3.5, "d")])
    assert [[name for *_, name in layer] for layer in found] == [["a", "c"], ["b", "d"]]
    assert label_of(tier_name("car", 1), ["car", tier_name("car", 1)]) == "car"
    assert label_of("car · 2", ["car · 2"]) == "car · 2"


def test_two_labels_of_one_name_stay_two() -> None:
    names = category_names(Dataset(labels=(Label("a", "car"), Label("b", "car"), Label("c", "car 2"))))
    assert len(set(names.values())) == 3


@pytest.mark.parametrize("id_", [row.id for row in FORMATS])
def test_a_file_is_known_by_what_is_in_it(id_: str, tmp_path: Path) -> None:
    format_ = next(row for row in FORMATS if row.id == id_)
    target = tmp_path / f"out{format_.suffix}"
    export(example(), target, format_, Plan())
    assert detected(target).id == id_


def test_an_unknown_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for name, content in (("a.docx", b"PK"), ("a.json", b"{}"), ("a.txt", b"hello"), ("a.xml", b"<svg/>")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ExchangeError, match="no format known"):
            detected(tmp_path / name)


def test_limits_are_told_in_sentences(tmp_path: Path) -> None:
    big = tmp_path / "big.json"
    with big.open("wb") as file:
        file.truncate(reading.LARGEST_JSON + 1)
    with pytest.raises(ExchangeError, match="larger than"):
        reading.json(big, dict[str, int])
    with pytest.raises(ExchangeError, match="not a file"):
        reading.contents(tmp_path, 10)
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ExchangeError, match="UTF-8"):
        reading.text(tmp_path / "a.txt")
    for word, number in (("1,5", 1.5), (" 2 ", 2.0), ("nan", None), ("1e999", None), ("", None), ("٣", None)):
        assert reading.number(word) == number
