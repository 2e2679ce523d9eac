"""Small pictures for the media list, made in a job."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage

from engine.domain.errors import GroundworkError
from engine.domain.media import MediaItem, MediaKind
from engine.media.quarantine import Examiner
from engine.media.thumbnail import thumbnail


def thumbnails(
    wanted: Iterable[tuple[MediaItem, Path]],
    size: tuple[int, int],
    ratio: float,
    report: Callable[[float, float], None],
) -> list[tuple[str, QImage | str]]:
    """One picture within `size` for each item, sharp on a screen with `ratio` dots per pixel; or why there is none."""
    made = []
    dots = round(size[0] * ratio), round(size[1] * ratio)
    with Examiner() as examiner:
        for at, (item, path) in enumerate(wanted):
            report(at, 0)
            made.append((item.id, _thumbnail(examiner, item.kind, path, dots, ratio)))
    return made


def _thumbnail(examiner: Examiner, kind: MediaKind, path: Path, dots: tuple[int, int], ratio: float) -> QImage | str:
    try:
        examiner.examine(path)
        pixels = np.ascontiguousarray(thumbnail(path, kind, dots))
    except GroundworkError as error:
        return str(error)
    height, width = pixels.shape[:2]
    # A copy, so that the picture outlives the array.
    image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_ARGB32).copy()
    image.setDevicePixelRatio(ratio)
    return image
