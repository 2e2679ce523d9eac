"""Presses, moves and releases over a scene: finds what is meant and runs the tools. Knows nothing of Qt."""

from msgspec import Struct

from engine.domain.geometry import Box
from widgets.canvas import shaping, style, tools
from widgets.canvas.hit import Hit, hits
from widgets.canvas.scene import Scene
from widgets.canvas.shaping import Frame, Point
from widgets.canvas.tools import Tool

NOTHING = Hit(-1, 0)


class Chosen(Struct, frozen=True):
    """An annotation was pointed out; "" for none."""

    id: str


class Locked(Struct, frozen=True):
    """A locked annotation was to be reshaped."""

    id: str


class Gestures:
    """The state of the pointer over one scene. Points are picture pixels, `scale` is widget pixels per pixel."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.size = (0, 0)
        self.scale = 1.0
        self.selected = ""
        self.keep_inside = True
        self.tool, self.sticky = Tool.SELECT, False
        self.state: tools.State = tools.Idle()
        self.hovered = NOTHING
        self._frame = Frame(0, 0)
        # The press fell on what was selected already: a click without a drag goes on to the box below it.
        self._again = False

    @property
    def idle(self) -> bool:
        return isinstance(self.state, tools.Idle)

    @property
    def selected_row(self) -> int:
        return self.scene.row_of(self.selected)

    @property
    def live_row(self) -> int:
        """The row of what is selected, -1 while it is out of sight: hidden, rejected, or a track that is gone here."""
        row = self.selected_row
        return row if row >= 0 and self.scene.live[row] else -1

    def press(self, at: Point, *, jump: bool = False, snap: bool = False) -> tools.Outcome | Chosen | Locked:
        """The button went down; with `jump` the nearest edge of the selected box comes to the pointer."""
        self._frame = self.bounds(snap=snap)
        if self.tool is not Tool.SELECT:
            return self._take(tools.draw_press(self.tool, self.state, at, self._frame))
        if jump and self.live_row >= 0:
            return self._jump(at)
        return self._grab(at)

    def move(self, at: Point, *, snap: bool = False) -> None:
        """The pointer moved while something is under way."""
        self._frame = self.bounds(snap=snap)
        self.state = tools.move(self.state, at, self._frame, self._slack)

    def release(self, at: Point, *, snap: bool = False) -> tools.Outcome | Chosen:
        self._frame = self.bounds(snap=snap)
        outcome = self._take(tools.release(self.state, at, self._frame, self._slack))
        return self.click(at) if isinstance(outcome, tools.Clicked) else outcome

    def click(self, at: Point) -> Chosen:
        """A press and release in place: the best box, or the next one below when the best is selected already."""
        rows = [hit.row for hit in self.under(at)]
        if not rows:
            return Chosen("")
        if self._again and self.selected_row in rows:
            row = rows[(rows.index(self.selected_row) + 1) % len(rows)]
        else:
            row = self.selected_row if self.selected_row in rows else rows[0]
        self._again = True
        return Chosen(self.scene.annotations[row].id)

    def feel(self, at: Point) -> Hit:
        """What the pointer is over; a tool that draws feels nothing."""
        under = self.under(at) if self.tool is Tool.SELECT else []
        hit = under[0] if under else NOTHING
        return Hit(hit.row, 0) if hit.row >= 0 and self.scene.annotations[hit.row].locked else hit

    def under(self, at: Point) -> list[Hit]:
        """All boxes under a point, best first."""
        return hits(self.scene.edges, at, style.REACH / self.scale, self.scene.live, self.selected_row)

    def bounds(self, *, snap: bool) -> Frame:
        """What bounds a gesture now."""
        reach = style.SNAP / self.scale if snap else 0.0
        moving = self.selected_row if isinstance(self.state, tools.Reshaping) or self.tool is Tool.SELECT else -1
        return self.scene.frame(self.size, inside=self.keep_inside, reach=reach, without=moving)

    def rubber(self) -> Box | None:
        """The box that is being drawn."""
        return None if isinstance(self.state, tools.Reshaping) else tools.preview(self.state, self._frame)

    def put_away(self) -> None:
        """After a box is drawn the pointer selects again, unless the tool was taken for several."""
        if not self.sticky:
            self.tool = Tool.SELECT

    @property
    def _slack(self) -> float:
        return style.SLACK / self.scale

    def _take(self, step: tools.Step) -> tools.Outcome:
        self.state, outcome = step
        return outcome

    def _jump(self, at: Point) -> Locked | None:
        row = self.selected_row
        if self.scene.annotations[row].locked:
            return Locked(self.selected)
        self.state = tools.jump(self.selected, self.scene.box(row), at, self._frame)
        return None

    def _grab(self, at: Point) -> Chosen | None:
        under = self.under(at)
        if not under:
            self._again = False
            return None
        # A press on the selected box's body keeps it in hand even where a smaller one lies on top.
        hit = next((one for one in under if one.row == self.selected_row), under[0])
        if hit.grip == shaping.BODY and under[0].grip != shaping.BODY:
            hit = under[0]
        annotation = self.scene.annotations[hit.row]
        self._again = annotation.id == self.selected
        if annotation.locked:
            return None if self._again else Chosen(annotation.id)
        self.state = tools.grab(annotation.id, self.scene.box(hit.row), hit.grip, at)
        return None if self._again else Chosen(annotation.id)
