"""Pre-labelling: the same questions to many media. What is done is read from the project, so nothing is done twice.

A run is a small fact of the project. An answer is one committed step, and a task whose answer the project holds is
done: after a crash the rest goes on where it stood.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from engine import answers
from engine.domain.ids import new_id
from engine.domain.media import MediaItem
from engine.domain.project import AnnotationFilter, ItemFilter
from engine.domain.query import Prediction, Query
from engine.edits import Edit
from engine.messages import Answered, Ask
from engine.store.project_store import ProjectStore

KEY = "prelabel"
_LEFT_OUT = "prelabel.failures"
_PAGE = 200


class Run(Struct, frozen=True):
    """Which questions to which media. `budget` and `spent` are seconds of work, budget 0 has no end.

    `again` asks where the question was answered before `begun` (UTC, ISO 8601), too. `failures` are sentences by path
    and question; what failed is not tried again in this run.
    """

    texts: tuple[str, ...]
    begun: str
    wanted: ItemFilter = ItemFilter()
    budget: float = 0.0
    spent: float = 0.0
    again: bool = False
    failures: dict[str, str] = {}

    @property
    def over_budget(self) -> bool:
        return 0 < self.budget <= self.spent


class Task(Struct, frozen=True):
    """One question to one medium."""

    item: MediaItem
    text: str

    @property
    def name(self) -> str:
        return f"{self.item.path}: {self.text}"


def stored(store: ProjectStore) -> Run | None:
    """The run that the project remembers, None when there is none to go on with."""
    text = store.value(KEY)
    return msgspec.json.decode(text, type=Run) if text else None


def keep(store: ProjectStore, run: Run | None) -> None:
    """Remember a run, or that there is none."""
    store.set_value(KEY, msgspec.json.encode(run).decode() if run else "")


def left_out(store: ProjectStore) -> dict[str, str]:
    """What the last run that came to its end could not ask: sentences by path and question."""
    text = store.value(_LEFT_OUT)
    return msgspec.json.decode(text, type=dict[str, str]) if text else {}


def keep_left_out(store: ProjectStore, failures: dict[str, str]) -> None:
    store.set_value(_LEFT_OUT, msgspec.json.encode(failures).decode())


def tasks(store: ProjectStore, run: Run) -> Iterator[Task]:
    """What is still to do, in the order of the media; reads the project as it goes."""
    last, at = store.count_items(run.wanted), 0
    while at < last:
        page = store.items(run.wanted, at, _PAGE)
        at += len(page) or _PAGE
        for item in page:
            yield from (task for task in _of(store, item, run) if task.name not in run.failures)


def remaining(store: ProjectStore, run: Run) -> tuple[int, int]:
    """How many tasks are done, of how many."""
    total = store.count_items(run.wanted) * len(run.texts)
    return total - sum(1 for _ in tasks(store, run)), total


def request(store: ProjectStore, task: Task, ticket: str) -> Ask:
    return Ask(ticket, (str(store.path_of(task.item)),), task.text)


def edit(store: ProjectStore, task: Task, reply: Answered) -> Edit:
    """The answer of a task as one step."""
    draft = Query(new_id(), task.item.id, task.text, answers.now())
    query, new = answers.question(draft, store.queries(task.item.id))
    prediction = Prediction(
        new_id(),
        query.id,
        task.item.id,
        reply.answer,
        reply.groundings,
        reply.model,
        answers.now(),
        reply.timings.get("total", 0.0),
    )
    held = store.annotations(AnnotationFilter(item=task.item.id))
    labels = {label.id: label for label in store.labels()}
    return answers.answer_edit(query, prediction, held, labels, new=new)


def failed(run: Run, task: Task, sentence: str) -> Run:
    return msgspec.structs.replace(run, failures={**run.failures, task.name: sentence})


def _of(store: ProjectStore, item: MediaItem, run: Run) -> Iterator[Task]:
    since = run.begun if run.again else ""
    said = {one.query for one in store.predictions(item.id) if one.at >= since}
    asked = {one.text for one in store.queries(item.id) if one.id in said and _whole(one)}
    return (Task(item, text) for text in run.texts if text not in asked)


def _whole(query: Query) -> bool:
    """Whether a question was about the whole medium."""
    return query.region is None and query.moment is None and query.frame is None and query.follows is None
