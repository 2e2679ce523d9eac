from collections.abc import Iterator
from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QSlider, QToolButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from engine.domain.media import Clock
from widgets.player_bar import PlayerBar, PlayerState
from widgets.timecode import Place

CLOCK = Clock(1, 1000, 500, 61_000)


@pytest.fixture
def bar(qtbot: QtBot) -> PlayerBar:
    bar = PlayerBar()
    qtbot.addWidget(bar)
    bar.show_clock(CLOCK, PlayerState(sound=True, frames=1830))
    return bar


def press(bar: PlayerBar, name: str) -> None:
    QTest.mouseClick(bar.findChild(QToolButton, f"player.{name}"), Qt.MouseButton.LeftButton)


def apart(bar: PlayerBar) -> bool:
    """Whether nothing that is seen lies over its neighbour."""
    seen = [one for one in bar.findChildren(QWidget) if one.parent() is bar and one.isVisible()]
    seen.sort(key=lambda one: one.x())
    return all(left.geometry().right() < right.x() for left, right in pairwise(seen))


def test_time_is_shown_in_hours_and_as_a_frame(bar: PlayerBar) -> None:
    bar.show_time(3740, 97)
    assert bar.findChild(QLabel, "player.time").text() == "0:03.240 / 1:01.000"
    assert bar.findChild(QLabel, "player.frame").text() == "f 97 / 1830"


def test_the_rate_of_the_shuttle_goes_with_it_and_moves_nothing(bar: PlayerBar) -> None:
    frame = bar.findChild(QLabel, "player.frame")
    bar.show_time(3740, 97)
    room = frame.minimumWidth()
    bar.show_state(PlayerState(playing=True, shuttle=-2, sound=True, frames=1830))
    assert frame.text() == "f 97 / 1830  -2×"
    assert frame.minimumSizeHint().width() <= frame.minimumWidth() == room
    bar.show_state(PlayerState(sound=True, frames=1830))
    assert frame.text() == "f 97 / 1830"


@pytest.mark.parametrize(("typed", "place"), [("f 120", Place(frame=120)), ("1:00.5", Place(60.5))])
def test_a_typed_place_is_wanted(bar: PlayerBar, typed: str, place: Place) -> None:
    heard: list[Place] = []
    bar.place_wanted.connect(heard.append)
    QTest.keyClicks(bar.findChild(QLineEdit, "player.place"), typed)
    QTest.keyClick(bar.findChild(QLineEdit, "player.place"), Qt.Key.Key_Return)
    assert heard == [place]


def test_what_is_no_place_is_refused_in_words(bar: PlayerBar, qtbot: QtBot) -> None:
    QTest.keyClicks(bar.findChild(QLineEdit, "player.place"), "later")
    with qtbot.waitSignal(bar.refused):
        QTest.keyClick(bar.findChild(QLineEdit, "player.place"), Qt.Key.Key_Return)


def test_buttons_say_what_is_wanted(bar: PlayerBar) -> None:
    heard: list[object] = []
    bar.play_wanted.connect(lambda: heard.append("play"))
    bar.step_wanted.connect(heard.append)
    bar.mark_wanted.connect(lambda grip: heard.append(("mark", grip)))
    for name in ("play", "back", "forward", "in", "out"):
        press(bar, name)
    assert heard == ["play", -1, 1, ("mark", 1), ("mark", 2)]


def test_mute_comes_back_to_the_volume_before(bar: PlayerBar) -> None:
    heard: list[float] = []
    bar.findChild(QSlider, "player.volume").setValue(40)
    bar.volume_wanted.connect(heard.append)
    press(bar, "mute")
    press(bar, "mute")
    assert heard == [0.0, 0.4]


def test_speed_goes_up_and_down_the_ladder(bar: PlayerBar) -> None:
    heard: list[float] = []
    bar.speed_wanted.connect(heard.append)
    bar.faster(1)
    bar.faster(-2)
    assert heard == [1.25, 0.75]


def test_the_play_button_says_what_it_will_do(bar: PlayerBar) -> None:
    bar.show_state(PlayerState(playing=True))
    assert bar.findChild(QToolButton, "player.play").accessibleName() == "Pause"


def test_a_sound_has_no_frames_and_a_mute_clip_no_volume(bar: PlayerBar) -> None:
    bar.show()
    bar.show_clock(CLOCK, PlayerState(sound=False, frames=0))
    assert not bar.findChild(QLabel, "player.frame").isVisible()
    assert not bar.findChild(QSlider, "player.volume").isVisible()


def test_every_control_has_its_names(bar: PlayerBar) -> None:
    controls = [one for one in bar.findChildren(QWidget) if one.parent() is bar]
    assert controls
    assert all(one.objectName() and one.accessibleName() for one in controls)


def test_a_narrow_bar_leaves_out_what_keys_do_as_well(bar: PlayerBar, qtbot: QtBot) -> None:
    place, volume = bar.findChild(QLineEdit, "player.place"), bar.findChild(QSlider, "player.volume")
    bar.show()
    bar.resize(2000, bar.height())
    whole = bar.layout().minimumSize().width()
    for width, shown in (
        (whole, [True, True]),
        (whole - 1, [True, False]),
        (whole - 120, [False, False]),
        (300, [False, False]),
    ):
        bar.resize(width, bar.height())
        qtbot.waitUntil(lambda shown=shown: [place.isVisible(), volume.isVisible()] == shown)
        qtbot.waitUntil(lambda: apart(bar))
    bar.go_to()
    assert place.isVisible()


@pytest.fixture
def narrow(qtbot: QtBot) -> Iterator[PlayerBar]:
    """A bar of the least width, beside the work."""
    window = QWidget()
    qtbot.addWidget(window)
    work, bar = QLineEdit(), PlayerBar()
    layout = QVBoxLayout(window)
    layout.addWidget(work)
    layout.addWidget(bar)
    bar.left.connect(work.setFocus)
    bar.show_clock(CLOCK, PlayerState(sound=True, frames=1830))
    window.resize(320, 100)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    yield bar
    window.close()


def test_the_field_is_gone_and_the_work_has_the_keys_once_a_place_was_typed(narrow: PlayerBar, qtbot: QtBot) -> None:
    place = narrow.findChild(QLineEdit, "player.place")
    assert place.isHidden()
    narrow.go_to()
    narrow.show_state(PlayerState(playing=True, sound=True, frames=1830))
    assert place.hasFocus()
    qtbot.waitUntil(lambda: apart(narrow))
    QTest.keyClicks(place, "f 120")
    QTest.keyClick(place, Qt.Key.Key_Return)
    assert (place.hasFocus(), place.isHidden(), place.text()) == (False, True, "")
    assert narrow.findChild(QLabel, "player.time").isVisible()


def test_what_was_typed_and_left_is_forgotten(narrow: PlayerBar) -> None:
    place = narrow.findChild(QLineEdit, "player.place")
    narrow.go_to()
    QTest.keyClicks(place, "later")
    QTest.keyClick(place, Qt.Key.Key_Return)
    assert (place.hasFocus(), place.text()) == (True, "later")
    narrow.left.emit()
    assert (place.isHidden(), place.text()) == (True, "")
    narrow.go_to()
    QTest.keyClicks(place, "f 1")
    narrow.show_clock(CLOCK, PlayerState())
    assert place.text() == "f 1"
    narrow.show_clock(Clock(1, 1000, 500, 61_000), PlayerState())
    assert place.text() == ""
