"""The player bar: play and step, shuttle, marks, speed, volume, where it is and where to go."""

from collections.abc import Mapping
from itertools import chain

from msgspec import Struct
from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QSlider, QToolButton, QWidget

from engine.domain.media import Clock
from widgets.icons import icon
from widgets.naming import named
from widgets.theme import roles_of
from widgets.timecode import read_place, timecode

SPEEDS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
_NARROWEST = 300
# Who looks at another window or a menu comes back to what was typed.
_BACK_SOON = {Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason}


class PlayerState(Struct, frozen=True):
    """What the bar shows: `shuttle` is the rate while J or L run, 0 otherwise; `frames` 0 for a sound.

    `copy` says that a small copy of the clip helps with scrubbing.
    """

    playing: bool = False
    speed: float = 1.0
    shuttle: int = 0
    looping: bool = False
    sound: bool = False
    frames: int = 0
    copy: bool = False


class PlayerBar(QWidget):
    """Buttons say what is wanted; what is shown comes from `show_state` and `show_time`.

    `left` once a place was typed, for the keys belong to the work again.
    """

    play_wanted = Signal()
    step_wanted = Signal(int)
    shuttle_wanted = Signal(int)
    mark_wanted = Signal(int)  # 1 in, 2 out
    loop_wanted = Signal()
    speed_wanted = Signal(float)
    volume_wanted = Signal(float)
    place_wanted = Signal(object)
    refused = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("player")
        self.setAccessibleName(self.tr("Player"))
        self.setMinimumWidth(_NARROWEST)
        self._clock: Clock | None = None
        self._state = PlayerState()
        self._number = 0
        self._keys: dict[str, str] = {}
        self._volume_before = 100
        rows = (
            ("back", "step_back", self.tr("Frame back"), lambda: self.step_wanted.emit(-1)),
            ("play", "play", self.tr("Play"), self.play_wanted.emit),
            ("forward", "step_forward", self.tr("Frame forward"), lambda: self.step_wanted.emit(1)),
            ("in", "mark_in", self.tr("Mark in"), lambda: self.mark_wanted.emit(1)),
            ("out", "mark_out", self.tr("Mark out"), lambda: self.mark_wanted.emit(2)),
            ("loop", "loop", self.tr("Loop"), self.loop_wanted.emit),
            ("mute", "volume", self.tr("Mute"), self.mute),
        )
        self._icons = {name: picture for name, picture, _, _ in rows}
        self._buttons = {name: self._button(name, words) for name, _, words, _ in rows}
        for name, _, _, verb in rows:
            self._buttons[name].clicked.connect(verb)
        self._buttons["loop"].setCheckable(True)
        self._time = named(QLabel(), "player.time", self.tr("Time"))
        self._frame = named(QLabel(), "player.frame", self.tr("Frame"))
        self._copy = named(QLabel(self.tr("small copy")), "player.copy", self.tr("Small copy"))
        self._copy.setToolTip(self.tr("While scrubbing, a small copy is shown first; what rests is the clip itself."))
        self._copy.setProperty("role", "caption")
        self._place = named(QLineEdit(), "player.place", self.tr("Go to time or frame"))
        self._speed = named(QComboBox(), "player.speed", self.tr("Speed"))
        self._volume = named(QSlider(Qt.Orientation.Horizontal), "player.volume", self.tr("Volume"))
        self._shape()
        self._lay_out()
        self._dress()
        self.name_keys({})
        self.show_clock(None, PlayerState())

    # Data down

    def show_clock(self, clock: Clock | None, state: PlayerState) -> None:
        """Another item, or none."""
        if clock is not self._clock:
            self._place.clear()
        self._clock = clock
        self.setEnabled(clock is not None)
        end = timecode(clock.seconds if clock else 0)
        self._time.setText(f"{timecode(0)} / {end}")
        self._time.setMinimumWidth(self._time.fontMetrics().horizontalAdvance(f"{end} / {end}"))
        self.show_state(state)
        self.show_time(clock.start if clock else 0, 0)

    def show_state(self, state: PlayerState) -> None:
        self._state = state
        playing = self._buttons["play"]
        words = self.tr("Pause") if state.playing else self.tr("Play")
        playing.setAccessibleName(words)
        self._hint("play")
        self._icons["play"] = "pause" if state.playing else "play"
        self._buttons["loop"].setChecked(state.looping)
        self._buttons["mute"].setVisible(state.sound)
        self._volume.setVisible(state.sound)
        self._frame.setVisible(state.frames > 0)
        # Room for the last frame and a rate, so that nothing beside it moves.
        last = _counted(state.frames, state.frames, -8)
        self._frame.setMinimumWidth(self._frame.fontMetrics().horizontalAdvance(last))
        self._frame.setText(_counted(self._number, state.frames, state.shuttle))
        self._copy.setVisible(state.copy)
        self._fit()
        at = self._speed.findData(state.speed)
        if at >= 0:
            self._speed.setCurrentIndex(at)
        self._dress()

    def name_keys(self, keys: Mapping[str, str]) -> None:
        """Say in the hints which keys do the same; by the names of the controls, "" for none."""
        self._keys = dict(keys)
        for name in (*self._buttons, "place"):
            self._hint(name)

    def show_time(self, pts: int, frame: int) -> None:
        """Where the playhead is, and the number of its frame, from 0."""
        if self._clock is None:
            return
        self._time.setText(f"{timecode(self._clock.seconds_at(pts))} / {timecode(self._clock.seconds)}")
        self._number = frame
        self._frame.setText(_counted(frame, self._state.frames, self._state.shuttle))

    # Verbs for actions

    def go_to(self) -> None:
        """Type where to go; a narrow bar makes room for it meanwhile."""
        self._place.show()
        self._place.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._place.selectAll()
        self._fit()

    def mute(self) -> None:
        """Silence, and back to the volume before."""
        now = self._volume.value()
        self._volume.setValue(0 if now else self._volume_before)
        self._volume_before = now or self._volume_before

    def faster(self, steps: int) -> None:
        """The next speed up or down."""
        at = min(max(self._speed.currentIndex() + steps, 0), self._speed.count() - 1)
        self._speed.setCurrentIndex(at)
        self.speed_wanted.emit(self._speed.itemData(at))

    # Inside

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_volume"):
            self._dress()
        super().changeEvent(event)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """The field was left: what stands in it is forgotten, and so is the room it was given."""
        if isinstance(event, QFocusEvent) and event.lostFocus() and event.reason() not in _BACK_SOON:
            self._place.clear()
            self._fit()
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """A narrow bar does without what keys and other controls do as well, and squeezes no other panel."""
        loud = (self._volume, self._buttons["mute"]) if self._state.sound else ()
        marks = (self._buttons["in"], self._buttons["out"])
        counted = (self._frame,) if self._state.frames else ()
        field = () if self._place.hasFocus() else (self._place,)
        loop = (self._buttons["loop"],)
        spare = (loud[:1], field, loop, marks, loud[1:], (self._speed,), counted, (self._time,))
        for widget in chain(*spare):
            widget.show()
        for group in spare:
            for widget in group if self._line.minimumSize().width() > self.width() else ():
                widget.hide()

    def _hint(self, name: str) -> None:
        control: QWidget = self._place if name == "place" else self._buttons[name]
        how = self.tr("Go to a time as 1:02.5, or to a frame as f 120")
        words, key = how if name == "place" else control.accessibleName(), self._keys.get(name)
        control.setToolTip(f"{words} ({key})" if key else words)

    def _button(self, name: str, words: str) -> QToolButton:
        button = named(QToolButton(), f"player.{name}", words)
        button.setAutoRaise(True)
        button.setIconSize(QSize(18, 18))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _shape(self) -> None:
        for speed in SPEEDS:
            self._speed.addItem(f"{speed:g}×", speed)
        self._speed.setCurrentIndex(SPEEDS.index(1.0))
        self._speed.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._speed.setToolTip(self.tr("Speed; the pitch stays"))
        self._speed.activated.connect(lambda at: self.speed_wanted.emit(self._speed.itemData(at)))
        self._place.setPlaceholderText(self.tr("go to…"))
        self._place.setMinimumWidth(64)
        self._place.setMaximumWidth(110)
        self._place.returnPressed.connect(self._go)
        self._place.installEventFilter(self)
        self._volume.setRange(0, 100)
        self._volume.setValue(100)
        self._volume.setMinimumWidth(40)
        self._volume.setMaximumWidth(84)
        self._volume.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._volume.valueChanged.connect(self._turn)
        for label in (self._time, self._frame):
            font = label.font()
            font.setFeature(QFont.Tag("tnum"), 1)
            label.setFont(font)

    def _lay_out(self) -> None:
        layout = self._line = QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 2)
        layout.setSpacing(4)
        for name in ("back", "play", "forward"):
            layout.addWidget(self._buttons[name])
        layout.addSpacing(8)
        layout.addWidget(self._time)
        layout.addSpacing(8)
        layout.addWidget(self._frame)
        layout.addSpacing(8)
        layout.addWidget(self._place)
        layout.addWidget(self._copy)
        layout.addStretch(1)
        for name in ("in", "out", "loop"):
            layout.addWidget(self._buttons[name])
        layout.addWidget(self._speed)
        layout.addWidget(self._buttons["mute"])
        layout.addWidget(self._volume)

    def _dress(self) -> None:
        roles = roles_of(self.palette())
        self._icons["mute"] = "volume" if self._volume.value() else "silent"
        for name, button in self._buttons.items():
            button.setIcon(icon(self._icons[name], roles.text, roles.off))

    def _turn(self, value: int) -> None:
        self.volume_wanted.emit(value / 100)
        self._dress()

    def _go(self) -> None:
        place = read_place(self._place.text())
        if place is None:
            self.refused.emit(self.tr("Write a time as 1:02:03.5, or a frame as f 120."))
            return
        self._place.clear()
        self.place_wanted.emit(place)
        self.left.emit()


def _counted(frame: int, frames: int, shuttle: int) -> str:
    """The number of a frame, and how fast the shuttle runs while it does."""
    rate = f"  {shuttle:+d}×" if shuttle else ""
    return f"f {frame} / {frames}{rate}"
