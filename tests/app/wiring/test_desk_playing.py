"""A clip that runs while the view changes."""

from pytestqt.qtbot import QtBot

from engine import edits
from engine.domain.geometry import Segment
from engine.media.probe import media_item
from tests.app.wiring.desk_room import Room, make_clip


def test_a_running_clip_gets_the_pixels_of_the_view_at_once(room: Room, qtbot: QtBot) -> None:
    make_clip(room.root / "wide.mp4", (1600, 160))
    item = media_item(room.root / "wide.mp4", room.root)
    room.items["wide.mp4"] = item
    room.session.apply(edits.created("Add", [item]))
    room.show("wide.mp4")
    qtbot.waitUntil(lambda: room.canvas.picture_size == (1600, 160), timeout=20000)
    player, widths = room.desk.player, [0]
    player.frame_shown.connect(lambda pixels, _: widths.append(pixels.shape[1]))
    # Frames may come so fast that there is no moment of rest.
    room.canvas._refine.setInterval(60_000)
    player.loop(Segment(item.clock.start, item.clock.start + item.clock.duration))
    player.toggle()
    qtbot.waitUntil(lambda: 0 < widths[-1] < 1000, timeout=5000)
    room.canvas.actual_size()
    qtbot.waitUntil(lambda: widths[-1] == 1600, timeout=5000)
    room.canvas.fit()
    qtbot.waitUntil(lambda: widths[-1] < 1000, timeout=5000)
    before = widths[-1]
    room.window.resize(1300, 800)
    qtbot.waitUntil(lambda: widths[-1] > before, timeout=5000)
    assert player.playing
