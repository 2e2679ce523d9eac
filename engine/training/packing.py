"""Units packed into rows without one seeing the other.

Within a unit the questions share the head and see nothing of each other: positions restart after the head for each,
and a token attends to the head and to its own question only. The loss of a packed row is that of its samples alone.
"""

from collections.abc import Mapping, Sequence

import msgspec
import torch
from torch import Tensor

from engine.domain.media import MediaKind
from engine.training.attention import Layout, layout
from engine.training.encoding import Unit
from engine.training.guidance import Look


class Packed(msgspec.Struct):
    """Rows of tokens: `ids` and `positions` are (rows, length), `sources` and `targets` flat.

    `layout` says who attends to whom. The hidden state at `sources` (row * length + column) is to foretell `targets`.
    `media` are in the order of their places, by kind.
    `values` are media not yet encoded, where the encoders learn too; `extra` is what a dense loss needs. `looks` are
    rows (token's place counted through the rows, which of the kind's media) with the look from there.
    """

    ids: Tensor
    positions: Tensor
    layout: Layout
    sources: Tensor
    targets: Tensor
    media: dict[MediaKind, list[str]]
    weight: float
    samples: int
    tokens: int
    values: Mapping[MediaKind, Tensor] = {}
    extra: Mapping[str, Tensor] = {}
    looks: Sequence[tuple[int, int, Look]] = ()


def pack(units: Sequence[Unit], room: int) -> list[Packed]:
    """Batches of rows as long as the longest unit, each batch at most `room` tokens or one row."""
    if not units:
        return []
    length = max(len(unit) for unit in units)
    rows = _fill(units, length)
    at_once = max(1, room // length)
    return [_packed(rows[low : low + at_once]) for low in range(0, len(rows), at_once)]


def _fill(units: Sequence[Unit], length: int) -> list[list[Unit]]:
    """First fit, longest first."""
    rows: list[list[Unit]] = []
    left: list[int] = []
    for unit in sorted(units, key=len, reverse=True):
        place = next((place for place, room in enumerate(left) if room >= len(unit)), None)
        if place is None:
            rows.append([unit])
            left.append(length - len(unit))
        else:
            rows[place].append(unit)
            left[place] -= len(unit)
    return rows


def _packed(rows: Sequence[Sequence[Unit]]) -> Packed:
    length = max(sum(len(unit) for unit in row) for row in rows)
    table = torch.zeros(2, len(rows), length, dtype=torch.long)
    spans: list[tuple[range, list[range]]] = []
    sources: list[int] = []
    targets: list[int] = []
    media: dict[MediaKind, list[str]] = {}
    looks: list[tuple[int, int, Look]] = []
    for line, row in enumerate(rows):
        column = 0
        for unit in row:
            for kind, key in unit.media:
                media.setdefault(kind, []).append(key)
            learned, spread = _write(table[:, line], column, unit)
            start = line * length + column
            sources += [start + place - 1 for place, _ in learned]
            spans.append((range(start, start + len(unit.head)), [_moved(span, start) for span in spread]))
            targets += [target for _, target in learned]
            for sample, span in zip(unit.samples, spread, strict=True):
                looks += [(start + span.start + look.place, len(media[look.kind]) - 1, look) for look in sample.looks]
            column += len(unit)
    ids, positions = table
    samples = [len(unit.samples) for row in rows for unit in row]
    return Packed(
        ids,
        positions,
        layout(spans, ids.numel()),
        torch.tensor(sources, dtype=torch.long),
        torch.tensor(targets, dtype=torch.long),
        media,
        float(len(targets)),
        sum(samples),
        sum(len(unit) for row in rows for unit in row),
        looks=looks,
    )


def _write(table: Tensor, column: int, unit: Unit) -> tuple[list[tuple[int, int]], list[range]]:
    """Put a unit at `column` of a row; the places and ids to be learned, and the places of each of its samples.

    Places are counted from the unit's first token.
    """
    head = len(unit.head)
    at, learned, spread = head, [], []
    table[0, column : column + head] = torch.tensor(unit.head, dtype=torch.long)
    table[1, column : column + head] = torch.arange(head)
    for sample in unit.samples:
        span = slice(column + at, column + at + len(sample.ids))
        table[0, span] = torch.tensor(sample.ids)
        table[1, span] = torch.arange(head, len(sample))
        learned += [
            (at + place, target)
            for place, (target, learn) in enumerate(zip(sample.ids, sample.learn, strict=True))
            if learn
        ]
        spread.append(range(at, at + len(sample.ids)))
        at += len(sample.ids)
    return learned, spread


def _moved(places: range, by: int) -> range:
    return range(places.start + by, places.stop + by)
