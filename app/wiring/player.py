"""The player, its bar and the keys of time; arrows nudge what is selected, else they go through time."""

from functools import partial

from PySide6.QtWidgets import QApplication, QWidget

from app.actions.board import ActionBoard
from app.desk import Desk
from app.player import Player
from engine.domain.media import MediaItem
from widgets.canvas import shaping
from widgets.canvas.style import FAR_NUDGE, NUDGE
from widgets.canvas.view import CanvasView
from widgets.player_bar import PlayerBar, PlayerState
from widgets.timeline import tools
from widgets.timeline.view import TimelineView

_SIDES = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
# Suffix of the action: which edges of a box, which boundary of a segment, how far.
_GRIPS = {
    "": (shaping.BODY, tools.BODY, NUDGE),
    "_far": (shaping.BODY, tools.BODY, FAR_NUDGE),
    "_end": (shaping.RIGHT | shaping.BOTTOM, tools.END, NUDGE),
    "_end_far": (shaping.RIGHT | shaping.BOTTOM, tools.END, FAR_NUDGE),
    "_start": (shaping.LEFT | shaping.TOP, tools.START, NUDGE),
    "_start_far": (shaping.LEFT | shaping.TOP, tools.START, FAR_NUDGE),
}

# What the controls of the bar do as actions.
_ACTIONS = {
    "back": "media.previous_frame",
    "play": "media.play",
    "forward": "media.next_frame",
    "in": "timeline.mark_in",
    "out": "timeline.mark_out",
    "loop": "media.loop",
    "mute": "media.mute",
    "place": "media.go_to",
}


def connect_player(bar: PlayerBar, desk: Desk) -> None:
    """The bar shows what the player does and says what is wanted."""
    player, session, board = desk.player, desk.session, desk.board

    def state() -> PlayerState:
        item = player.item
        sound = bool(item and (item.sound or item.kind == "audio"))
        copy = desk.copies.there
        return PlayerState(player.playing, player.speed, player.rate, player.looping, sound, player.frames, copy)

    def show(item: MediaItem | None) -> None:
        if player.item is not None or item is None or item.clock is None:
            bar.show_clock(item.clock if item else None, state())

    session.item_changed.connect(show)
    player.opened.connect(show)
    player.changed.connect(lambda: bar.show_state(state()))
    desk.copies.changed.connect(lambda: bar.show_state(state()))
    player.moved.connect(bar.show_time)
    player.told.connect(session.told)
    bar.play_wanted.connect(player.toggle)
    bar.step_wanted.connect(player.step)
    bar.shuttle_wanted.connect(player.shuttle)
    bar.speed_wanted.connect(player.set_speed)
    bar.volume_wanted.connect(player.set_volume)
    bar.place_wanted.connect(player.go_to)
    bar.refused.connect(session.told)
    bar.left.connect(lambda: board.run("go.work"))
    bar.mark_wanted.connect(lambda grip: board.run("timeline.mark_in" if grip == 1 else "timeline.mark_out"))
    bar.loop_wanted.connect(lambda: board.run("media.loop"))

    _bind(bar, player, board)
    _name_keys(bar, board)


def _name_keys(bar: PlayerBar, board: ActionBoard) -> None:
    def name() -> None:
        keys = board.keys
        bar.name_keys({control: next(iter(keys.get(action, ())), "") for control, action in _ACTIONS.items()})

    board.keyed.connect(name)
    name()


def _bind(bar: PlayerBar, player: Player, board: ActionBoard) -> None:
    def to_end(*, end: bool) -> None:
        clock = player.item.clock if player.item else None
        if clock is not None:
            player.seek(clock.start + (clock.duration if end else 0))

    board.bind(
        {
            "media.play": player.toggle,
            "media.stop": partial(player.shuttle, 0),
            "media.faster": partial(player.shuttle, 1),
            "media.slower": partial(player.shuttle, -1),
            "media.next_frame": partial(player.step, 1),
            "media.previous_frame": partial(player.step, -1),
            "media.forward": partial(player.skip, 1.0),
            "media.back": partial(player.skip, -1.0),
            "media.start": partial(to_end, end=False),
            "media.end": partial(to_end, end=True),
            "media.go_to": bar.go_to,
            "media.speed_up": partial(bar.faster, 1),
            "media.speed_down": partial(bar.faster, -1),
            "media.mute": bar.mute,
        }
    )


def connect_arrows(canvas: CanvasView, timeline: TimelineView, desk: Desk) -> None:
    """One key for each direction: it moves what is selected, or else the playhead."""
    player, board = desk.player, desk.board

    def move(side: str, suffix: str) -> None:
        dx, dy = _SIDES[side]
        box, segment, far = _GRIPS[suffix]
        if box != shaping.BODY:
            box &= (shaping.LEFT | shaping.RIGHT) if dx else (shaping.TOP | shaping.BOTTOM)
        if canvas.nudge(dx * far, dy * far, box) or (dx and timeline.nudge(int(dx * far), segment)) or not dx:
            return
        if far == NUDGE:
            player.step(dx)
        else:
            player.skip(float(dx))

    board.bind({f"work.{side}{suffix}": partial(move, side, suffix) for side in _SIDES for suffix in _GRIPS})
    application = QApplication.instance()
    if isinstance(application, QApplication):
        # Where the focus is by now: a listener before this one may have passed it on already.
        application.focusChanged.connect(
            lambda: board.set_fact("work", holds=_works(QApplication.focusWidget(), canvas, timeline))
        )


def _works(now: QWidget | None, *places: QWidget) -> bool:
    return any(now is place for place in places)
