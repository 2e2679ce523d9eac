"""Projects of every past schema open in this version, with their history, and a step that fails changes nothing."""

import shutil
from pathlib import Path

import apsw
import pytest

from engine.domain.annotation import Review
from engine.domain.errors import StoreError
from engine.domain.geometry import Absent, Box, Segment, Track
from engine.domain.project import AnnotationFilter
from engine.domain.query import Query
from engine.store import backups, database
from engine.store.project_store import FILE, ProjectStore
from engine.store.rows import encode

GOLDEN = Path(__file__).parents[2] / "golden" / "store"
OLD = sorted(GOLDEN.glob("schema-*.db"))


@pytest.fixture(params=OLD, ids=lambda path: path.stem)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A project as an older version left it."""
    folder = tmp_path / "old.groundwork"
    folder.mkdir()
    shutil.copy(request.param, folder / FILE)
    return folder


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The schema of a version to come: one more step, which the test may spoil."""
    steps = [*database.schema(), "CREATE TABLE later (x INTEGER) STRICT; INSERT INTO later VALUES (7);"]
    monkeypatch.setattr(database, "schema", lambda: steps)
    return steps


def content(store: ProjectStore) -> list[object]:
    return [*store.items(), *store.annotations(), *store.labels(), *store.templates(), *store.history()]


def test_there_is_a_project_of_every_schema() -> None:
    assert [path.name for path in OLD] == [f"schema-{at}.db" for at in range(1, len(database.schema()) + 1)], (
        "run tests/golden/store/make.py"
    )


def test_an_old_project_opens_with_all_it_held_and_can_be_worked_on(folder: Path) -> None:
    store = ProjectStore.open(folder)
    held = {one.id: one for one in store.annotations()}
    assert {name: type(one.geometry) for name, one in held.items()} == {
        "box": Box,
        "not": Absent,
        "cut": Segment,
        "way": Track,
    }
    assert held["box"].review is Review.ACCEPTED
    assert [label.name for label in store.labels()] == ["kite"]
    store.redo()
    assert [label.name for label in store.labels()] == ["red kite"]
    store.undo()
    store.undo()
    assert {one.id: one for one in store.annotations()}["box"].review is Review.PREDICTED
    store.close()


def test_questions_asked_before_can_be_searched(tmp_path: Path) -> None:
    folder = tmp_path / "old.groundwork"
    folder.mkdir()
    shutil.copy(GOLDEN / "schema-1.db", folder / FILE)
    old = apsw.Connection(str(folder / FILE))
    query = Query("Q", "p", "Where is the “kite”?", "2026-01-01T00:00:00Z")
    old.execute("INSERT INTO query (id, item, body) VALUES (?, ?, ?)", ("Q", "p", encode(query)))
    old.execute("UPDATE annotation SET query = 'Q' WHERE id = 'box'")
    old.close()
    store = ProjectStore.open(folder)
    assert store.count_annotations(AnnotationFilter(question="the “kite”")) == 1
    assert store.queries("p") == [query]
    store.close()


def test_a_later_version_backs_up_first_and_keeps_everything(folder: Path, later: list[str]) -> None:
    with pytest.MonkeyPatch.context() as before:
        before.setattr(database, "schema", lambda: later[:-1])
        store = ProjectStore.open(folder)
        known = content(store)
        store.close()
    store = ProjectStore.open(folder)
    assert content(store) == known
    assert store._connection.execute("SELECT x FROM later").fetchall() == [(7,)]
    store.close()
    kept = apsw.Connection(str(backups.listed(folder)[-1]))
    assert kept.pragma("user_version") == len(later) - 1
    kept.close()


def test_a_step_that_fails_half_way_leaves_the_old_project(folder: Path, later: list[str]) -> None:
    sound = later[-1]
    later[-1] = f"{sound} INSERT INTO nowhere VALUES (1);"
    with pytest.raises(StoreError):
        ProjectStore.open(folder)
    connection = apsw.Connection(str(folder / FILE))
    assert connection.pragma("user_version") == len(later) - 1
    assert not connection.execute("SELECT name FROM sqlite_schema WHERE name = 'later'").fetchall()
    connection.close()
    later[-1] = sound
    ProjectStore.open(folder).close()


def test_a_project_of_a_later_version_is_refused_and_not_touched(folder: Path, later: list[str]) -> None:
    ProjectStore.open(folder).close()
    del later[-1]
    before = (folder / FILE).read_bytes()
    with pytest.raises(StoreError, match="newer version"):
        ProjectStore.open(folder)
    assert (folder / FILE).read_bytes() == before
