"""Canvas and timeline: what a repaint, a drag and the next item cost, beside what they are compared with."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.geometry import Box, Segment
from engine.domain.media import Clock
from engine.media.peaks import BASE, PeakPyramid
from engine.media.quarantine import Examiner
from tests.app.wiring.desk_room import Room
from tests.benchmarks import long_media
from widgets.canvas.picture_view import PictureView
from widgets.canvas.view import CanvasView
from widgets.timeline.view import TimelineView

pytestmark = pytest.mark.bench
SOURCE = Provenance(Origin.MODEL, "model", "2026-01-01T00:00:00Z")
LABELS = {str(number): Label(str(number), f"label {number}", number) for number in range(8)}
LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
VIEW = (1280, 720)


class Cost:
    """Milliseconds of a deed done many times: wall and processor."""

    def __init__(self, deed: Callable[[int], object], times: int = 60, *, warm: int = 3) -> None:
        for number in range(warm):
            deed(number)
        walls, cpus = [], []
        for number in range(times):
            wall, cpu = time.perf_counter(), time.process_time()
            deed(number + warm)
            cpus.append(1e3 * (time.process_time() - cpu))
            walls.append(1e3 * (time.perf_counter() - wall))
        self.wall, self.cpu = np.array(walls), np.array(cpus)

    def __str__(self) -> str:
        wall, cpu = self.wall, self.cpu
        return (
            f"wall min {wall.min():.2f} median {np.median(wall):.2f} p95 {np.percentile(wall, 95):.2f}, "
            f"processor median {np.median(cpu):.2f} p95 {np.percentile(cpu, 95):.2f} ms"
        )


def tell(name: str, *parts: object) -> None:
    print(f"\n{name}: {'; '.join(map(str, parts))}")


def boxes(count: int, size: tuple[int, int], seed: int = 0) -> list[Annotation]:
    """Boxes as in a crowd: of all labels, a quarter of them predictions."""
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 1, (count, 2)) * (np.array(size) - 150)
    extent = rng.uniform(20, 140, (count, 2))
    edges = np.hstack([corner, corner + extent]).tolist()
    return [
        Annotation(str(n), "item", "thing", Box(*edge), Review.PREDICTED if n % 4 == 0 else Review.ACCEPTED, SOURCE,
                   label=str(n % 8), score=0.5)
        for n, edge in enumerate(edges)
    ]  # fmt: skip


def canvas(qtbot: QtBot, count: int, size: tuple[int, int] = (3840, 2160)) -> CanvasView:
    view = CanvasView()
    qtbot.addWidget(view)
    view.resize(*VIEW)
    rng = np.random.default_rng(1)
    view.show_image(rng.integers(0, 255, (size[1], size[0], 4), np.uint8))
    view.show_annotations(boxes(count, size), LABELS, 0)
    view.show()
    qtbot.wait(400)
    return view


def wheel(view: CanvasView, turn: int) -> None:
    at, buttons, phase = QPointF(640, 360), Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    view.wheelEvent(QWheelEvent(at, at, QPoint(), QPoint(0, turn), buttons, PLAIN, phase, False))
    view.repaint()


def test_two_thousand_boxes_on_4k(qtbot: QtBot) -> None:
    view = canvas(qtbot, 2000)
    tell("2,000 boxes on 4K, whole picture, repaint", Cost(lambda _: view.repaint()))
    tell("2,000 boxes on 4K, zoom", Cost(lambda n: wheel(view, 120 if n % 16 < 8 else -120)))
    view.actual_size()

    def pan(number: int) -> None:
        view.pan(11 if number % 20 < 10 else -11, 7 if number % 14 < 7 else -7)
        view.repaint()

    tell("2,000 boxes on 4K, pan at 1:1", Cost(pan))
    view.fit()
    tell("2,000 boxes on 4K, pan of the whole", Cost(pan))
    tell("2,000 boxes on 4K, drag step", dragging(view))


def dragging(view: CanvasView, steps: int = 60) -> Cost:
    """Steps of dragging one box, each painted before the next."""
    view.fit()
    row = view._scene.row_of("7")
    box = view._scene.box(row)
    view.select("7")
    middle = view.looking.to_widget(((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2))
    start = QPoint(round(middle[0]), round(middle[1]))
    QTest.mousePress(view, LEFT, PLAIN, start)
    QApplication.processEvents()

    def step(number: int) -> None:
        QTest.mouseMove(view, start + QPoint(4 + number % 40, 3 + number % 30))
        QApplication.processEvents()

    cost = Cost(step, steps)
    QTest.mouseRelease(view, LEFT, PLAIN, start)
    return cost


class Bare(PictureView):
    """The same picture and all boxes stroked in one call: what Qt itself needs."""

    rects: list[QRectF]

    def draw(self, painter: QPainter, dirty: QRect) -> None:
        super().draw(painter, dirty)
        painter.setPen(QPen(QColor("#E69F00"), 2))
        painter.drawRects(self.rects)


def test_a_thousand_boxes_beside_bare_rectangles(qtbot: QtBot) -> None:
    view = canvas(qtbot, 1000, VIEW)
    scale, left, top = view.looking.scale, view.looking.left, view.looking.top
    bare = Bare()
    bare.rects = [QRectF(x0 * scale + left, y0 * scale + top, (x1 - x0) * scale, (y1 - y0) * scale)
                  for x0, y0, x1, y1 in view._scene.edges.tolist()]  # fmt: skip
    qtbot.addWidget(bare)
    bare.resize(*VIEW)
    bare.show_image(view._picture.image)
    bare.show()
    qtbot.wait(400)
    theirs, ours = Cost(lambda _: bare.repaint(), 100), Cost(lambda _: view.repaint(), 100)
    tell("1,000 boxes, bare drawRects over the picture", theirs)
    tell("1,000 boxes, canvas", ours, f"ratio {np.median(ours.cpu) / np.median(theirs.cpu):.2f}")


@pytest.mark.parametrize("count", [1000, 10_000])
def test_dragging_one_of_many(qtbot: QtBot, count: int) -> None:
    view = canvas(qtbot, count)
    still = Cost(lambda _: QTest.mouseMove(view, QPoint(2, 2)))
    tell(f"drag step among {count:,} boxes", dragging(view), f"the event alone: {still}")


def timeline(qtbot: QtBot, clock: Clock) -> TimelineView:
    view = TimelineView()
    qtbot.addWidget(view)
    view.resize(1280 + 120, 400)
    view.show()
    view.show_clock(clock)
    return view


@pytest.mark.parametrize("count", [1000, 10_000, 100_000])
def test_many_segments(qtbot: QtBot, count: int) -> None:
    view = timeline(qtbot, Clock(1, 1000, 0, 7_200_000))
    rng = np.random.default_rng(0)
    starts, lengths = rng.integers(0, 7_190_000, count).tolist(), rng.integers(1000, 10_000, count).tolist()
    some = [
        Annotation(str(n), "item", "bark", Segment(start, start + length), Review.ACCEPTED, SOURCE, label=str(n % 8))
        for n, (start, length) in enumerate(zip(starts, lengths, strict=True))
    ]

    def edit(number: int) -> None:
        some[7 * number] = structs.replace(some[7 * number], geometry=Segment(number * 1000, number * 1000 + 900))
        view.show_annotations(list(some), LABELS)

    view.show_annotations(some, LABELS)
    given = Cost(edit, 20)
    qtbot.wait(20)
    tell(f"{count:,} segments, all in sight", Cost(lambda _: view.repaint()), f"handing over after an edit {given}")
    view.zoom_to_span(3_600_000, 3_660_000)
    tell(f"{count:,} segments, 60 s in sight", Cost(lambda _: view.repaint()))


def test_waveforms_of_two_and_of_ten_hours(qtbot: QtBot) -> None:
    medians = {}
    for hours in (2, 10):
        clock = Clock(1, 48_000, 0, hours * 3600 * 48_000)
        pyramid = PeakPyramid(clock.duration)
        rng = np.random.default_rng(0)
        high = rng.integers(0, 30_000, clock.duration // BASE, np.int16)
        pyramid.extend(np.stack([-high, high], 1))

        def peaks(start: float, end: float, columns: int, pyramid: PeakPyramid = pyramid) -> np.ndarray:
            return pyramid.column_peaks(start * 48_000, end * 48_000, columns).astype(np.float32) / 32768

        view = timeline(qtbot, clock)
        view.show_sound(peaks, None)
        qtbot.wait(20)

        def pan(number: int, view: TimelineView = view) -> None:
            view.pan(9 if number % 20 < 10 else -9)
            view.repaint()

        whole = Cost(lambda _, view=view: view.repaint())
        view.zoom_to_span(48_000 * 1000, 48_000 * 1060)
        close = Cost(pan)
        tell(f"waveform of {hours} h, whole", whole)
        tell(f"waveform of {hours} h, panning 60 s", close)
        medians[hours] = np.median(whole.cpu)
    tell("waveform, 10 h beside 2 h", f"ratio {medians[10] / medians[2]:.2f}")


@pytest.fixture
def room(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "p"
    more = [picture(tmp_path / f"big {number}.jpg", number) for number in range(8)]
    more += [long_media.scene(tmp_path / f"clip {n}.mp4", "1280x720", 30, 6, {"g": "60"}) for n in range(4)]
    with Examiner() as examiner:  # as taking media into a project does
        for path in more:
            examiner.examine(path)
    room = Room(root, qtbot, more)
    yield room
    room.desk.close()
    room.jobs.close()
    room.session.close()


def picture(path: Path, seed: int) -> Path:
    """12 megapixels that look like a photograph to a JPEG decoder: smooth with some grain."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (30, 40, 3), np.uint8)).resize((4000, 3000), Image.Resampling.BICUBIC)
    grain = np.asarray(coarse).astype(np.int16) + rng.integers(-8, 8, (3000, 4000, 1))
    Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8)).save(path, quality=90)
    return path


def test_the_next_item(room: Room, qtbot: QtBot) -> None:
    """From the wish until its first pixels are painted, with the names in the order of the list."""
    for kind, size in (("big", (4000, 3000)), ("clip", (1280, 720))):
        names = [name for name in room.items if name.startswith(f"{kind} ")]
        waits = []
        for name in names * 3:
            room.show(name)
            start = time.perf_counter()
            qtbot.waitUntil(lambda size=size: room.canvas.picture_size == size, timeout=20_000)
            room.canvas.repaint()
            waits.append(1e3 * (time.perf_counter() - start))
            qtbot.wait(300)
        first, again = waits[: len(names)], waits[len(names) :]
        tell(
            f"next item, {kind}",
            f"first pass median {np.median(first):.0f} p95 {np.percentile(first, 95):.0f} ms",
            f"later median {np.median(again):.0f} p95 {np.percentile(again, 95):.0f} ms",
        )


def test_beside_labelme(tmp_path: Path, qtbot: QtBot) -> None:
    """The same three deeds in labelme, in its own environment: `LABELME_PYTHON` names its interpreter."""
    python = os.environ.get("LABELME_PYTHON")
    if not python:
        pytest.skip("LABELME_PYTHON is not set")
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(6):
        picture(folder / f"{number}.jpg", number)
    script = Path(__file__).with_name("labelme_side.py")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path)}
    said = subprocess.run([python, script, folder], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    theirs = json.loads(said.stdout.splitlines()[-1])
    ours = ours_side(folder, tmp_path / "p", qtbot)
    for name, value in theirs.items():
        tell(f"beside labelme, {name}", f"labelme {value:.2f} ms", f"here {ours[name]:.2f} ms",
             f"ratio {value / max(ours[name], 1e-3):.1f}")  # fmt: skip


def ours_side(folder: Path, project: Path, qtbot: QtBot) -> dict[str, float]:
    room = Room(project, qtbot, sorted(folder.glob("*.jpg")))
    waits, cpus = [], []
    for name in [name for name in room.items if name[0].isdigit()]:
        wall, cpu = time.perf_counter(), time.process_time()
        room.show(name)
        qtbot.waitUntil(lambda: room.canvas.picture_size == (4000, 3000), timeout=20_000)
        room.canvas.repaint()
        waits.append(1e3 * (time.perf_counter() - wall))
        cpus.append(1e3 * (time.process_time() - cpu))
        qtbot.wait(700)
    view = canvas(qtbot, 1000, (4000, 3000))
    drag = dragging(view)
    room.desk.close()
    room.jobs.close()
    room.session.close()
    return {
        "opening 12 megapixels, wall": waits[0],
        "stepping to the next, wall": float(np.median(waits[1:])),
        "drag step among 1,000 boxes, wall": float(np.median(drag.wall)),
        "drag step among 1,000 boxes, processor": float(np.median(drag.cpu)),
    }
