"""Pictures on their way to the canvas: a quick preview first, every pixel after, the next ones ahead of time."""

import math
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QRect, QSize, QTimer, Signal
from PySide6.QtGui import QImage, QImageReader

from app.jobs import Job, Jobs
from app.late import late
from engine.domain.errors import GroundworkError

_BUDGET = 256 * 2**20
_CALM_MS = 150
Choice = tuple[int, tuple[float, float] | None]
_FIRST: Choice = (0, None)
Region = tuple[int, int, int, int]
# Pictures of more pixels are held reduced.
_HELD = 100_000_000
_CLOSE_HELD = 40_000_000


class Stills(QObject):
    """`shown(pixels, (width, height))`: BGRA of the wanted picture, perhaps smaller than its true size; then better
    ones of the same; `described(Picture)` beside each. `close_shown(pixels, region)` of
    a picture too large to be held whole. `told(sentence)` for what cannot be read."""

    shown = Signal(object, object)
    described = Signal(object)
    close_shown = Signal(object, object)
    told = Signal(str)

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs
        self._wanted: Path | None = None
        self._job: Job | None = None
        self._fit = 0
        # The page, and the values drawn black and white, if the user chose them.
        self._choice: Choice = _FIRST
        # A region is being read; the newest one wished for meanwhile is next.
        self._close: Job | None = None
        self._next: Region | None = None
        self._huge = False
        self._ahead: Path | None = None
        self._line: list[Path] = []
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(_CALM_MS)
        self._calm.timeout.connect(self._sharpen)
        # Previews by path, oldest first.
        self._kept: OrderedDict[Path, Any] = OrderedDict()

    def show(self, path: Path | None, fit: int) -> None:
        """Show a picture; `fit` is the longer side of the view in device pixels."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._calm.stop()
        self._wanted, self._fit, self._choice = path, fit, _FIRST
        self._next, self._huge = None, False
        if path is None:
            self._line = []
            return
        known = self._kept.get(path)
        if path == self._ahead:
            return  # what is being loaded ahead of time is given when it comes
        if known is None:
            self._begin(path)
            return
        self._kept.move_to_end(path)
        self._give(path, known)
        if not _whole(known):
            self._calm.start()

    def choose(self, page: int, window: tuple[float, float] | None) -> None:
        """Show another page of the picture, or its values from black to white otherwise; None for those of itself."""
        path = self._wanted
        if path is None:
            return
        if self._job is not None:
            self._job.cancel()
        self._calm.stop()
        self._choice = page, window
        self._begin(path)

    def look_close(self, region: Region) -> None:
        """Every pixel of a region of the shown picture, if it is one that is not held whole."""
        path, choice = self._wanted, self._choice
        if path is None or not self._huge:
            return
        self._next = region if self._close is not None else None
        if self._close is None:
            self._close = self._jobs.run(
                lambda _: _close_look(path, choice, region),
                done=lambda pixels: self._come_close(path, choice, region, pixels),
                failed=self._fail_close,
            )

    def _come_close(self, path: Path, choice: Choice, region: Region, pixels: Any) -> None:
        self._close = None
        wished, self._next = self._next, None
        if (path, choice) == (self._wanted, self._choice):
            self.close_shown.emit(pixels, region)
        if wished is not None:
            self.look_close(wished)

    def _fail_close(self, error: GroundworkError) -> None:
        self._close = self._next = None
        self.told.emit(str(error))

    def prefetch(self, paths: Iterable[Path], fit: int) -> None:
        """Get previews of the pictures that are likely to be next, one at a time."""
        self._line = [path for path in paths if path not in self._kept and path != self._ahead]
        self._go_ahead(fit)

    def _go_ahead(self, fit: int) -> None:
        if self._ahead is None and self._line:
            path = self._ahead = self._line.pop(0)
            self._jobs.run(lambda _report: _quiet(path, fit), done=lambda picture: self._arrive(path, picture, fit))

    def _arrive(self, path: Path, picture: Any, fit: int) -> None:
        self._ahead = None
        wanted = path == self._wanted
        if picture is None:
            if wanted:
                self._begin(path)  # which says why it cannot be read
        elif wanted:
            self._take(path, picture)
        else:
            self._keep(path, picture)
        self._go_ahead(fit)

    def _begin(self, path: Path) -> None:
        fit, choice = self._fit, self._choice
        self._job = self._jobs.run(
            lambda report: self._load(path, fit, choice, report),
            done=lambda picture: self._take(path, picture),
            failed=self._fail,
        )

    @staticmethod
    def _load(path: Path, fit: int, choice: Choice, report: Any) -> Any:
        report(0, 1)
        page, window = choice
        return late("engine.media.picture").load(path, page=page, window=window, fit=fit)

    def _take(self, path: Path, picture: Any) -> None:
        self._job = None
        self._keep(path, picture)
        if path != self._wanted:
            return
        self._give(path, picture)
        if not _whole(picture):
            self._calm.start()

    def _sharpen(self) -> None:
        """Every pixel of what is shown, once nobody is leafing on: decoding it would hold up the next preview."""
        path, choice = self._wanted, self._choice
        if path is not None and self._job is None:
            self._job = self._jobs.run(
                lambda report: self._load(path, 0, choice, report),
                done=lambda better: self._improve(path, better),
                failed=self._fail,
            )

    def _improve(self, path: Path, picture: Any) -> None:
        self._job = None
        self._keep(path, picture)
        self._give(path, picture)

    def _give(self, path: Path, picture: Any) -> None:
        if path == self._wanted:
            # Known only once nothing better will come.
            self._huge = picture.scale < 1.0 and picture.facts.width * picture.facts.height > _HELD
            self.described.emit(picture)
            self.shown.emit(picture.pixels, (picture.facts.width, picture.facts.height))

    def _fail(self, error: GroundworkError) -> None:
        self._job = None
        self.told.emit(str(error))

    def _keep(self, path: Path, picture: Any) -> None:
        if path == self._wanted and self._choice != _FIRST:
            return  # the next look at it begins with the first page again
        self._kept[path] = picture
        self._kept.move_to_end(path)
        held = sum(one.pixels.nbytes for one in self._kept.values())
        while held > _BUDGET and len(self._kept) > 1:
            held -= self._kept.popitem(last=False)[1].pixels.nbytes


def _close_look(path: Path, choice: Choice, region: Region) -> Any:
    """For a job: the pixels of a region, all of them, or every n-th where they are more than may be held."""
    page, window = choice
    pictures = late("engine.media.picture")
    step = math.ceil(math.sqrt((region[2] - region[0]) * (region[3] - region[1]) / _CLOSE_HELD))
    pixels = _part_of_jpeg(path, pictures.facts(path), region, step)
    if pixels is not None:
        return pixels
    # A copy, so that what was decoded around it is let go.
    return pictures.load(path, page=page, window=window, region=region).pixels[::step, ::step].copy()


def _part_of_jpeg(path: Path, facts: Any, region: Region, step: int) -> Any:
    """For a job: a region of a common JPEG, None for others.

    Qt's reader lets go of everything around it line by line; Pillow's first holds the whole.
    """
    if facts.format != "JPEG" or facts.mode not in {"RGB", "L"}:
        return None
    turns = late("engine.media.orientation")
    size = (facts.height, facts.width) if turns.turned(facts.orientation) else (facts.width, facts.height)
    x0, y0, x1, y1 = turns.stored_region(region, size, facts.orientation)
    reader = QImageReader(str(path), b"jpeg")
    reader.setClipRect(QRect(x0, y0, x1 - x0, y1 - y0))
    if step > 1:
        reader.setScaledSize(QSize(-(-(x1 - x0) // step), -(-(y1 - y0) // step)))
    image = reader.read().convertToFormat(QImage.Format.Format_RGB32)
    if image.isNull():
        return None
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return turns.upright(rows, facts.orientation).copy()


def _quiet(path: Path, fit: int) -> Any:
    """A preview, or None: what cannot be read says so when it is shown."""
    try:
        return late("engine.media.picture").load(path, fit=fit)
    except GroundworkError:
        return None


def _whole(picture: Any) -> bool:
    """Whether every pixel is there, or as many as there will be."""
    return bool(picture.scale >= 1.0 or picture.facts.width * picture.facts.height > _HELD)
