"""What the embedded model must not forget: fixed questions that ship with the app, drawn once from one seed."""

from pathlib import Path

import msgspec

import resources
from engine.evaluation.cases import Case, read_cases, write_cases
from engine.evaluation.groundling import posed

SEED = 20_260_101
EACH = 6
TASKS = (
    *("name", "colour", "size", "position", "relation", "all", "absent", "clip", "sound"),
    *("third turn", "in passing"),
)
"""Tasks whose answers are places, times or refusals."""
QUESTIONS = "questions.jsonl"


def regression_cases() -> list[Case]:
    """The same `EACH` questions of every task each time; drawing them anew would need fonts and instruments."""
    return read_cases(resources.path(f"regression/{QUESTIONS}"))


def draw_regression(folder: Path, each: int = EACH) -> list[Case]:
    """Draw the set, media and questions, into `folder`."""
    cases = [
        msgspec.structs.replace(case, media=tuple(Path(medium).name for medium in case.media))
        for case in (one.case for one in posed(SEED, each, folder, TASKS))
    ]
    write_cases(folder / QUESTIONS, cases)
    return cases
