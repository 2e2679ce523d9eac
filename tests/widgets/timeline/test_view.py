import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.geometry import Box, Key, Segment, Track
from engine.domain.media import Clock
from widgets.timeline import style, tools
from widgets.timeline.gestures import Tool
from widgets.timeline.view import TimelineView

LEFT = Qt.MouseButton.LeftButton
PLAIN = Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
SOURCE = Provenance(Origin.MODEL, "model", "2026-01-01T00:00:00Z")
LANE = style.RULER + style.GAP + style.LANE // 2
EMPTY = 190


def said(id_: str, start: int, end: int, review: Review = Review.ACCEPTED, *, locked: bool = False) -> Annotation:
    return Annotation(id_, "item", "bark", Segment(start, end), review, SOURCE, label="l", locked=locked)


LABELS = {"l": Label("l", "barks", 1)}


@pytest.fixture
def timeline(qtbot: QtBot) -> TimelineView:
    """1,000 ms of sound on 1,000 pixels: pixel and PTS differ by the gutter."""
    view = TimelineView()
    qtbot.addWidget(view)
    view.resize(style.GUTTER + 1008, 200)
    view.show()
    view.show_clock(Clock(1, 1000, 0, 1000))
    return view


@pytest.fixture
def told(timeline: TimelineView) -> list[tuple]:
    """Everything the timeline said, in order."""
    heard: list[tuple] = []
    timeline.segment_drawn.connect(lambda segment, label: heard.append(("drawn", segment, label)))
    timeline.segments_reshaped.connect(lambda segments: heard.append(("reshaped", *segments)))
    timeline.moment_marked.connect(lambda segment: heard.append(("moment", segment)))
    timeline.scrubbed.connect(lambda pts: heard.append(("scrubbed", pts)))
    timeline.annotation_selected.connect(lambda id_: heard.append(("selected", id_)))
    timeline.split_wanted.connect(lambda id_, pts: heard.append(("split", id_, pts)))
    timeline.join_wanted.connect(lambda a, b: heard.append(("join", a, b)))
    timeline.refused.connect(lambda why: heard.append(("refused", why)))
    return heard


def drag(view: TimelineView, start: int, end: int, y: int = LANE, keys: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.mousePress(view, LEFT, keys, QPoint(start + style.GUTTER, y))
    QTest.mouseMove(view, QPoint((start + end) // 2 + style.GUTTER, y))
    QTest.mouseRelease(view, LEFT, keys, QPoint(end + style.GUTTER, y))


def click(view: TimelineView, x: int, y: int = LANE, keys: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.mouseClick(view, LEFT, keys, QPoint(x + style.GUTTER, y))


def test_the_ruler_scrubs(timeline: TimelineView, told: list) -> None:
    drag(timeline, 100, 300, y=5)
    assert (told[0], told[-1]) == (("scrubbed", 100), ("scrubbed", 300))
    assert timeline.playhead == 300


def test_a_drag_in_a_lane_draws_for_its_label(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said("a", 0, 50)], LABELS)
    drag(timeline, 400, 200)
    assert told == [("drawn", Segment(200, 400), "l")]


def test_a_drag_below_the_lanes_draws_without_a_label(timeline: TimelineView, told: list) -> None:
    drag(timeline, 200, 400, y=EMPTY)
    assert told == [("drawn", Segment(200, 400), "")]


def test_a_click_beside_everything_only_moves_the_playhead(timeline: TimelineView, told: list) -> None:
    click(timeline, 640, y=EMPTY)
    assert told == [("scrubbed", 640)]


def test_the_pointer_may_go_anywhere_while_there_are_no_lanes(timeline: TimelineView, told: list) -> None:
    for at in (QPoint(style.GUTTER + 300, y) for y in (5, LANE, EMPTY)):
        QTest.mouseMove(timeline, at)
        QTest.mouseClick(timeline, LEFT, PLAIN, at)
        QTest.mouseDClick(timeline, LEFT, PLAIN, at)
        QTest.mouseClick(timeline, Qt.MouseButton.RightButton, PLAIN, at)
    assert {one[0] for one in told} == {"scrubbed"}


def test_a_moment_is_marked_anywhere(timeline: TimelineView, told: list) -> None:
    timeline.set_tool(Tool.MOMENT)
    drag(timeline, 100, 250, y=5)
    assert told == [("moment", Segment(100, 250))]
    assert timeline.tool is Tool.SELECT


def test_the_tool_is_put_away_after_a_segment(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said("a", 100, 300)], LABELS)
    timeline.set_tool(Tool.DRAW)
    QTest.mouseMove(timeline, QPoint(200 + style.GUTTER, LANE))
    QTest.mouseMove(timeline, QPoint(300 + style.GUTTER, LANE))
    assert timeline.cursor().shape() is Qt.CursorShape.CrossCursor
    drag(timeline, 200, 250)
    assert told == [("drawn", Segment(200, 250), "l")]
    assert timeline.tool is Tool.SELECT
    drag(timeline, 150, 160)
    assert told[-1] == ("reshaped", ("a", Segment(110, 310)))
    QTest.mouseMove(timeline, QPoint(110 + style.GUTTER, LANE))
    assert timeline.cursor().shape() is Qt.CursorShape.SizeHorCursor


def test_a_segment_is_moved_and_says_so_once(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said("a", 100, 300)], LABELS)
    drag(timeline, 200, 250)
    assert told == [("selected", "a"), ("reshaped", ("a", Segment(150, 350)))]


def test_a_boundary_is_dragged(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said("a", 100, 300)], LABELS)
    drag(timeline, 300, 420)
    assert told[-1] == ("reshaped", ("a", Segment(100, 420)))


def test_boundaries_fall_on_frames(timeline: TimelineView, told: list) -> None:
    timeline.show_frames(np.arange(0, 1000, 40))
    timeline.show_annotations([said("a", 120, 320)], LABELS)
    drag(timeline, 320, 411)
    assert told[-1] == ("reshaped", ("a", Segment(120, 400)))


def test_neighbours_and_playhead_attract_with_alt(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said("a", 100, 300), said("b", 500, 600)], LABELS)
    drag(timeline, 300, 494, keys=ALT)
    timeline.show_annotations([said("a", 100, 300), said("b", 500, 600)], LABELS)
    timeline.show_time(400)
    drag(timeline, 300, 395, keys=ALT)
    assert [one for one in told if one[0] == "reshaped"] == [
        ("reshaped", ("a", Segment(100, 500))),
        ("reshaped", ("a", Segment(100, 400))),
    ]


def test_a_shared_boundary_moves_on_both_sides_with_shift(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said("a", 100, 300), said("b", 300, 600)], LABELS)
    timeline.select("a")
    drag(timeline, 300, 340, keys=SHIFT)
    assert told == [("reshaped", ("a", Segment(100, 340)), ("b", Segment(340, 600)))]


def test_the_nearest_boundary_jumps_to_a_control_click(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said("a", 100, 300)], LABELS)
    timeline.select("a")
    click(timeline, 450, keys=CTRL)
    assert told == [("reshaped", ("a", Segment(100, 450)))]


def test_a_tool_in_hand_draws_whatever_is_held(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said("a", 100, 300)], LABELS)
    timeline.select("a")
    timeline.set_tool(Tool.DRAW)
    drag(timeline, 400, 450, keys=CTRL)
    assert told == [("drawn", Segment(400, 450), "l")]


def test_segments_that_overlap_lie_below_each_other(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said("long", 100, 600), said("short", 250, 350)], LABELS)
    top, below = (band.top + band.height // 2 for band in timeline.bands()[1:])
    click(timeline, 300, top)
    click(timeline, 300, below)
    assert told == [("selected", "long"), ("selected", "short")]
    assert (timeline.lane_name(0), timeline.lane_name(1)) == ("barks", "")


def test_clicking_again_goes_through_what_has_no_lane_of_its_own(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said(str(n), 100, 600) for n in range(3)] + [said("c", 110, 500)], LABELS)
    timeline.show_annotations([*timeline._lanes.annotations, said("d", 120, 400), said("e", 130, 400)], LABELS)
    lowest = timeline.bands()[-1]
    for _ in range(4):
        click(timeline, 300, lowest.top + lowest.height // 2)
    assert [row[1] for row in told] == ["e", "d", "c", "e"]


def test_a_locked_segment_stays(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said("a", 100, 300, locked=True)], LABELS)
    drag(timeline, 200, 260)
    timeline.nudge(1)
    assert [one[0] for one in told] == ["selected", "refused"]


def test_start_and_end_go_to_the_playhead(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said("a", 100, 300)], LABELS)
    timeline.select("a")
    timeline.show_time(150)
    timeline.boundary_to_playhead(tools.START)
    timeline.show_time(50)
    timeline.boundary_to_playhead(tools.END)
    assert told[0] == ("reshaped", ("a", Segment(150, 300)))
    assert told[1][0] == "refused"


def test_in_and_out_marks_draw(timeline: TimelineView, told: list) -> None:
    timeline.show_time(120)
    timeline.mark(tools.START)
    timeline.show_time(480)
    timeline.mark(tools.END)
    assert told == [("drawn", Segment(120, 480), "")]
    assert timeline.marks == (None, None)


@pytest.mark.parametrize(
    ("marked", "kept"),
    [(((120, tools.END), (480, tools.START)), (480, None)), (((480, tools.START), (120, tools.END)), (None, 120))],
)
def test_marks_the_wrong_way_round_are_told_of(
    timeline: TimelineView,
    told: list,
    marked: tuple[tuple[int, int], ...],
    kept: tuple[int | None, int | None],
) -> None:
    for pts, grip in marked:
        timeline.show_time(pts)
        timeline.mark(grip)
    assert timeline.marks == kept
    assert [one[0] for one in told] == ["refused"]


def test_nudges_are_one_step_when_they_rest(timeline: TimelineView, told: list, qtbot: QtBot) -> None:
    timeline.show_annotations([said("a", 100, 300)], LABELS)
    timeline.select("a")
    with qtbot.waitSignal(timeline.segments_reshaped, timeout=3000):
        for _ in range(3):
            timeline.nudge(10)
        timeline.nudge(-5, tools.END)
    assert told == [("reshaped", ("a", Segment(130, 325)))]


def test_split_and_join_are_asked_for(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said("a", 100, 300), said("b", 500, 600)], LABELS)
    timeline.select("a")
    timeline.split()
    timeline.show_time(200)
    timeline.split()
    timeline.join()
    assert [one[0] for one in told] == ["refused", "split", "join"]
    assert told[1:] == [("split", "a", 200), ("join", "a", "b")]


def test_tracks_are_selected_by_their_span(timeline: TimelineView, told: list) -> None:
    keys = (Key(100, Box(0, 0, 9, 9)), Key(500, Box(5, 5, 9, 9)))
    track = Annotation("t", "item", "dog", Track(keys), Review.ACCEPTED, SOURCE)
    timeline.show_annotations([track], {})
    drag(timeline, 300, 350)
    assert told == [("selected", "t")]


def test_rejected_segments_are_out_of_reach_until_asked_for(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said("a", 100, 300, Review.REJECTED)], LABELS)
    click(timeline, 200)
    timeline.show_rejected(True)
    click(timeline, 200)
    assert told == [("scrubbed", 200), ("selected", "a")]


def test_a_rejected_segment_out_of_sight_is_not_changed(timeline: TimelineView, told: list) -> None:
    timeline.show_annotations([said("a", 100, 300, Review.REJECTED)], LABELS)
    timeline.select("a")
    assert not timeline.nudge(1)
    assert not timeline.boundary_to_playhead(tools.END)
    click(timeline, 450, y=EMPTY, keys=CTRL)
    assert told == [("scrubbed", 450)]


def test_signals_are_asked_for_the_time_in_sight_only(timeline: TimelineView) -> None:
    asked: list[tuple[float, float, int]] = []

    def peaks(start: float, end: float, columns: int) -> np.ndarray:
        asked.append((round(start, 3), round(end, 3), columns))
        return np.full((columns, 2), np.nan, np.float32)

    timeline.show_sound(peaks, None)
    timeline.zoom_to_span(450, 550)
    asked.clear()
    timeline.grab()
    start, end, columns = asked[-1]
    assert 0.35 < start < end < 0.65
    assert columns <= timeline.width() - style.GUTTER


def test_a_waveform_and_a_spectrogram_show_what_they_are_given(timeline: TimelineView) -> None:
    timeline.show_sound(
        lambda _start, _end, columns: np.tile(np.array([[-1, 1]], np.float32), (columns, 1)),
        lambda _start, _end, columns: np.full((64, columns), 255, np.uint8),
    )
    image = timeline.grab().toImage()
    middle = style.RULER + style.GAP + style.WAVEFORM // 2
    assert image.pixelColor(style.GUTTER + 100, middle).name() == style.WAVE.name()
    assert image.pixelColor(style.GUTTER + 100, middle + style.WAVEFORM).rgb() == style.heat()[255]


def test_a_hundred_thousand_segments_are_drawn_as_what_they_cover(timeline: TimelineView) -> None:
    timeline.show_clock(Clock(1, 1000, 0, 1_000_000))
    timeline.show_annotations([said(str(n), 10 * n, 10 * n + 5) for n in range(50_000)], LABELS)
    image = timeline.grab().toImage()
    ground = timeline.palette().base().color().name()
    colours = [image.pixelColor(style.GUTTER + x, LANE).name() for x in (250, 750)]
    assert colours[0] != ground
    assert colours[1] == ground


def test_the_filmstrip_ends_where_the_clip_ends(timeline: TimelineView) -> None:
    green = QColor(0, 200, 0)
    picture = QImage(96, 54, QImage.Format.Format_RGB32)
    picture.fill(green)
    timeline.show_thumbnails(lambda _pts, _step: picture, 3.0)
    end = round(timeline.looking.to_x(1000)) + style.GUTTER
    row = timeline.grab().toImage().copy(0, style.RULER + style.GAP + 20, timeline.width(), 1)
    shown = [x for x in range(row.width()) if row.pixelColor(x, 0) == green]
    assert end - 3 <= max(shown) <= end


def test_the_wheel_over_the_names_brings_lanes_into_sight_that_do_not_fit(timeline: TimelineView) -> None:
    timeline.show_annotations([replace(said(str(n), 0, 9), label=None, phrase=f"{n:02}") for n in range(20)], {})
    right, ground = timeline.width() - 3, timeline.palette().window().color().name()
    marked = []
    for _ in range(2):
        image = timeline.grab().toImage()
        marked.append([y for y in range(timeline.height()) if image.pixelColor(right, y).name() != ground])
        at, turn, none = QPointF(20, 100), QPoint(0, -4000), Qt.ScrollPhase.NoScrollPhase
        buttons = Qt.MouseButton.NoButton
        QApplication.sendEvent(timeline, QWheelEvent(at, at, QPoint(), turn, buttons, PLAIN, none, False))
    assert timeline.bands()[-1].bottom <= timeline.height()
    assert timeline.height() - 3 not in marked[0]
    assert timeline.height() - 3 in marked[1]
