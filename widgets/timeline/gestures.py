"""Presses, moves and releases over the timeline: finds what is meant and runs the tools. Knows nothing of Qt."""

from enum import StrEnum

from msgspec import Struct

from engine.domain.geometry import Segment
from widgets.timeline import style, tools
from widgets.timeline.bands import Band, Kind
from widgets.timeline.hit import Hit, hits
from widgets.timeline.lanes import Lanes
from widgets.timeline.tools import Limits

NOTHING = Hit(-1, 0)


class Tool(StrEnum):
    """What a drag does: `DRAW` draws anywhere, `MOMENT` marks what the next question is about."""

    SELECT = "select"
    DRAW = "draw"
    MOMENT = "moment"


class Scrubbed(Struct, frozen=True):
    """The playhead is wanted at `pts`."""

    pts: int


class Chosen(Struct, frozen=True):
    """An annotation was pointed out; "" for none."""

    id: str


class Locked(Struct, frozen=True):
    """A locked annotation was to be changed."""

    id: str


class Drawn(Struct, frozen=True):
    """A new segment in the lane of a label, "" for none."""

    segment: Segment
    label: str


class Marked(Struct, frozen=True):
    """The moment that the next question is about."""

    segment: Segment


class Reshaped(Struct, frozen=True):
    """Segments with new boundaries: one, or several that share the boundary."""

    segments: tuple[tuple[str, Segment], ...]


Outcome = Scrubbed | Chosen | Locked | Drawn | Marked | Reshaped | None


class Keys(Struct, frozen=True):
    """Which keys are held: `jump` Ctrl, `snap` Alt, `together` Shift."""

    jump: bool = False
    snap: bool = False
    together: bool = False


class Gestures:
    """The state of the pointer over one item's time. `scale` is PTS per pixel."""

    def __init__(self) -> None:
        self.lanes = Lanes()
        self.limits = Limits(0, 1)
        self.scale = 1.0
        self.playhead = 0
        self.selected = ""
        self.tool = Tool.SELECT
        self.state: tools.State = tools.Idle()
        self.hovered = NOTHING
        self._again = False

    @property
    def idle(self) -> bool:
        return isinstance(self.state, tools.Idle)

    @property
    def selected_row(self) -> int:
        return self.lanes.row_of(self.selected)

    @property
    def live_row(self) -> int:
        """The row of the segment that is selected, -1 for a track and while it is out of sight."""
        row = self.selected_row
        return row if row >= 0 and self.lanes.live(row) else -1

    def press(self, band: Band, pts: float, keys: Keys) -> Outcome:
        """The button went down in a band."""
        limits = self.bounds(keys)
        if keys.jump and self.tool is Tool.SELECT and self.live_row >= 0:
            return self._jump(pts, limits)
        if band.kind is not Kind.LANE and self.tool is Tool.SELECT:
            self.state = tools.Scrubbing()
            return Scrubbed(tools.settled(pts, limits))
        found = hits(self.lanes, band.lane, pts, style.REACH * self.scale, self.selected_row)
        if self.tool is not Tool.SELECT or not found:
            at = tools.settled(pts, limits)
            self.state = tools.Stretching(at, at, band.lane, marks=self.tool is Tool.MOMENT)
            return None
        return self._grab(found, pts, keys)

    def move(self, pts: float, keys: Keys) -> Outcome:
        """The pointer moved while something is under way."""
        limits = self.bounds(keys)
        match self.state:
            case tools.Scrubbing():
                return Scrubbed(tools.settled(pts, limits))
            case tools.Stretching() as state:
                self.state = tools.stretched(state, pts, limits)
            case tools.Reshaping() as state:
                self.state = tools.reshaped(state, pts, limits, style.SLACK * self.scale)
        return None

    def release(self, band: Band | None, pts: float, keys: Keys) -> Outcome:
        outcome = self.move(pts, keys)
        state, self.state = self.state, tools.Idle()
        match state:
            case tools.Stretching(lane=lane, marks=marks):
                segment = self._long_enough(state)
                if segment is None:
                    return Scrubbed(tools.settled(pts, self.bounds(keys)))
                return Marked(segment) if marks else Drawn(segment, self._label(lane))
            case tools.Reshaping(id=annotation, segment=segment, moved=True):
                return Reshaped(((annotation, segment), *tools.followers(state)))
            case tools.Reshaping(id=annotation):
                return self._click(band, pts, annotation)
        return outcome

    def feel(self, band: Band | None, pts: float) -> Hit:
        """What the pointer is over; a tool that draws feels nothing."""
        if band is None or band.kind is not Kind.LANE or self.tool is not Tool.SELECT:
            return NOTHING
        found = hits(self.lanes, band.lane, pts, style.REACH * self.scale, self.selected_row)
        hit = found[0] if found else NOTHING
        return Hit(hit.row, tools.BODY) if hit.row >= 0 and self.lanes.annotations[hit.row].locked else hit

    def bounds(self, keys: Keys) -> Limits:
        """What bounds a gesture now; with Alt the playhead and every other boundary attract."""
        if not keys.snap:
            return self.limits
        moving = self.selected_row
        lines = sorted({*self.lanes.boundaries(moving).tolist(), self.playhead, self.limits.start, self.limits.end})
        return Limits(self.limits.start, self.limits.end, self.limits.frames, tuple(lines), style.SNAP * self.scale)

    def drawn(self) -> tuple[Segment, int, bool] | None:
        """The segment under way, its lane, and whether it marks a moment."""
        if not isinstance(self.state, tools.Stretching):
            return None
        segment = tools.span(self.state)
        return (segment, self.state.lane, self.state.marks) if segment else None

    def _grab(self, found: list[Hit], pts: float, keys: Keys) -> Outcome:
        hit = next((one for one in found if one.row == self.selected_row), found[0])
        if hit.grip == tools.BODY and found[0].grip != tools.BODY:
            hit = found[0]
        annotation, segment = self.lanes.annotations[hit.row], self.lanes.segment(hit.row)
        self._again = annotation.id == self.selected
        partners = self._partners(hit, segment) if keys.together and hit.grip != tools.BODY else ()
        grip = 0 if annotation.locked or self.lanes.tracks[hit.row] else hit.grip
        if grip:
            self.state = tools.Reshaping(annotation.id, segment, grip, pts, segment, partners=partners)
        return None if self._again else Chosen(annotation.id)

    def _jump(self, pts: float, limits: Limits) -> Outcome:
        annotation = self.lanes.annotations[self.selected_row]
        if annotation.locked:
            return Locked(annotation.id)
        segment = self.lanes.segment(self.selected_row)
        grip = tools.nearest_boundary(segment, pts)
        there = tools.boundary_to(segment, grip, pts, limits)
        if there is not None:
            self.state = tools.Reshaping(annotation.id, there, grip, pts, there, moved=True)
        return None

    def _partners(self, hit: Hit, segment: Segment) -> tuple[tuple[str, Segment], ...]:
        boundary = segment.start if hit.grip == tools.START else segment.end
        rows = self.lanes.touching(hit.row, boundary)
        free = [row for row in rows if not self.lanes.annotations[row].locked]
        return tuple((self.lanes.annotations[row].id, self.lanes.segment(row)) for row in free)

    def _click(self, band: Band | None, pts: float, annotation: str) -> Outcome:
        """A click in place: the pressed one, or the next one below when that was selected already."""
        if band is None or not self._again:
            return Chosen(annotation)
        found = hits(self.lanes, band.lane, pts, style.REACH * self.scale, self.selected_row)
        rows = sorted((hit.row for hit in found), key=lambda row: self.lanes.spans[row, 1] - self.lanes.spans[row, 0])
        if self.selected_row not in rows:
            return Chosen(annotation)
        return Chosen(self.lanes.annotations[rows[(rows.index(self.selected_row) + 1) % len(rows)]].id)

    def _long_enough(self, state: tools.Stretching) -> Segment | None:
        segment = tools.span(state)
        return segment if segment and segment.end - segment.start > style.SLACK * self.scale else None

    def _label(self, lane: int) -> str:
        return self.lanes.lanes[lane].label if 0 <= lane < len(self.lanes.lanes) else ""
