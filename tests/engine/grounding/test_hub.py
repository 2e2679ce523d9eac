"""Fetching from a hub on the loopback that drops, lies and vanishes; each fetch is a process, as it is in use."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.domain.errors import ModelError
from engine.grounding import hub as fetching
from engine.grounding.hub import Listed, wanted
from tests.fixtures.hub_server import COMMIT, Hub, serving

ROOT = Path(__file__).parents[3]
WEIGHTS = "model-00001-of-00001.safetensors"
SIZE = 24 << 20
# What the library holds in memory between two writes.
BLOCK = 10 << 20
Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def weights() -> bytes:
    return random.Random(7).randbytes(SIZE)


@pytest.fixture
def hub(weights: bytes) -> Iterator[Hub]:
    files = {WEIGHTS: weights, "config.json": b"{}", "README.md": b"# no", "run.py": b"print()"}
    with serving(Hub(files)) as one:
        yield one


@pytest.fixture
def begin(hub: Hub, tmp_path: Path) -> Begin:
    """Start a download of the hub's only model; `code` runs first in its process."""

    def start(code: str = "", key: str = "some/model", **more: str) -> "subprocess.Popen[str]":
        environment = {**os.environ, "HF_ENDPOINT": hub.url, "GROUNDWORK_DATA": str(tmp_path), **more}
        run = f"{code}\nimport sys\nsys.argv[1:] = {['download', key, '--lines']!r}\n"
        command = [sys.executable, "-c", f"{run}from engine.__main__ import main\nmain()"]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)

    return start


def _folder(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "some--model" / "model"


def _names(tmp_path: Path) -> set[str]:
    return {path.name for path in _folder(tmp_path).iterdir()}


def _refused(process: "subprocess.Popen[str]") -> str:
    """The one sentence that a failed download ends in."""
    _, said = process.communicate(timeout=200)
    assert process.returncode == 2, said
    lines = [line for line in said.splitlines() if not line.startswith(("Error while downloading", "Trying to resume"))]
    assert len(lines) == 1, said
    return lines[0]


def test_a_model_is_fetched_at_its_commit_without_what_is_no_weight(hub: Hub, begin: Begin, tmp_path: Path) -> None:
    process = begin()
    out, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines[-1] == {"model": str(_folder(tmp_path))}
    done, total = zip(*((line[1], line[2]) for line in lines[1:-1]), strict=True)
    assert list(done) == sorted(done)
    assert set(total) == {SIZE + 2}
    assert _names(tmp_path) == {WEIGHTS, "config.json", fetching.PIN}
    assert (_folder(tmp_path) / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert hub.served == {WEIGHTS: SIZE, "config.json": 2}
    pinned = fetching.pinned_in(_folder(tmp_path))
    assert pinned is not None
    assert pinned.commit == COMMIT
    assert all(COMMIT in line or line.startswith("GET /api/models/") for line in hub.asked)


def test_a_dropped_connection_is_gone_on_with_by_itself(hub: Hub, begin: Begin, tmp_path: Path) -> None:
    hub.drop_after = [15 << 20, 3 << 20]
    process = begin()
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert (_folder(tmp_path) / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert hub.served[WEIGHTS] <= SIZE + 2 * BLOCK
    assert [wish for name, wish in hub.ranges if name == WEIGHTS][1].startswith("bytes=1")


def test_a_killed_download_goes_on_where_it_was(hub: Hub, begin: Begin, tmp_path: Path) -> None:
    hub.slow = 0.05
    process = begin()
    part = _folder(tmp_path) / f"{WEIGHTS}.part"
    until = time.monotonic() + 200
    while not (part.exists() and part.stat().st_size >= BLOCK):
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    had = part.stat().st_size
    assert not (_folder(tmp_path) / WEIGHTS).exists()
    hub.slow, hub.served = 0.0, {}
    hub.commit = "d" * 40
    again = begin()
    assert "another revision" in _refused(again)
    hub.commit = COMMIT
    last = begin()
    _, said = last.communicate(timeout=200)
    assert last.returncode == 0, said
    assert hub.served[WEIGHTS] == SIZE - had
    assert (_folder(tmp_path) / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert not part.exists()


def test_what_arrives_wrong_is_deleted_and_never_gets_its_name(hub: Hub, begin: Begin, tmp_path: Path) -> None:
    true = hub.files
    hub.promised[WEIGHTS] = hub.sha256(WEIGHTS)
    hub.files = {**true, WEIGHTS: bytes(SIZE)}
    assert "did not arrive as published" in _refused(begin())
    assert _names(tmp_path) == {fetching.PIN}
    hub.files = {**true, "config.json": b"[]"}
    assert "did not arrive as published" in _refused(begin())
    assert _names(tmp_path) == {fetching.PIN, WEIGHTS}
    hub.files = true
    process = begin()
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said


def test_a_full_disk_keeps_what_came(hub: Hub, begin: Begin, tmp_path: Path) -> None:
    quota = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({BLOCK}, {BLOCK}))"
    sentence = _refused(begin(quota))
    assert "is full" in sentence
    assert (_folder(tmp_path) / f"{WEIGHTS}.part").stat().st_size == BLOCK
    hub.served = {}
    process = begin()
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert hub.served[WEIGHTS] == SIZE - BLOCK


def test_too_little_room_is_refused_before_a_byte_is_fetched(hub: Hub, begin: Begin, tmp_path: Path) -> None:
    tiny = "import shutil; shutil.disk_usage = lambda _: type('Usage', (), {'free': 30 << 20})"
    assert "free some space" in _refused(begin(tiny))
    assert not hub.served
    assert not _folder(tmp_path).exists()


def test_a_repository_that_is_gone_and_a_hub_that_is_away_are_told(hub: Hub, begin: Begin) -> None:
    hub.gone = True
    assert "has no some/model" in _refused(begin())
    assert "was lost" in _refused(begin(HF_ENDPOINT="http://127.0.0.1:9"))


def test_a_proxy_that_is_set_is_used(hub: Hub, begin: Begin) -> None:
    sentence = _refused(begin(HF_ENDPOINT="http://hub.invalid", HTTP_PROXY=hub.url, NO_PROXY="", no_proxy=""))
    assert "hub.invalid" in sentence
    assert any("http://hub.invalid" in line for line in hub.asked)


def test_a_wrong_name_asks_nobody(hub: Hub, begin: Begin) -> None:
    assert "can be fetched" in _refused(begin(key="nothing"))
    assert not hub.asked


def test_archives_are_fetched_only_where_there_are_no_safetensors() -> None:
    rows = [
        Listed(name, 1) for name in ("a.bin", "a.bin.index.json", "b.safetensors", "sub/c.json", "../d.json", "e.py")
    ]
    assert [row.name for row in wanted(rows)] == ["b.safetensors"]
    assert [row.name for row in wanted(rows[:2])] == ["a.bin", "a.bin.index.json"]


def test_a_known_hash_must_be_the_hubs(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.grounding.hub.HfApi", lambda **_: _Api(hub))
    with pytest.raises(ModelError, match="not the file that was published"):
        fetching.look("some/model", "main", {WEIGHTS: "1" * 64})
    assert fetching.look("some/model", "main", {WEIGHTS: hub.sha256(WEIGHTS)}).commit == COMMIT


class _Api:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def model_info(self, repository: str, **_: object) -> object:
        from huggingface_hub.hf_api import ModelInfo

        return ModelInfo(**self._hub.listing(repository))
