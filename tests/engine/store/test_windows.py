"""Two programs on one project, folders that cannot be written, and clocks that jump."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import msgspec
import pytest

from engine import edits
from engine.domain.errors import StoreError
from engine.store import backups, copies, project_store
from engine.store.project_store import ProjectStore
from tests.engine.store.conftest import annotation, digest, everything, item, random_edit

ROOT = Path(__file__).parents[3]
HOLD = (
    "import sys\nfrom pathlib import Path\nfrom engine.store.project_store import ProjectStore\n"
    "store = ProjectStore.open(Path(sys.argv[1]))\nprint(store.read_only, flush=True)\nsys.stdin.read()\n"
)


def hold(folder: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "False\n"
    return child


def test_the_second_window_is_read_only_until_the_first_is_killed(store: ProjectStore) -> None:
    store.close()
    for _ in range(8):
        child = hold(store.folder)
        for _ in range(6):
            second = ProjectStore.open(store.folder)
            assert second.read_only
            assert f"process {child.pid}" in second.holder
            second.close()
        child.kill()
        child.communicate()
        third = ProjectStore.open(store.folder)
        assert not third.read_only
        third.apply(edits.draw(annotation(third.items()[0].id)))
        third.close()


def as_nobody(work: Callable[[], str]) -> str:
    """What `work` says when it runs without the rights of root, which no permission stops."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            os.write(writing, work().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        answer = said.read()
    os.waitpid(child, 0)
    return answer


@pytest.fixture
def readonly(tmp_path_factory: pytest.TempPathFactory, store: ProjectStore) -> Path:
    """The project in a folder that cannot be written, with its journal folded in."""
    store.close()
    for parent in (store.folder, *store.folder.parents):
        if parent == Path(parent.anchor) or parent.stat().st_uid != os.getuid():
            break
        parent.chmod(parent.stat().st_mode | 0o055)
    store.folder.chmod(0o555)
    return store.folder


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_read_only_folder_is_shown_and_not_edited(readonly: Path) -> None:
    def work() -> str:
        store = ProjectStore.open(readonly)
        try:
            store.apply(edits.finish(store.items()[0], done=True))
        except StoreError as error:
            return f"{store.count_items()} {error}"
        return "written"

    assert as_nobody(work) == f"5 {readonly} can only be read; open a copy of it to edit."


def test_a_copy_of_a_project_finds_its_media(store: ProjectStore, tmp_path: Path) -> None:
    copy = copies.copy_of(store.folder, tmp_path / "copy")
    assert [copy.path_of(one) for one in copy.items()] == [store.path_of(one) for one in store.items()]
    copy.undo()
    assert everything(copy) == everything(store)
    copy.close()
    with pytest.raises(StoreError, match="project already"):
        copies.copy_of(store.folder, tmp_path / "copy")


def test_moved_media_are_found_by_name_and_content(store: ProjectStore, tmp_path: Path) -> None:
    moved, other = tmp_path / "new" / "a" / "000000.png", tmp_path / "new" / "b" / "000001.png"
    for path in (moved, other):
        path.parent.mkdir(parents=True)
        path.write_bytes(path.name.encode())
    first, second, *_ = store.items()
    right, wrong = hashlib.sha256(b"000000.png").hexdigest(), hashlib.sha256(b"something else").hexdigest()
    known = [msgspec.structs.replace(first, digest=right), msgspec.structs.replace(second, digest=wrong)]
    store.apply(
        edits.together("Digest", [edits.replaced("", *pair) for pair in zip((first, second), known, strict=True)])
    )
    edit = copies.relocated(known, tmp_path / "new", store.root)
    store.apply(edit)
    assert [one.path for one in store.items()[:2]] == [moved.as_posix(), second.path]


@pytest.mark.parametrize("seed", range(20))
def test_a_jumping_clock_changes_nothing(store: ProjectStore, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)

    class Jumping(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=random.uniform(-3650, 3650))

    monkeypatch.setattr(project_store, "datetime", Jumping)
    monkeypatch.setattr(backups, "datetime", Jumping)
    start, states = digest(store), []
    for _ in range(10):
        store.apply(random_edit(store, random))
        states.append(digest(store))
        newest = store.backup()
        assert backups.listed(store.folder)[-1] == newest
    assert [row.seq for row in store.history()] == list(range(11, 0, -1))
    for state in reversed([start, *states[:-1]]):
        store.undo()
        assert digest(store) == state


@pytest.mark.parametrize("seed", range(60))
def test_flipped_bytes_are_harmless_or_told(store: ProjectStore, seed: int) -> None:
    random = Random(seed)
    for _ in range(10):
        store.apply(edits.draw(annotation(store.items()[0].id)))
    backup, end = store.backup(), digest(store)
    store.close()
    path = store.folder / "project.db"
    data = bytearray(path.read_bytes())
    for _ in range(random.randint(1, 64)):
        data[random.randrange(len(data))] ^= random.randint(1, 255)
    path.write_bytes(bytes(data))
    try:
        again = ProjectStore.open(store.folder)
        with closing(again):
            list(again.annotations())
            again.apply(edits.created("Add media", [item(99)]))
    except StoreError as error:
        assert str(path) in str(error)
    for name in ("project.db-wal", "project.db-shm"):
        (store.folder / name).unlink(missing_ok=True)
    backups.restore(store.folder, backup)
    restored = ProjectStore.open(store.folder)
    assert digest(restored) == end
    restored.close()
