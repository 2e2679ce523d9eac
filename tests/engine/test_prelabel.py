"""Pre-labelling asks everything once, whatever ends it in between."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine import edits, prelabel
from engine.domain.geometry import Box
from engine.domain.media import MediaItem, MediaKind
from engine.domain.project import ItemFilter
from engine.domain.query import Grounding, ModelRef
from engine.messages import Answered
from engine.prelabel import Run
from engine.store.project_store import ProjectStore

ROOT = Path(__file__).parents[2]
WHERE, WHO = "Where is it?", "Where is she?"
_WORKER = """
import sys
from pathlib import Path
from engine import prelabel
from engine.domain.geometry import Box
from engine.domain.query import Grounding, ModelRef
from engine.messages import Answered
from engine.store.project_store import ProjectStore

store = ProjectStore.open(Path(sys.argv[1]))
run = prelabel.stored(store)
for task in prelabel.tasks(store, run):
    found = Grounding("it", Box(1, 1, 9, 9), 0.5)
    store.apply(prelabel.edit(store, task, Answered("t", "here", (found,), ModelRef("m"), {})))
    print(task.item.id, flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> ProjectStore:
    store = ProjectStore.create(tmp_path / "p")
    store.apply(edits.created("Add", [MediaItem(f"I{at}", f"{at}.png", MediaKind.IMAGE, 10, 10) for at in range(5)]))
    return store


def answered(text: str = "here") -> Answered:
    return Answered("t", text, (Grounding("it", Box(1, 1, 9, 9), 0.5),), ModelRef("m"), {"total": 0.5})


def names(store: ProjectStore, run: Run) -> list[str]:
    return [task.name for task in prelabel.tasks(store, run)]


def test_every_question_goes_to_every_medium_once(store: ProjectStore) -> None:
    run = Run((WHERE, WHO), "2026-01-01T00:00:00Z")
    assert len(names(store, run)) == 10
    task = next(prelabel.tasks(store, run))
    store.apply(prelabel.edit(store, task, answered()))
    assert prelabel.remaining(store, run) == (1, 10)
    assert task.name not in names(store, run)
    store.close()


def test_what_was_answered_before_is_asked_again_only_at_the_users_wish(store: ProjectStore) -> None:
    run = Run((WHERE,), "2026-01-01T00:00:00Z")
    for task in list(prelabel.tasks(store, run)):
        store.apply(prelabel.edit(store, task, answered()))
    assert names(store, Run((WHERE,), "2099-01-01T00:00:00Z")) == []
    assert len(names(store, Run((WHERE,), "2099-01-01T00:00:00Z", again=True))) == 5
    store.close()


def test_what_failed_is_not_tried_again_in_the_same_run(store: ProjectStore) -> None:
    run = Run((WHERE,), "2026-01-01T00:00:00Z")
    task = next(prelabel.tasks(store, run))
    run = prelabel.failed(run, task, "0.png is damaged.")
    assert task.name not in names(store, run)
    prelabel.keep(store, run)
    assert prelabel.stored(store) == run
    prelabel.keep(store, None)
    assert prelabel.stored(store) is None
    store.close()


def test_a_filter_limits_the_run_and_a_budget_ends_it(store: ProjectStore) -> None:
    assert names(store, Run((WHERE,), "", ItemFilter(text="3.png"))) == [f"3.png: {WHERE}"]
    assert Run((), "", budget=10, spent=10).over_budget
    assert not Run((), "", spent=10).over_budget
    store.close()


def killed_and_resumed(folder: Path, *, items: int, kills: int) -> None:
    """Kill the worker `kills` times at random moments, let the last one finish, and count the answers."""
    store = ProjectStore.create(folder)
    store.apply(edits.created("Add", [MediaItem(f"I{n}", f"{n}.png", MediaKind.IMAGE, 10, 10) for n in range(items)]))
    prelabel.keep(store, Run((WHERE,), "2026-01-01T00:00:00Z"))
    store.close()
    rolls = random.Random(7)
    for left in range(kills, -1, -1):
        worker = subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert worker.stdout is not None
        if left:
            for _ in range(rolls.randrange(1, max(2 * items // (3 * kills), 2))):
                worker.stdout.readline()
            time.sleep(rolls.random() * 0.01)
            worker.send_signal(signal.SIGKILL)
        worker.stdout.read()
        worker.stdout.close()
        worker.wait(120)
    store = ProjectStore.open(folder)
    counts = [len(store.predictions(item.id)) for item in store.items(limit=items)]
    store.close()
    assert counts == [1] * items


def test_a_killed_run_goes_on_and_asks_nothing_twice(tmp_path: Path) -> None:
    killed_and_resumed(tmp_path / "p", items=40, kills=3)


@pytest.mark.soak
def test_a_run_killed_twenty_times_asks_a_thousand_pictures_once(tmp_path: Path) -> None:
    killed_and_resumed(tmp_path / "p", items=1000, kills=20)
