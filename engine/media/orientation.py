"""Turning stored pixels upright: one table for EXIF orientation and for the display matrix of clips."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Region = tuple[int, int, int, int]

# EXIF orientation (TIFF 6.0, tag 274) -> what makes stored rows and columns upright.
_TURNS: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.swapaxes(a, 0, 1)[::-1, ::-1],
    8: np.rot90,
}
# Signs of a, b, c, d of a display matrix (x' = ax + cy, y' = bx + dy, y down) -> the same numbers.
_MATRICES = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
_CLOCKWISE = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """(H, W, C) pixels as displayed, contiguous; unknown numbers leave them as they are."""
    turn = _TURNS.get(orientation)
    return np.ascontiguousarray(pixels if turn is None else turn(pixels))


def of_matrix(matrix: bytes) -> int:
    """The EXIF number nearest to a display matrix of nine native int32 in 16.16 fixed point."""
    values = np.frombuffer(matrix, np.int32)
    if values.size < 5:
        return 1
    parts = values[[0, 1, 3, 4]].astype(np.float64)
    weight = float(np.abs(parts).max()) or 1.0
    signs = tuple(round(part / weight) for part in parts)
    return _MATRICES.get((signs[0], signs[1], signs[2], signs[3]), 1)


def turned(orientation: int) -> bool:
    """Whether width and height change places."""
    return orientation in (5, 6, 7, 8)


def clockwise(orientation: int) -> int:
    """Degrees that the stored picture is turned for display, mirroring aside."""
    return _CLOCKWISE.get(orientation, 0)


def stored_region(
    region: tuple[int, int, int, int], size: tuple[int, int], orientation: int
) -> tuple[int, int, int, int]:
    """Where `region` (x0, y0, x1, y1 as displayed) lies in the stored picture of `size` (width, height as stored)."""
    width, height = size
    x0, y0, x1, y1 = region
    if turned(orientation):
        x0, y0, x1, y1 = y0, x0, y1, x1
    if orientation in (2, 3, 7, 8):
        x0, x1 = width - x1, width - x0
    if orientation in (3, 4, 6, 7):
        y0, y1 = height - y1, height - y0
    return x0, y0, x1, y1
