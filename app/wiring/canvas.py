"""The canvas shows the session's item and its boxes; what is meant there becomes an edit."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Qt, QTimer
from PySide6.QtWidgets import QMenu, QWidget

from app.actions.board import ActionBoard
from app.desk import Desk
from app.player import Player
from app.session import Mark, Session
from app.stills import Stills
from engine.domain.annotation import Annotation, Review
from engine.domain.geometry import Box
from engine.domain.media import MediaItem, MediaKind
from engine.domain.project import ItemFilter
from engine.domain.query import Prediction
from widgets.canvas.tools import Tool
from widgets.canvas.view import CanvasView

_AHEAD = 2
# Who leafs on faster than this wants none of what would be got ready.
_CALM_MS = 150
# Rounding must not ask for every pixel of a clip.
_SLACK = 1.01
_SMALLEST = 320, 240
MENU = ("review.accept", "review.reject", "edit.relabel", "edit.lock", "canvas.hide", "edit.remove")
# What the menu offers beside everything.
BESIDE = ("canvas.draw", "canvas.region", "canvas.fit")


class CanvasLink(QObject):
    """Keeps the canvas and the session in step."""

    def __init__(self, canvas: CanvasView, session: Session, stills: Stills, player: Player) -> None:
        super().__init__(canvas)
        self._canvas, self._session, self._stills, self._player = canvas, session, stills, player
        self._shown: str | None = None
        self._hidden: frozenset[str] = frozenset()
        self._calm = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._calm.timeout.connect(self._prepare)

    def show_item(self, item: MediaItem | None) -> None:
        """Another item is shown; the same one, changed, is not loaded again."""
        if item is not None and item.id == self._shown:
            return
        self._shown = item.id if item else None
        self._hidden = frozenset()
        self._canvas.hide_annotations(self._hidden)
        self._canvas.show_image(None)
        still = self._session.path if item is not None and item.kind is MediaKind.IMAGE else None
        self._stills.show(still, self._fit)
        self._player.open(item, self._session.path)
        self._player.set_view(self._room)
        self._calm.start()

    def show_still(self, pixels: object, size: tuple[int, int]) -> None:
        self._canvas.show_image(pixels, size)  # type: ignore[arg-type]
        self._stills.prefetch(self._following(), self._fit)

    def show_frame(self, pixels: object, pts: int) -> None:
        """A frame of a clip; its tracks go with it."""
        item = self._session.item
        if item is not None and item.kind is MediaKind.VIDEO:
            size = (item.width, item.height) if item.width else None
            self._canvas.show_image(pixels, size, still=not self._player.playing)  # type: ignore[arg-type]
            self._canvas.show_time(pts)

    def look_close(self, region: tuple[int, int, int, int]) -> None:
        """What is shown lacks pixels at this zoom: get them."""
        item = self._session.item
        if item is not None and item.kind is MediaKind.VIDEO:
            self._player.set_view(None if self._close else self._room)
        else:
            self._stills.look_close(region)

    def look_far(self) -> None:
        """Frames of a clip seen from afar need no more pixels than the view has."""
        if self._player.view is None and not self._close:
            self._player.set_view(self._room)

    def show_annotations(self, _: object = None) -> None:
        session = self._session
        self._canvas.show_annotations(session.drawn, session.labels, self._player.seen)
        waiting = [one for one in session.annotations if one.review is Review.PREDICTED]
        said = session.store.predictions(session.item.id) if waiting and session.store and session.item else ()
        self._canvas.show_doubt(doubt(waiting, said))

    def show_selected(self, annotation: Annotation | None) -> None:
        self._canvas.select(annotation.id if annotation else "")
        if annotation is not None:
            self._canvas.reveal(annotation.id)

    def hide(self, *, selected: bool) -> None:
        """Take the selected one out of sight, or bring all back."""
        one = self._session.selected
        self._hidden = self._hidden | {one.id} if selected and one else frozenset()
        self._canvas.hide_annotations(self._hidden)
        if selected:
            self._session.select(None)

    @property
    def _fit(self) -> int:
        return round(max(self._canvas.width(), self._canvas.height(), 640) * self._canvas.devicePixelRatioF())

    @property
    def _room(self) -> tuple[int, int]:
        """The size of frames; a canvas that is not laid out yet tells too little."""
        width, height = self._canvas.room
        return max(width, _SMALLEST[0]), max(height, _SMALLEST[1])

    @property
    def _close(self) -> bool:
        """Whether the picture is shown larger than the view is."""
        dots = max(self._canvas.picture_size) * self._canvas.zoom * self._canvas.devicePixelRatioF()
        return dots > self._fit * _SLACK

    def _prepare(self) -> None:
        self._player.prepare(next(iter(self._following(timed=True)), None))

    def _following(self, *, timed: bool = False) -> list[Path]:
        """The pictures, or clips and sounds, among the next items."""
        store, item = self._session.store, self._session.item
        at = store.position(item.id, ItemFilter()) if store and item else None
        if store is None or at is None:
            return []
        rows = store.items(ItemFilter(), at + 1, _AHEAD)
        return [store.path_of(one) for one in rows if (one.kind is not MediaKind.IMAGE) is timed]


def doubt(waiting: Iterable[Annotation], predictions: Iterable[Prediction]) -> Mapping[str, tuple[float, ...]]:
    """How unsure the model is of each edge, for predictions that still stand as it gave them."""
    spreads = {
        (prediction.id, grounding.phrase, grounding.geometry): grounding.spread
        for prediction in predictions
        for grounding in prediction.groundings
        if len(grounding.spread) == 4 and isinstance(grounding.geometry, Box)
    }
    boxes = [one for one in waiting if isinstance(one.geometry, Box)]
    keyed = {one.id: (one.provenance.prediction or "", one.phrase, one.geometry) for one in boxes}
    return {id_: spreads[key] for id_, key in keyed.items() if key in spreads}


def connect_canvas(canvas: CanvasView, desk: Desk) -> CanvasLink:
    """Data down, intent up, and the actions that belong to the canvas."""
    session, stills, player = desk.session, desk.stills, desk.player
    link = CanvasLink(canvas, session, stills, player)
    session.item_changed.connect(link.show_item)
    session.annotations_changed.connect(link.show_annotations)
    session.labels_changed.connect(link.show_annotations)
    session.selection_changed.connect(link.show_selected)
    session.hover_changed.connect(canvas.hover)
    session.mark_changed.connect(lambda mark: canvas.show_region(mark.region))
    stills.shown.connect(link.show_still)
    stills.close_shown.connect(canvas.show_close)
    stills.told.connect(session.told)
    canvas.close_wanted.connect(link.look_close)
    canvas.zoom_changed.connect(lambda _: link.look_far())
    player.frame_shown.connect(link.show_frame)

    _hear(canvas, desk, link)
    _bind(canvas, desk, link)
    return link


def pop_up(over: QWidget, board: ActionBoard, ids: Iterable[str], where: QPoint) -> None:
    """A menu of these actions at a place of the screen."""
    shown = QMenu(over)
    shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    shown.setObjectName(f"{over.objectName()}.menu")
    shown.addActions([board.action(id_) for id_ in ids])
    shown.popup(where)


def _hear(canvas: CanvasView, desk: Desk, link: CanvasLink) -> None:
    """Intent comes up."""
    session, drawing = desk.session, desk.drawing

    def reshape(annotation: str, box: Box) -> None:
        # The player may have gone on meanwhile; what was moved is the box that was seen.
        if not drawing.reshape_box(annotation, box, canvas.seen):
            link.show_annotations()

    canvas.box_drawn.connect(drawing.draw)
    canvas.box_reshaped.connect(reshape)
    canvas.region_marked.connect(lambda box: session.mark_part(Mark(region=box)))
    canvas.annotation_selected.connect(session.select)
    canvas.annotation_hovered.connect(session.hover)
    canvas.annotation_opened.connect(desk.open_words)
    canvas.menu_wanted.connect(lambda one, where: pop_up(canvas, desk.board, MENU if one else BESIDE, where))
    canvas.refused.connect(session.told)


def _bind(canvas: CanvasView, desk: Desk, link: CanvasLink) -> None:
    session = desk.session
    desk.board.bind(
        {
            "canvas.draw": lambda: canvas.set_tool(Tool.BOX),
            "canvas.draw_many": lambda: canvas.set_tool(Tool.BOX, sticky=True),
            "canvas.extreme": lambda: canvas.set_tool(Tool.EXTREME),
            "canvas.region": lambda: canvas.set_tool(Tool.REGION),
            "canvas.fit": canvas.fit,
            "canvas.actual": canvas.actual_size,
            "canvas.zoom_in": canvas.zoom_in,
            "canvas.zoom_out": canvas.zoom_out,
            "canvas.hide": lambda: link.hide(selected=True),
            "canvas.show_all": lambda: link.hide(selected=False),
            "draw.unmark": lambda: session.mark_part(Mark()),
            **{f"draw.label_{number}": partial(desk.drawing.give_label, number) for number in range(1, 10)},
        }
    )
