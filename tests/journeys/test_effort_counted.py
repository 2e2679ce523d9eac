"""What a replayed set of predictions costs in inputs, from opening the project to the exported file.

Forty boxes on 8 pictures, forty segments in 8 sounds: those that are wrong are drawn anew and rejected. Opening and
exporting are counted once.
"""

import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.application import Application
from engine.domain.annotation import Annotation, Review
from engine.domain.geometry import Box, Segment
from engine.domain.ids import new_id
from tests.fixtures.replay import EACH, EXPORTING, OPENING, SIGNED, Hand, export, kept, kind, predict
from widgets.canvas.view import CanvasView
from widgets.timeline.style import GUTTER
from widgets.timeline.view import TimelineView

Opened = Callable[..., Application]
ITEMS = 8
RATE = 8000


def true_box(at: int) -> Box:
    return Box(20 + 110 * at, 40, 100 + 110 * at, 140)


def true_segment(at: int) -> Segment:
    """One a second and a half, in PTS of a sound with `RATE` samples a second."""
    return Segment(round((0.4 + 2 * at) * RATE), round((1.4 + 2 * at) * RATE))


def predicted_box(number: int) -> Box:
    box = true_box(number % EACH)
    return {
        "right": box,
        "off": Box(box.x0, box.y0, box.x1 - 30, box.y1),
        "wrong": Box(box.x0, 300, box.x0 + 60, 380),
    }[kind(number)]


def predicted_segment(number: int) -> Segment:
    one = true_segment(number % EACH)
    return {
        "right": one,
        "off": Segment(one.start, one.end - RATE // 3),
        "wrong": Segment(10 * RATE, 11 * RATE),
    }[kind(number)]


def predictions(place: Callable[[int], Box | Segment]) -> Callable[[int, str], Iterator[Annotation]]:
    """Those of one item; their scores rise, so that they come up one after the other."""

    def of_item(at: int, item: str) -> Iterator[Annotation]:
        for number in range(at * EACH, at * EACH + EACH):
            score = 0.3 + 0.01 * (number % EACH)
            yield Annotation(new_id(), item, "thing", place(number), Review.PREDICTED, SIGNED, score=score)

    return of_item


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    for number in range(ITEMS):
        Image.new("RGB", (640, 480), "grey").save(folder / f"{number}.png")
    return folder


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    for number in range(ITEMS):
        with wave.open(str(folder / f"{number}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            # No two are alike: a second copy of a medium is not taken in.
            file.writeframes(bytes([number, 0]) * RATE * 12)
    return folder


def begin(opened: Opened, folder: Path, qtbot: QtBot) -> Application:
    application = opened(folder)
    session = application.session
    qtbot.waitUntil(lambda: session.store is not None and session.store.count_items() == ITEMS, timeout=60_000)
    return application


def work(application: Application, hand: Hand, qtbot: QtBot, decide: Callable[[int], None]) -> None:
    """Decide on all, as they come up by themselves."""
    session = application.session
    for number in range(ITEMS * EACH):
        qtbot.waitUntil(
            lambda: session.selected is not None and session.selected.review is Review.PREDICTED, timeout=20_000
        )
        if kind(number) == "right":
            hand.key(Qt.Key.Key_Return)
        else:
            decide(number)


def told(application: Application, hand: Hand, what: str, gate: float, out: Path, qtbot: QtBot) -> None:
    """Export in the format that is offered: COCO for pictures, a table for sounds."""
    export(application, out, qtbot)
    total, count = hand.inputs + OPENING + EXPORTING, ITEMS * EACH
    print(f"\n{total} inputs for {count} {what}: {total / count:.2f} each (gate {gate})")
    assert total / count <= gate


def found(application: Application, view: type[QWidget]) -> QWidget:
    widget = application.window.findChild(view)
    assert widget is not None
    widget.setFocus()
    return widget


def test_boxes_cost_at_most_one_and_a_half_inputs_each(
    opened: Opened, pictures: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    application = begin(opened, pictures, qtbot)
    session = application.session
    predict(application, predictions(predicted_box))
    canvas = found(application, CanvasView)
    assert isinstance(canvas, CanvasView)
    hand = Hand(canvas, qtbot)

    def place(x: float, y: float) -> QPoint:
        return QPointF(*canvas.looking.to_widget((x, y))).toPoint()

    def decide(number: int) -> None:
        qtbot.waitUntil(lambda: canvas.picture_size == (640, 480), timeout=20_000)
        right = true_box(number % EACH)
        assert session.selected is not None
        assert session.selected.geometry == predicted_box(number)
        if kind(number) == "off":
            hand.put_edge(place(right.x1, (right.y0 + right.y1) / 2))
            return
        hand.key(Qt.Key.Key_B)
        hand.drag(place(right.x0, right.y0), place(right.x1, right.y1))
        hand.key(Qt.Key.Key_Tab)
        hand.key(Qt.Key.Key_Backspace)

    work(application, hand, qtbot, decide)
    assert session.store is not None
    for item in session.store.items():
        edges = sorted(one.geometry.edges for one in kept(session.store, item.id) if isinstance(one.geometry, Box))
        assert len(edges) == EACH
        for at, each in enumerate(edges):
            assert each == pytest.approx(true_box(at).edges, abs=2)
    told(application, hand, "boxes", 1.5, tmp_path / "out.json", qtbot)


def test_pictures_decided_as_a_whole_cost_less_than_one_and_a_quarter_inputs_a_box(
    opened: Opened, pictures: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    """What is wrong is put right where it is seen, Shift+Enter takes the rest: as in tools that know no verdict."""
    application = begin(opened, pictures, qtbot)
    session = application.session
    predict(application, predictions(predicted_box))
    canvas = found(application, CanvasView)
    assert isinstance(canvas, CanvasView)
    hand = Hand(canvas, qtbot)
    # Settings, into the field of the threshold, 0, closed: once.
    hand.inputs += 4
    application.preferences.change(threshold=0.0)

    def place(x: float, y: float) -> QPoint:
        return QPointF(*canvas.looking.to_widget((x, y))).toPoint()

    assert session.store is not None
    for picture, item in enumerate(session.store.items()):
        qtbot.waitUntil(
            lambda item=item: (
                session.item == item and canvas.picture_size == (640, 480) and session.selected is not None
            ),
            timeout=20_000,
        )
        for number in range(picture * EACH, picture * EACH + EACH):
            right, said = true_box(number % EACH), predicted_box(number)
            if kind(number) == "off":
                middle = (said.y0 + said.y1) / 2
                hand.drag(place(said.x1, middle), place(right.x1, middle))
            elif kind(number) == "wrong":
                hand.click(place((said.x0 + said.x1) / 2, (said.y0 + said.y1) / 2))
                hand.key(Qt.Key.Key_Backspace)
                hand.key(Qt.Key.Key_B)
                hand.drag(place(right.x0, right.y0), place(right.x1, right.y1))
        hand.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    for item in session.store.items():
        edges = sorted(one.geometry.edges for one in kept(session.store, item.id) if isinstance(one.geometry, Box))
        assert edges == [pytest.approx(true_box(at).edges, abs=2) for at in range(EACH)]
    told(application, hand, "boxes, the rest of a picture accepted at once,", 1.25, tmp_path / "out.json", qtbot)


def test_segments_cost_at_most_two_inputs_each(opened: Opened, sounds: Path, tmp_path: Path, qtbot: QtBot) -> None:
    application = begin(opened, sounds, qtbot)
    session = application.session
    predict(application, predictions(predicted_segment))
    timeline = found(application, TimelineView)
    assert isinstance(timeline, TimelineView)
    hand = Hand(timeline, qtbot)

    def place(pts: int) -> QPoint:
        """In the lane of the things, where a time is."""
        band = next(band for band in timeline.bands() if band.lane == 0)
        return QPoint(round(timeline.looking.to_x(pts)) + GUTTER, (band.top + band.bottom) // 2)

    def decide(number: int) -> None:
        right = true_segment(number % EACH)
        assert session.selected is not None
        assert session.selected.geometry == predicted_segment(number)
        if kind(number) == "off":
            hand.put_edge(place(right.end))
            return
        hand.drag(place(right.start), place(right.end))
        hand.key(Qt.Key.Key_Tab)
        hand.key(Qt.Key.Key_Backspace)

    work(application, hand, qtbot, decide)
    assert session.store is not None
    for item in session.store.items():
        times = sorted(
            (one.geometry.start, one.geometry.end)
            for one in kept(session.store, item.id)
            if isinstance(one.geometry, Segment)
        )
        # As exact as a pixel of the timeline is long.
        assert times == [
            pytest.approx((right.start, right.end), abs=RATE // 20) for right in map(true_segment, range(EACH))
        ]
    told(application, hand, "segments", 2.0, tmp_path / "out.csv", qtbot)
