"""Segments that overlap are put one below the other: which goes where. Pure."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

# So many lie below each other; what overlaps all of them shares the last place.
DEPTH = 4
# In a pile of so many nothing can be told apart; they take turns.
_PILE = 20_000
# After more changes than this everything is stacked anew.
_MANY = 1000

Ints = NDArray[np.int64]


class Stir(Struct, frozen=True, eq=False):
    """What changed since the last time: places that are new; groups (N) and spans (N, 2) of what went."""

    new: slice
    gone_groups: Ints
    gone_spans: Ints


def stacked(groups: Ints, spans: Ints, subs: Ints, stir: Stir | None) -> tuple[NDArray[np.intp], Ints]:
    """The order by group and start, and in that order how far down each of `spans` (N, 2) lies, 0 to DEPTH - 1.

    With a `stir` the old depths `subs` hold wherever nothing changed nearby.
    """
    if len(spans) == 0:
        return np.zeros(0, np.intp), np.zeros(0, np.int64)
    low, far = int(spans[:, 0].min()), int(spans[:, 1].max())
    reach = far - low + 2
    # Groups one after the other on one line, so that nothing of two groups overlaps.
    starts = spans[:, 0] - low + groups * reach
    order = np.argsort(starts, kind="stable")
    begin = starts[order]
    end = np.maximum(spans[order, 1] - low + groups[order] * reach, begin + 1)
    piles = np.flatnonzero(np.concatenate([[True], begin[1:] >= np.maximum.accumulate(end)[:-1]]))
    chosen = np.arange(len(piles))
    found = np.zeros(len(spans), np.int64)
    if stir is not None and stir.new.stop - stir.new.start + len(stir.gone_groups) <= _MANY:
        found = subs[order]
        fresh = np.zeros(len(spans), bool)
        fresh[stir.new] = True
        gone = np.clip(stir.gone_spans - low, 0, reach - 2) + (stir.gone_groups * reach)[:, None]
        chosen = _stirred(piles, begin, np.flatnonzero(fresh[order]), gone)
    edges = np.append(piles, len(spans))
    for a, b in zip(edges[chosen].tolist(), edges[chosen + 1].tolist(), strict=True):
        found[a:b] = _pile(begin[a:b], end[a:b]) if b - a > 1 else 0
    return order, found


def _stirred(piles: NDArray[np.intp], begin: Ints, fresh: NDArray[np.intp], gone: Ints) -> NDArray[np.intp]:
    """The piles in which something is new, or out of which something may have gone."""
    before = np.maximum(np.searchsorted(begin, gone[:, 0]) - 1, 0)
    after = np.maximum(np.searchsorted(begin, gone[:, 1]) - 1, before)
    first, last = (np.searchsorted(piles, rows, side="right") - 1 for rows in (before, after))
    touched = [np.arange(a, b + 1) for a, b in zip(first.tolist(), last.tolist(), strict=True)]
    return np.unique(np.concatenate([np.searchsorted(piles, fresh, side="right") - 1, *touched]))


def _pile(begin: Ints, end: Ints) -> Ints:
    """Each goes to the uppermost place that is free at its start."""
    if len(begin) > _PILE:
        return np.arange(len(begin)) % DEPTH
    free: list[int] = []
    found = []
    for start, stop in zip(begin.tolist(), end.tolist(), strict=True):
        sub = next((sub for sub, until in enumerate(free) if until <= start), min(len(free), DEPTH - 1))
        if sub == len(free):
            free.append(stop)
        else:
            free[sub] = max(free[sub], stop)
        found.append(sub)
    return np.array(found, np.int64)
