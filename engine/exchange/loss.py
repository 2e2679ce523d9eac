"""What a file could not carry: counted while writing or reading, told as a report."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

_EXAMPLES = 5


class Loss(Struct, frozen=True):
    """One kind of loss. `how` is dropped, rounded, clipped or changed; `largest` is the largest error in `unit`."""

    how: str
    what: str
    count: int
    largest: float | None = None
    unit: str = ""
    examples: tuple[str, ...] = ()


class LossReport(Struct, frozen=True):
    """The account of one export or import: what went through, and what did not."""

    format: str
    media: int
    annotations: int
    losses: tuple[Loss, ...] = ()

    def encoded(self) -> bytes:
        """The report as a JSON file, the same bytes for the same losses."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    @property
    def sentences(self) -> list[str]:
        return [_sentence(loss) for loss in self.losses]


class _Tally:
    __slots__ = ("count", "examples", "largest", "unit")

    def __init__(self, unit: str) -> None:
        self.count = 0
        self.largest: float | None = None
        self.unit = unit
        self.examples: list[str] = []


class LossBook:
    """Collects losses of one run; kinds appear in the report in alphabetical order, so that reports compare."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str], _Tally] = {}

    def dropped(self, what: str, where: str = "", count: int = 1) -> None:
        """Something is left out."""
        self._note("dropped", what, where, count=count)

    def changed(self, what: str, where: str = "") -> None:
        """Something is said differently, without a measure for it."""
        self._note("changed", what, where)

    def rounded(self, what: str, error: float, unit: str) -> None:
        """A number lost digits; an error of 0 is none."""
        if error:
            self._note("rounded", what, error=error, unit=unit)

    def clipped(self, what: str, error: float, unit: str, where: str = "") -> None:
        """Something reached beyond its medium by `error`."""
        self._note("clipped", what, where, error=error, unit=unit)

    def __iter__(self) -> Iterator[Loss]:
        for (how, what), tally in sorted(self._tallies.items()):
            yield Loss(how, what, tally.count, tally.largest, tally.unit, tuple(tally.examples))

    def count(self, how: str) -> int:
        """How often this happened, over all kinds."""
        return sum(tally.count for (kind, _), tally in self._tallies.items() if kind == how)

    def _note(
        self, how: str, what: str, where: str = "", *, error: float | None = None, unit: str = "", count: int = 1
    ) -> None:
        if not count:
            return
        tally = self._tallies.setdefault((how, what), _Tally(unit))
        tally.count += count
        if error is not None:
            tally.largest = max(tally.largest or 0.0, abs(error))
        if where and len(tally.examples) < _EXAMPLES and where not in tally.examples:
            tally.examples.append(where)


def _sentence(loss: Loss) -> str:
    size = f", at most {loss.largest:.6g} {loss.unit}" if loss.largest is not None else ""
    where = f" ({'; '.join(loss.examples)}{' …' if loss.count > len(loss.examples) else ''})" if loss.examples else ""
    return f"{loss.how.capitalize()}: {loss.what}, {loss.count} ×{size}{where}"
