"""What lies under the pointer: vertex before edge before the smallest body. Pure, in picture pixels."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from widgets.canvas.shaping import BODY, BOTTOM, LEFT, RIGHT, TOP

Edges = NDArray[np.float64]


class Hit(Struct, frozen=True):
    """A row of the boxes and the grip on it."""

    row: int
    grip: int


def hits(edges: Edges, at: tuple[float, float], reach: float, live: NDArray[np.bool_], first: int = -1) -> list[Hit]:
    """All boxes under a point, best first, each once with its best grip.

    `edges` (N, 4) x0 y0 x1 y1; `live` (N) says which may be hit; `reach` is how far a vertex or edge is felt, less on
    boxes so small that the body could not be hit any more. Row `first`, the selected one, wins among equals.
    """
    x, y = at
    x0, y0, x1, y1 = edges.T
    near = live & (x >= x0 - reach) & (x <= x1 + reach) & (y >= y0 - reach) & (y <= y1 + reach)
    rows = np.flatnonzero(near)
    found = [_felt(int(row), edges[row], x, y, reach) for row in rows.tolist()]
    ranked = sorted((rank, row != first, size, row, grip) for rank, size, row, grip in found if grip)
    return [Hit(row, grip) for _, _, _, row, grip in ranked]


def _felt(row: int, box: Edges, x: float, y: float, reach: float) -> tuple[int, float, int, int]:
    x0, y0, x1, y1 = box.tolist()
    horizontal = (0, LEFT, RIGHT)[_side(x, x0, x1, reach)]
    vertical = (0, TOP, BOTTOM)[_side(y, y0, y1, reach)]
    if horizontal and vertical:
        corner = (x - (x0 if horizontal == LEFT else x1)) ** 2 + (y - (y0 if vertical == TOP else y1)) ** 2
        return 0, corner, row, horizontal | vertical
    if horizontal or vertical:
        away = min(abs(x - x0), abs(x - x1)) if horizontal else min(abs(y - y0), abs(y - y1))
        return 1, away, row, horizontal | vertical
    inside = x0 <= x <= x1 and y0 <= y <= y1
    return 2, (x1 - x0) * (y1 - y0), row, BODY if inside else 0


def _side(value: float, low: float, high: float, reach: float) -> int:
    """1 near the low edge, 2 near the high one, else 0."""
    inner = min(reach, (high - low) / 4)
    if low - reach <= value <= low + inner:
        return 1
    return 2 if high - inner <= value <= high + reach else 0
