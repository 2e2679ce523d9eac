"""What reviewing costs: inputs and active seconds for each reviewed annotation, by question, model and adapter."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable

from msgspec import Struct

# A longer silence is a pause, not work.
_PAUSE_S = 8.0
COLUMNS = ("at", "item", "annotation", "kind", "question", "model", "adapter", "inputs", "typed", "seconds")


class Reviewed(Struct, frozen=True):
    """One verdict with what it cost since the verdict before.

    `inputs` are keys and pointer presses, `typed` letters written into text fields, `seconds` those of activity.
    """

    at: str
    item: str
    annotation: str
    kind: str
    question: str = ""
    model: str = ""
    adapter: str = ""
    inputs: int = 0
    typed: int = 0
    seconds: float = 0.0


class Tally(Struct, frozen=True):
    """Sums over some verdicts."""

    reviewed: int = 0
    inputs: int = 0
    seconds: float = 0.0

    @property
    def inputs_each(self) -> float:
        return self.inputs / self.reviewed if self.reviewed else 0.0

    @property
    def seconds_each(self) -> float:
        return self.seconds / self.reviewed if self.reviewed else 0.0


class Meter:
    """Counts inputs between verdicts; `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()
        self._inputs = self._typed = 0
        self._seconds = 0.0

    def input(self, *, typed: bool = False) -> None:
        """A key or a pointer button went down; `typed` when it wrote into a text field."""
        now = self._clock()
        gap = now - self._last
        if gap <= _PAUSE_S:
            self._seconds += gap
        self._inputs += not typed
        self._typed += typed
        self._last = now

    def verdict(self) -> tuple[int, int, float]:
        """Inputs, typed letters and active seconds that led to a verdict; counting begins anew."""
        spent = self._inputs, self._typed, self._seconds
        self._inputs, self._typed, self._seconds = 0, 0, 0.0
        return spent


def tally(rows: Iterable[Reviewed]) -> Tally:
    """The sum; deeds that decide on many at once are not single reviews and stay out."""
    single = [row for row in rows if row.kind != "accept above"]
    return Tally(len(single), sum(row.inputs for row in single), sum(row.seconds for row in single))


def by(rows: Iterable[Reviewed], column: str) -> dict[str, Tally]:
    """Sums for each value of a column, such as "model" or "question"."""
    groups: dict[str, list[Reviewed]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, column)].append(row)
    return {value: tally(group) for value, group in groups.items()}


def as_csv(rows: Iterable[Reviewed]) -> str:
    """All verdicts as comma-separated values with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([getattr(row, column) for column in COLUMNS[:-1]] + [f"{row.seconds:.3f}"])
    return text.getvalue()
