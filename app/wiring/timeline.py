"""The timeline shows when things are; what is meant there becomes an edit or moves the playhead."""

from PySide6.QtCore import QObject

from app.desk import Desk
from app.session import Mark
from app.wiring.canvas import pop_up
from engine.domain.annotation import Annotation, Review
from engine.domain.geometry import Segment, Track
from engine.domain.media import MediaItem, MediaKind
from widgets.canvas.tools import Tool as CanvasTool
from widgets.canvas.view import CanvasView
from widgets.timeline import tools
from widgets.timeline.gestures import Tool
from widgets.timeline.view import TimelineView

_CUTS = ("timeline.start_here", "timeline.end_here", "timeline.split", "timeline.join")
MENU = ("review.accept", "review.reject", "edit.relabel", "edit.lock", *_CUTS, "edit.remove")
# What the menu offers beside everything.
BESIDE = ("timeline.draw", "timeline.moment", "timeline.mark_in", "timeline.mark_out", "timeline.fit")


class TimelineLink(QObject):
    """Keeps the timeline and the session in step."""

    def __init__(self, timeline: TimelineView, desk: Desk) -> None:
        super().__init__(timeline)
        self._timeline, self._session, self._player = timeline, desk.session, desk.player
        self._strip, self._sound, self._listen = desk.strip, desk.sound, desk.listen
        self._shown: str | None = None
        self._board, self._draw = desk.board, desk.drawing.draw
        self._hearing = self._staying = False
        # A clip has its frames to look at; the room is for its lanes.
        self._frequencies = {MediaKind.VIDEO: False, MediaKind.AUDIO: True}

    def show_frequencies(self) -> None:
        """Show or hide the spectrogram, for this kind of medium from now on."""
        item, wanted = self._session.item, self._board.action("timeline.spectrogram").isChecked()
        if item is not None:
            self._frequencies[item.kind] = wanted
        self._timeline.want_spectrogram(wanted)

    def show_item(self, item: MediaItem | None) -> None:
        if item is not None and item.id == self._shown:
            return
        wanted = item is not None and self._frequencies.get(item.kind, False)
        self._board.action("timeline.spectrogram").setChecked(wanted)
        self._timeline.want_spectrogram(wanted)
        self._shown = item.id if item else None
        self._timeline.show_clock(item.clock if item else None)
        self._strip.open(item, self._session.path)
        self._sound.close()

    def open_sound(self, item: MediaItem) -> None:
        """Once the medium has been opened without harm its sound may be drawn."""
        self._sound.open(item, self._session.path)
        if self._session.selected is not None:
            self._go_to(self._session.selected)

    def show_annotations(self, _: object = None) -> None:
        self._timeline.show_annotations(self._session.drawn, self._session.labels)

    def show_selected(self, annotation: Annotation | None) -> None:
        """Go to where the selected one is, unless it is on screen already."""
        known = (annotation.id if annotation else "") == self._timeline.selected
        self._timeline.select(annotation.id if annotation else "")
        if self._hearing and not known:
            self._hearing = False
            self._player.loop(None)
            self._player.pause()
        if not known and annotation is not None and not self._staying:
            self._go_to(annotation)

    def draw(self, segment: Segment, label: str) -> None:
        """Add what was drawn; who draws stays at the instant that is seen or heard."""
        self._staying = True
        self._draw(segment, label)
        self._staying = False

    def _go_to(self, annotation: Annotation) -> None:
        """Playing goes on where it is; at its end, which is no part of it, a segment is still on screen."""
        at = self._player.position
        if self._player.playing:
            return
        match annotation.geometry:
            case Segment(start, end) if not start <= at <= end:
                self._player.seek(start)
            case Track(keys) as track if track.box_at(at) is None:
                self._player.seek(keys[0].pts)

    def hear(self, annotation: Annotation) -> None:
        """The review walked to it: a predicted segment plays if that is wished; opening an item never plays."""
        if isinstance(annotation.geometry, Segment) and annotation.review is Review.PREDICTED and self._listen():
            self._hear(annotation.geometry)

    def _hear(self, segment: Segment) -> None:
        """Play it over and over, with a second before it for the ear."""
        item = self._session.item
        if item is not None and item.clock is not None and self._player.ready:
            lead = max(segment.start - round(item.clock.den / item.clock.num), item.clock.start)
            self._hearing = True
            self._player.seek(lead)
            self._player.loop(Segment(lead, segment.end))
            if not self._player.playing:
                self._player.toggle()

    def loop(self) -> None:
        """Loop the selected segment, or stop looping."""
        one = self._session.selected
        segment = one.geometry if one is not None and isinstance(one.geometry, Segment) else None
        if segment is None and not self._player.looping:
            self._session.told.emit("Select a segment first: it is what is played over and over.")
        self._player.loop(None if self._player.looping else segment)
        if segment is not None and self._player.looping and not self._player.playing:
            self._player.toggle()


def connect_timeline(timeline: TimelineView, desk: Desk) -> TimelineLink:
    """Data down, intent up, and the actions that belong to the timeline."""
    session, player, strip = desk.session, desk.player, desk.strip
    link = TimelineLink(timeline, desk)
    session.item_changed.connect(link.show_item)
    session.annotations_changed.connect(link.show_annotations)
    session.labels_changed.connect(link.show_annotations)
    session.selection_changed.connect(link.show_selected)
    session.walked.connect(link.hear)
    session.hover_changed.connect(timeline.hover)
    session.mark_changed.connect(lambda mark: timeline.show_moment(mark.moment))
    player.moved.connect(lambda pts, _: timeline.show_time(pts, follow=player.playing))
    player.framed.connect(timeline.show_frames)
    strip.given.connect(timeline.show_thumbnails)
    strip.grew.connect(timeline.refresh)
    player.opened.connect(link.open_sound)
    desk.sound.given.connect(timeline.show_sound)
    desk.sound.grew.connect(timeline.refresh)

    _hear(timeline, desk, link)
    _bind(timeline, desk, link)
    return link


def _hear(timeline: TimelineView, desk: Desk, link: TimelineLink) -> None:
    """Intent comes up."""
    session, drawing, player = desk.session, desk.drawing, desk.player

    def reshape(segments: tuple[tuple[str, Segment], ...]) -> None:
        if not drawing.reshape_segments(segments):
            link.show_annotations()

    timeline.segment_drawn.connect(link.draw)
    timeline.segments_reshaped.connect(reshape)
    timeline.split_wanted.connect(drawing.split)
    timeline.join_wanted.connect(drawing.join)
    timeline.moment_marked.connect(lambda segment: session.mark_part(Mark(moment=segment)))
    timeline.scrubbed.connect(lambda pts: player.seek(pts, scrub=True))
    timeline.annotation_selected.connect(session.select)
    timeline.annotation_hovered.connect(session.hover)
    timeline.annotation_opened.connect(desk.open_words)
    timeline.menu_wanted.connect(lambda one, where: pop_up(timeline, desk.board, MENU if one else BESIDE, where))
    timeline.refused.connect(session.told)


def _bind(timeline: TimelineView, desk: Desk, link: TimelineLink) -> None:
    session, board, drawing, player = desk.session, desk.board, desk.drawing, desk.player

    def to_key(step: int) -> None:
        pts = drawing.next_key(step)
        if pts is not None:
            player.seek(pts)

    board.bind(
        {
            "timeline.draw": lambda: timeline.set_tool(Tool.DRAW),
            "timeline.moment": lambda: timeline.set_tool(Tool.MOMENT),
            "timeline.mark_in": lambda: timeline.mark(tools.START),
            "timeline.mark_out": lambda: timeline.mark(tools.END),
            "timeline.start_here": lambda: timeline.boundary_to_playhead(tools.START),
            "timeline.end_here": lambda: timeline.boundary_to_playhead(tools.END),
            "timeline.split": timeline.split,
            "timeline.join": timeline.join,
            "timeline.zoom_in": timeline.zoom_in,
            "timeline.zoom_out": timeline.zoom_out,
            "timeline.fit": timeline.fit,
            "timeline.next_key": lambda: to_key(1),
            "timeline.previous_key": lambda: to_key(-1),
            "timeline.spectrogram": link.show_frequencies,
            "media.loop": link.loop,
            "draw.frame": lambda: session.mark_part(Mark(frame=player.seen)),
            "draw.track": drawing.make_track,
            "draw.set_key": drawing.set_key,
            "draw.copy_key": drawing.copy_key,
            "draw.remove_key": drawing.remove_key,
            "draw.outside": drawing.outside,
        }
    )


def connect_both(canvas: CanvasView, timeline: TimelineView, desk: Desk) -> None:
    """The actions that concern the picture and the time alike."""
    board, session = desk.board, desk.session

    def zoom_selected() -> None:
        if session.selected is not None:
            canvas.zoom_to(session.selected.id)
            timeline.zoom_to(session.selected.id)

    def rejected() -> None:
        shown = board.action("canvas.rejected").isChecked()
        canvas.show_rejected(shown)
        timeline.show_rejected(shown)

    board.bind({"canvas.zoom_selected": zoom_selected, "canvas.rejected": rejected})
    _share_tools(canvas, timeline, desk)


def _share_tools(canvas: CanvasView, timeline: TimelineView, desk: Desk) -> None:
    """There is one tool in hand, whichever of the two it is for."""

    def select() -> None:
        canvas.set_tool(CanvasTool.SELECT)
        timeline.set_tool(Tool.SELECT)

    def escape() -> None:
        if canvas.tool is CanvasTool.SELECT and timeline.tool is Tool.SELECT:
            desk.session.select(None)
        else:
            select()

    canvas.tool_changed.connect(lambda tool: timeline.set_tool(Tool.SELECT) if tool != Tool.SELECT else None)
    timeline.tool_changed.connect(lambda tool: canvas.set_tool(CanvasTool.SELECT) if tool != Tool.SELECT else None)
    for view in (canvas, timeline):
        view.escaped.connect(escape)
    desk.board.bind({"canvas.select": select})
