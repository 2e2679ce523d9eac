"""Canvas, timeline and player are made, placed and connected."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QStackedWidget, QVBoxLayout, QWidget

from app.desk import Desk
from app.front import Front
from app.main_window import MainWindow
from app.session import Session
from app.wiring.canvas import connect_canvas
from app.wiring.picture_strip import connect_strip
from app.wiring.player import connect_arrows, connect_player
from app.wiring.small_copy import connect_small_copy
from app.wiring.timeline import connect_both, connect_timeline
from engine.domain.media import MediaItem, MediaKind
from widgets.canvas.view import CanvasView
from widgets.empty import Empty
from widgets.naming import named
from widgets.picture_strip import PictureStrip
from widgets.player_bar import PlayerBar
from widgets.timeline.view import TimelineView

# A sound is all time, a clip is picture first.
_HEIGHTS = {MediaKind.VIDEO: 320, MediaKind.AUDIO: 560}


def place_desk(desk: Desk, window: MainWindow, stage: QStackedWidget) -> None:
    """The picture in the middle, time below it; a picture has no time and its panel rests."""
    canvas, timeline, bar = CanvasView(), TimelineView(), PlayerBar()
    listening = Empty("listening", "Play with Space. Drag in the timeline to draw a segment.", title="Sound")
    panel = _column(named(QWidget(), "time", "Time"), bar, timeline)
    panel.setFocusProxy(timeline)
    resting, strip = stage.currentWidget(), PictureStrip()
    looking = _column(QWidget(), strip, canvas)
    stage.addWidget(looking)
    stage.addWidget(listening)
    window.place("time", "Time", panel, Qt.DockWidgetArea.BottomDockWidgetArea, shown=False)

    def show(item: MediaItem | None) -> None:
        sound = item is not None and item.kind is MediaKind.AUDIO
        page = listening if sound else looking
        focus = QApplication.focusWidget()
        held = focus is timeline or (focus is not None and stage.isAncestorOf(focus))
        stage.setCurrentWidget(page if item is not None or resting is None else resting)
        stage.setFocusProxy(timeline if sound else canvas)
        if held:
            stage.setFocus(Qt.FocusReason.OtherFocusReason)

    desk.session.item_changed.connect(show)
    desk.player.noticed.connect(window.place_status("player", "What cannot be heard or seen").setText)
    # The strip first: a picture that is at hand is described as soon as the canvas asks for it.
    connect_strip(strip, desk)
    connect_canvas(canvas, desk)
    connect_timeline(timeline, desk)
    connect_player(bar, desk)
    connect_small_copy(window, desk)
    connect_arrows(canvas, timeline, desk)
    connect_both(canvas, timeline, desk)
    _settle_first(canvas, timeline, desk, window)


def _settle_first(canvas: CanvasView, timeline: TimelineView, desk: Desk, window: MainWindow) -> None:
    """What was nudged is told before anything else is done; further nudges are the same step."""

    def settle(verb: str = "") -> None:
        if not verb.startswith("work."):
            canvas.settle()
            timeline.settle()

    desk.board.doing.connect(settle)
    desk.session.leaving.connect(settle)
    window.closing.connect(settle)


def _column(holder: QWidget, top: QWidget, rest: QWidget) -> QWidget:
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    layout.addWidget(top)
    layout.addWidget(rest, 1)
    return holder


def connect_panel(front: Front, session: Session) -> None:
    """A kind of medium that is shown for the first time gets time or none; after that the user's own layout holds."""
    window, layouts = front.window, front.layouts
    met: set[MediaKind] = set()

    def show(item: MediaItem | None) -> None:
        if item is None or item.kind in met or layouts.knows(item.kind.value):
            return
        met.add(item.kind)
        window.docks["time"].setVisible(item.clock is not None)
        if item.clock is not None:
            window.share_out((), (("time", _HEIGHTS[item.kind]),))

    def reset() -> None:
        met.clear()
        front.lay_anew()
        show(session.item)

    front.board.bind({"view.reset": reset})
    session.item_changed.connect(layouts.show_kind)
    session.item_changed.connect(show)
