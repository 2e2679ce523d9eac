"""A project's held-out media and a fixed regression set, put to one model or to two."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.domain.errors import UsageError
from engine.evaluation.asking import asked
from engine.evaluation.cases import Case, of_material, read_cases
from engine.evaluation.comparison import HELD_OUT, REGRESSION, Comparison, compared
from engine.evaluation.metrics import Figure, Outcome, figures
from engine.evaluation.pictures import side_by_side
from engine.exchange.training_set import Options, held_out
from engine.messages import LoadModel
from engine.store.project_store import ProjectStore
from engine.training.run_folder import RunFolder
from engine.training.snapshot import material_of

_PICTURES = 20
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
Sets = dict[str, list[Case]]


class Report(Struct, frozen=True):
    """What `evaluate` prints: figures by set and metric and, of two models, how they compare."""

    figures: dict[str, dict[str, Figure]]
    against: dict[str, dict[str, Figure]] = {}
    difference: dict[str, dict[str, Figure]] = {}
    passes: bool | None = None
    sentence: str = ""
    unread: int = 0
    pictures: tuple[str, ...] = ()


def held_out_cases(project: Path, run: Path | None, *, everything: bool = False) -> list[Case]:
    """Questions about the media that `run` (else any run of the default plan) never trains on, or about all media."""
    store = ProjectStore.open(project)
    try:
        rows = list(material_of(store))
        names = {label.id: label.name for label in store.labels()}
    finally:
        store.close()
    if everything:
        return list(of_material(rows, names))
    if run is not None:
        held = set(RunFolder(run).data()["sheet"]["held_out"])
    else:
        held = held_out([row.item for row in rows], Options())
    return list(of_material([row for row in rows if row.item.id in held], names))


def evaluated(sets: Sets, wish: LoadModel, progress: Callable[[int], None] = lambda _: None) -> Report:
    """One model on every set."""
    outcomes = asked(_cases(sets), wish, progress)
    readable = _readable(sets, outcomes)
    found = {name: figures(cases, outcomes) for name, cases in readable.items() if cases}
    return Report(found, unread=_count(sets) - _count(readable))


def against(
    sets: Sets, old: LoadModel, new: LoadModel, out: Path | None, progress: Callable[[int], None] = lambda _: None
) -> Report:
    """Two models on every set, and pictures of where they differ in `out`."""
    before = asked(_cases(sets), old, progress)
    after = asked(_cases(sets), new, progress)
    readable = _readable(sets, before)
    found = compared(readable, before, after)
    drawn = _pictures(out, _cases(readable), found, before, after) if out else []
    return Report(
        found.new,
        found.old,
        found.difference,
        found.passes,
        found.sentence,
        _count(sets) - _count(readable),
        tuple(str(path) for path in drawn),
    )


def sets_of(cases: list[Case], regression: Path | None, fixed: Sequence[Case] = ()) -> Sets:
    """The named sets of an evaluation, `fixed` beside those of a file; a UsageError when there is nothing to ask."""
    sets = {HELD_OUT: cases, REGRESSION: [*fixed, *(read_cases(regression) if regression else [])]}
    if not any(sets.values()):
        raise UsageError("There is no verified annotation on a held-out medium to evaluate on; review some more media.")
    return sets


def _pictures(
    out: Path, cases: Sequence[Case], found: Comparison, before: dict[str, Outcome], after: dict[str, Outcome]
) -> list[Path]:
    by_id = {case.id: case for case in cases}
    out.mkdir(parents=True, exist_ok=True)
    drawn = []
    for place, change in enumerate(found.changes[:_PICTURES]):
        case = by_id[change.case]
        if Path(case.media[0]).suffix.lower() not in _SUFFIXES:
            continue
        path = out / f"{place:02d}-{'better' if change.after > change.before else 'worse'}.png"
        side_by_side(case, [("before", before[case.id]), ("after", after[case.id])], path)
        drawn.append(path)
    return drawn


def _cases(sets: Sets) -> list[Case]:
    return [case for cases in sets.values() for case in cases]


def _readable(sets: Sets, outcomes: dict[str, Outcome]) -> Sets:
    return {name: [case for case in cases if case.id in outcomes] for name, cases in sets.items()}


def _count(sets: Sets) -> int:
    return sum(map(len, sets.values()))


def to_json(report: Report) -> str:
    return msgspec.json.encode(report).decode()


def told(report: Report) -> str:
    """A table for reading."""
    lines = []
    for name, row in report.figures.items():
        lines.append(f"{name}:")
        for metric, figure in row.items():
            old = report.against.get(name, {}).get(metric)
            was = f"   was {old.value:.3f} [{old.low:.3f}, {old.high:.3f}]" if old else ""
            lines.append(
                f"  {metric:<12} {figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]  n={figure.count}{was}"
            )
    if report.unread:
        lines.append(f"{report.unread} questions about media that cannot be read were left out.")
    return "\n".join([*lines, report.sentence]).rstrip()
