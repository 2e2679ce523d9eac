"""Playing in the window: frames dropped and what they cost with boxes on them, and how soon keys take effect."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.actions.keymap import keymap
from engine import edits
from engine.domain.annotation import Annotation, Origin, Provenance, Review
from engine.domain.geometry import Box
from engine.domain.ids import new_id
from tests.app.wiring.desk_room import Room
from tests.benchmarks import long_media

pytestmark = pytest.mark.bench
SECONDS = int(os.environ.get("PLAYING_BENCH_SECONDS", "10"))
SOURCE = Provenance(Origin.MODEL, "model", "2026-01-01T00:00:00Z")


@pytest.fixture
def room(tmp_path: Path, qtbot: QtBot) -> Iterator[Room]:
    folder = Path(os.environ.get("MEDIA_BENCH") or tmp_path)
    clip = folder / f"sixty {SECONDS}.mp4"
    long_media.scene(clip, "1920x1080", 60, SECONDS + 2, {"g": "250", "preset": "ultrafast"}, sound=True)
    room = Room(tmp_path / "p", qtbot, [clip])
    room.window.resize(1300, 900)
    room.board.set_keys(keymap(room.board.rows.values(), "own", {}))
    item = room.show(clip.name)
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 0.85, (100, 2)) * (1920, 1080)
    boxes = [Box(x, y, x + 180, y + 120) for x, y in corners.tolist()]
    made = [Annotation(new_id(), item.id, "thing", box, Review.PREDICTED, SOURCE, score=0.5) for box in boxes]
    room.session.apply(edits.created("Add", made))
    qtbot.waitUntil(lambda: room.canvas.picture_size == (1920, 1080), timeout=20_000)
    qtbot.wait(1500)
    yield room
    room.desk.close()
    room.jobs.close()
    room.session.close()


def test_sixty_frames_a_second_with_a_hundred_boxes(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    canvas, player = room.canvas, room.desk.player
    paints: list[float] = []
    plain = canvas.draw

    def timed(painter: QPainter, dirty: QRect) -> None:
        began = time.thread_time()
        plain(painter, dirty)
        paints.append(1e3 * (time.thread_time() - began))

    monkeypatch.setattr(canvas, "draw", timed)
    shown: list[int] = []
    player.frame_shown.connect(lambda _, pts: shown.append(pts))
    player.toggle()
    began, used = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < SECONDS:
        QApplication.processEvents()
        time.sleep(0.001)
    share = (time.process_time() - used) / (time.perf_counter() - began)
    dropped = player._playback.dropped
    player.pause()
    print(
        f"\n1080p60 with 100 boxes, {SECONDS} s: {len(shown)} frames shown, {dropped} dropped, repaint (processor) "
        f"median {np.median(paints):.2f} p95 {np.percentile(paints, 95):.2f} ms, {100 * share:.0f} % of a core in all"
    )


def test_keys_of_playing_take_effect(room: Room, qtbot: QtBot) -> None:
    player, shown = room.desk.player, []
    room.window.activateWindow()
    player.frame_shown.connect(lambda _, pts: shown.append((time.perf_counter(), pts)))
    starts, stops = [], []
    for _ in range(12):
        room.canvas.setFocus()
        shown.clear()
        began = time.perf_counter()
        QTest.keyClick(room.canvas, Qt.Key.Key_Space)
        qtbot.waitUntil(lambda: len(shown) > 1, timeout=5000)
        # The first may be the frame that was on screen already.
        starts.append(1e3 * (shown[1][0] - began))
        qtbot.wait(300)
        began = time.perf_counter()
        QTest.keyClick(room.canvas, Qt.Key.Key_Space)
        stops.append(1e3 * (time.perf_counter() - began))
        assert not player.playing
        qtbot.wait(100)
    print(
        f"\nSpace to the second frame: median {np.median(starts):.0f} p95 {np.percentile(starts, 95):.0f} ms; "
        f"to rest: median {np.median(stops):.0f} p95 {np.percentile(stops, 95):.0f} ms (bound 100)"
    )
