"""A box followed through a clip in the window: by key, as one step, beside what a human touched."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.application import Application
from engine import edits
from engine.domain.annotation import Annotation, Review
from engine.domain.geometry import Box, Key, Track, box_iou
from engine.domain.media import MediaItem
from widgets.progress_line import ProgressLine

Opened = Callable[..., Application]
RATE, FRAMES = 10, 30


def place(number: int) -> Box:
    return Box(10 + 3 * number, 20 + number, 42 + 3 * number, 48 + number)


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three seconds in which a patterned thing moves to the right."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "clips"
    folder.mkdir()
    thing = np.random.default_rng(1).integers(0, 255, (7, 8, 3)).astype(np.uint8).repeat(4, 0).repeat(4, 1)
    with av.open(str(folder / "thing.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(FRAMES):
            page = np.full((120, 160, 3), 120, np.uint8)
            x0, y0, x1, y1 = (int(edge) for edge in place(number).edges)
            page[y0:y1, x0:x1] = thing
            container.mux(stream.encode(av.VideoFrame.from_ndarray(page, "rgb24")))
        container.mux(stream.encode())
    return folder


def start(opened: Opened, clip: Path, qtbot: QtBot) -> tuple[Application, MediaItem]:
    application = opened(clip)
    qtbot.waitUntil(lambda: application.session.item is not None, timeout=60_000)
    qtbot.waitUntil(lambda: application.board.holds("ready"), timeout=60_000)
    qtbot.waitUntil(lambda: application.desk.player.ready, timeout=60_000)
    item = application.session.item
    assert item is not None
    assert item.clock is not None
    return application, item


def drawn(application: Application, item: MediaItem, number: int) -> Annotation:
    """A box drawn by hand on a frame, selected there."""
    assert item.clock is not None
    pts = item.clock.pts_at(number / RATE)
    signed = application.session.provenance()
    one = edits.missed(item.id, "thing", Track((Key(pts, place(number)),)), signed)
    application.session.apply(edits.draw(one))
    application.session.select(one.id)
    application.desk.player.seek(pts)
    return one


def rested(application: Application, qtbot: QtBot) -> None:
    line = application.window.findChild(ProgressLine, "propagating")
    assert line is not None
    qtbot.waitUntil(line.isHidden, timeout=60_000)


def test_a_drawn_box_is_followed_both_ways_as_one_step(opened: Opened, clip: Path, qtbot: QtBot) -> None:
    application, item = start(opened, clip, qtbot)
    session, clock = application.session, item.clock
    assert clock is not None
    seed = drawn(application, item, 10)
    qtbot.waitUntil(lambda: application.desk.player.seen == clock.pts_at(1.0), timeout=20_000)
    application.board.run("go.work")
    held = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    qtbot.keyClick(application.window, Qt.Key.Key_P, held)
    rested(application, qtbot)
    found = next(one for one in session.annotations if one.review is Review.PREDICTED)
    assert seed in session.annotations
    assert isinstance(found.geometry, Track)
    for number in range(FRAMES):
        box = found.geometry.box_at(clock.pts_at(number / RATE))
        assert box is not None
        assert box_iou(box, place(number)) > 0.75
    assert len(found.geometry.keys) < FRAMES / 3
    assert session.store is not None
    assert session.store.undo_label == "Propagate thing"
    application.board.run("review.accept")
    (whole,) = session.annotations
    assert (whole.id, whole.review) == (seed.id, Review.MISSED)
    session.undo()
    session.undo()
    assert session.annotations == (seed,)


def test_a_question_on_one_frame_and_then_forwards(opened: Opened, clip: Path, qtbot: QtBot) -> None:
    application, item = start(opened, clip, qtbot)
    session = application.session
    one = drawn(application, item, 0)
    assert item.clock is not None
    step = item.clock.pts_at(1 / RATE) - item.clock.pts_at(0)
    single = Track((Key(item.clock.start, place(0)), Key(item.clock.start + step, place(0), outside=True)))
    session.apply(edits.replaced("Ask", one, predicted := _predicted(one, single)))
    session.select(one.id)
    with qtbot.waitSignal(session.noted, timeout=60_000) as told:
        application.board.run("ask.propagate")
    (grown,) = session.annotations
    assert grown.review is Review.PREDICTED
    assert isinstance(grown.geometry, Track)
    last = grown.geometry.box_at(item.clock.pts_at((FRAMES - 1) / RATE))
    assert last is not None
    assert box_iou(last, place(FRAMES - 1)) > 0.75
    assert told.args == ["“thing” was followed from 0:00.000 to 0:02.900."]
    session.undo()
    assert session.annotations == (predicted,)


def test_stopping_keeps_what_was_found_and_nothing_can_be_followed_out_of_sight(
    opened: Opened, clip: Path, qtbot: QtBot
) -> None:
    application, item = start(opened, clip, qtbot)
    session = application.session
    line = application.window.findChild(ProgressLine, "propagating")
    assert line is not None
    seed, player = drawn(application, item, 10), application.desk.player
    assert item.clock is not None
    player.seek(item.clock.start)
    qtbot.waitUntil(lambda: player.seen == item.clock.start, timeout=20_000)
    with qtbot.waitSignal(session.told) as told:
        application.board.run("ask.propagate")
    assert told.args == ["Select a box that is seen on this frame: it is followed from here."]
    player.seek(item.clock.pts_at(1.0))
    qtbot.waitUntil(lambda: application.desk.player.seen == item.clock.pts_at(1.0), timeout=20_000)
    application.board.run("ask.propagate")
    line.stopped.emit()
    rested(application, qtbot)
    assert session.annotations == (seed,)


def _predicted(one: Annotation, geometry: Track) -> Annotation:
    return Annotation(one.id, one.item, one.phrase, geometry, Review.PREDICTED, one.provenance, score=0.9)
