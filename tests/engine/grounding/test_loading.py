"""Which language model is loaded where, and what becomes of a load that cannot be or is given up."""

from pathlib import Path

import pytest

from engine.domain.errors import Cancelled, ModelError, OutOfMemory, UsageError
from engine.grounding import loading
from engine.grounding.backbone import Backbone, Stop
from engine.grounding.loading import choose, load
from engine.grounding.manifest import read_manifest
from engine.messages import LoadModel


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (LoadModel("0", device="tpu"), "auto, cpu or cuda"),
        (LoadModel("0", device="cuda"), "no CUDA"),
        (LoadModel("0", backbone="abacus"), "auto, torch or llamacpp"),
        (LoadModel("0", precision="Q4_K_M"), "quantize|not installed"),
    ],
)
def test_a_wish_that_cannot_be_met_names_what_can(tiny_model: Path, wish: LoadModel, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        choose(read_manifest(tiny_model), wish)


def test_too_little_memory_names_what_to_change(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        available = 10_000

    monkeypatch.setattr(loading.psutil, "virtual_memory", Full)
    with pytest.raises(OutOfMemory, match="smaller precision"):
        load(LoadModel("0"), tiny_model)


@pytest.mark.parametrize("threads", [-1, 100_000, 1 << 40])
def test_threads_that_would_end_the_process_are_refused(tiny_model: Path, threads: int) -> None:
    with pytest.raises(UsageError, match="0 for all cores but one"):
        load(LoadModel("0", threads=threads), tiny_model)


@pytest.mark.parametrize("stage", [2, 3])
def test_a_load_that_is_given_up_gives_its_memory_back(
    tiny_model: Path, stage: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Backbone] = []
    close = Backbone.close
    monkeypatch.setattr(Backbone, "close", lambda backbone: (closed.append(backbone), close(backbone)))

    def told(_what: str, done: float, _total: float) -> None:
        if done == stage:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        load(LoadModel("0", threads=1), tiny_model, told)
    assert len(closed) == 1
    loaded = load(LoadModel("0", threads=1), tiny_model)
    assert len(closed) == 1
    loaded.backbone.close()


def test_a_load_stops_while_files_are_compared_with_their_hashes(tiny_model: Path) -> None:
    stop, told = Stop(), []
    stop.request()
    with pytest.raises(Cancelled):
        load(LoadModel("0"), tiny_model, lambda *done: told.append(done), stop.check)
    assert not told
