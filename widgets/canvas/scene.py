"""What the canvas shows, as arrays: one row for each annotation that has a box at this instant of the medium."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.domain.annotation import Annotation, Label, Review
from engine.domain.geometry import Box, Track
from widgets.canvas.shaping import Frame
from widgets.canvas.tracks import TrackTable
from widgets.palette import index_of, title_of

NOBODY: Mapping[str, Label] = MappingProxyType({})


class Scene:
    """Rows of boxes and tracks; segments and statements about the whole item have none."""

    def __init__(self, annotations: Sequence[Annotation] = (), labels: Mapping[str, Label] = NOBODY) -> None:
        shown = [one for one in annotations if isinstance(one.geometry, Box | Track)]
        # Boxes first, so that the rows of tracks are one slice.
        boxes = [one for one in shown if isinstance(one.geometry, Box)]
        tracks = [one for one in shown if isinstance(one.geometry, Track)]
        self.annotations = boxes + tracks
        self.rows = {one.id: row for row, one in enumerate(self.annotations)}
        self.labels = dict(labels)
        self.edges = np.zeros((len(self.annotations), 4))
        if boxes:
            self.edges[: len(boxes)] = [one.geometry.edges for one in boxes if isinstance(one.geometry, Box)]
        self._boxes = len(boxes)
        self._stored = self.edges[: len(boxes)].copy()
        self._tracks = TrackTable([one.geometry for one in tracks if isinstance(one.geometry, Track)])
        self.colours = np.array([index_of(one, self.labels) for one in self.annotations], np.int64)
        reviews = np.array([_REVIEWS[one.review] for one in self.annotations], np.int64)
        self.dashed = reviews == _REVIEWS[Review.PREDICTED]
        self.notched = reviews == _REVIEWS[Review.ADJUSTED]
        self.rejected = reviews == _REVIEWS[Review.REJECTED]
        self.there = np.ones(len(self.annotations), bool)
        self.show_rejected = False
        self.hidden: frozenset[str] = frozenset()

    def at(self, pts: int) -> None:
        """Every box as the project holds it, tracks at an instant."""
        self.edges[: self._boxes] = self._stored
        self.edges[self._boxes :], self.there[self._boxes :] = self._tracks.at(pts)

    @property
    def has_tracks(self) -> bool:
        return self._boxes < len(self.annotations)

    @property
    def live(self) -> NDArray[np.bool_]:
        """Which rows are shown and may be hit."""
        live = self.there if self.show_rejected else self.there & ~self.rejected
        if self.hidden:
            live = live & np.array([one.id not in self.hidden for one in self.annotations], bool)
        return live

    def row_of(self, annotation: str) -> int:
        """The row of an id, -1 if it has none here."""
        return self.rows.get(annotation, -1)

    def box(self, row: int) -> Box:
        x0, y0, x1, y1 = self.edges[row].tolist()
        return Box(x0, y0, x1, y1)

    def title(self, row: int) -> str:
        return title_of(self.annotations[row], self.labels)

    def frame(self, size: tuple[int, int], *, inside: bool, reach: float, without: int = -1) -> Frame:
        """The bounds of a gesture; with a reach, every other box's edges and the picture's attract."""
        width, height = float(size[0]), float(size[1])
        if reach <= 0:
            return Frame(width, height, inside)
        others = self.live
        if without >= 0:
            others = others.copy()
            others[without] = False
        edges = self.edges[others]
        xs = np.unique(np.concatenate([edges[:, 0], edges[:, 2], [0.0, width]]))
        ys = np.unique(np.concatenate([edges[:, 1], edges[:, 3], [0.0, height]]))
        return Frame(width, height, inside, tuple(xs.tolist()), tuple(ys.tolist()), reach)


_REVIEWS = {review: number for number, review in enumerate(Review)}
