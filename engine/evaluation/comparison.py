"""Old against new: what changed, question by question, and whether the new one may take the old one's place."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from engine.evaluation.cases import Case
from engine.evaluation.metrics import Figure, Outcome, differences, figures, values

MARGIN = 0.02
"""How far a metric may fall by and still not count as worse."""

DOUBT = 0.1
"""A fall that the interval of the difference must rule out; where it does not, there are too few questions."""

LEAST = 20
"""Below so many questions on held-out media nothing is judged."""

_LEAST_OF_A_METRIC = 5

HELD_OUT, REGRESSION = "held out", "regression"

# Which metric stands for a case when single cases are compared.
_MAIN = ("iou", "f1", "tiou", "refusal")
_TELLING = 0.1


class Change(Struct, frozen=True):
    """A question that the two answer differently: the case's main metric before and after."""

    case: str
    before: float
    after: float


class Comparison(Struct, frozen=True):
    """Figures of both by set ("held out", "regression") and metric, the paired difference, and the cases that moved."""

    old: dict[str, dict[str, Figure]]
    new: dict[str, dict[str, Figure]]
    difference: dict[str, dict[str, Figure]]
    changes: tuple[Change, ...]
    counts: dict[str, int] = {}

    @property
    def worse(self) -> tuple[str, ...]:
        """Metrics that fell by more than the margin and by more than chance, each with its set."""
        return self._named(_fell)

    @property
    def doubtful(self) -> tuple[str, ...]:
        """Metrics of which a fall is neither shown nor ruled out, each with its set."""
        return self._named(_in_doubt)

    @property
    def passes(self) -> bool | None:
        """Whether the new one may be promoted without the user overriding; None where there is too little to judge."""
        if self.worse:
            return False
        return None if self._few or self.doubtful else True

    @property
    def sentence(self) -> str:
        if self.worse:
            return f"The new adapter is worse in {', '.join(self.worse)}; it stays a candidate."
        if self._few:
            return (
                f"{self.counts.get(HELD_OUT, 0)} questions on held-out media are too few to judge the new adapter by; "
                f"review more media until there are {LEAST}."
            )
        if self.doubtful:
            return f"Too few questions to judge whether the new adapter is worse in {', '.join(self.doubtful)}."
        return "The new adapter is not worse than what it would replace."

    @property
    def _few(self) -> bool:
        return self.counts.get(HELD_OUT, 0) < LEAST

    def _named(self, chosen: Callable[[Figure], bool]) -> tuple[str, ...]:
        return tuple(
            f"{metric} ({name})"
            for name, row in self.difference.items()
            for metric, figure in row.items()
            if figure.count and chosen(figure)
        )


def _fell(figure: Figure) -> bool:
    return figure.count >= _LEAST_OF_A_METRIC and figure.value < -MARGIN and figure.high < 0


def _in_doubt(figure: Figure) -> bool:
    return not _fell(figure) and (figure.value < -MARGIN or figure.low < -DOUBT)


def compared(
    sets: Mapping[str, Sequence[Case]], old: Mapping[str, Outcome], new: Mapping[str, Outcome], *, seed: int = 0
) -> Comparison:
    """Two models' outcomes on the same cases, by name of the set."""
    filled = {name: cases for name, cases in sets.items() if cases}
    return Comparison(
        {name: figures(cases, old, seed=seed) for name, cases in filled.items()},
        {name: figures(cases, new, seed=seed) for name, cases in filled.items()},
        {name: differences(cases, old, new, seed=seed) for name, cases in filled.items()},
        tuple(_changes([case for cases in filled.values() for case in cases], old, new)),
        {name: len(cases) for name, cases in filled.items()},
    )


def _changes(cases: Sequence[Case], old: Mapping[str, Outcome], new: Mapping[str, Outcome]) -> list[Change]:
    """The cases that moved, the largest moves first."""
    rows = [Change(case.id, _main(case, old[case.id]), _main(case, new[case.id])) for case in cases]
    moved = [row for row in rows if abs(row.after - row.before) >= _TELLING]
    return sorted(moved, key=lambda row: -abs(row.after - row.before))


def _main(case: Case, outcome: Outcome) -> float:
    found = values(case, outcome)
    return next(found[name] for name in _MAIN if name in found)
