"""llama.cpp compiled for each kind of processor, side by side on this one: what the choice at start is worth."""

import json
import os
import shutil
import statistics
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = [pytest.mark.bench, pytest.mark.gguf]
ROOT = Path(__file__).parents[2]
_KINDS = ("here", "every", "cascadelake", "skylakex", "haswell", "x64")
_RUN = """
import json, sys, time
import msgspec
from pathlib import Path
import resources
from engine.grounding.backbone import Stop
from engine.grounding.backbones.llama_cpp import LlamaCppRunner, arithmetic
from engine.grounding.manifest import read_manifest

manifest = read_manifest(resources.path("groundling"))
runner = LlamaCppRunner(manifest.architecture.llama, resources.path("groundling/language-F16.gguf"), threads=1)
stop, times = Stop(), []
for _ in range(12):
    runner.rewind(0)
    begun = time.process_time()
    runner.feed(list(range(10, 410)), 0, stop)
    times.append(time.process_time() - begun)
print(json.dumps({"ms": 1000 * sorted(times)[3], "uses": arithmetic()}))
"""


def _libraries() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return next(iter(sorted(cache.glob("groundwork/llama-*/libraries/.ready"))), Path("absent/.ready")).parent


def _package(folder: Path, kind: str) -> Path:
    """llama_cpp with ggml for `kind` alone, or with every kind ("every"), or as it is installed ("here")."""
    spec = find_spec("llama_cpp")
    if spec is None or spec.origin is None:
        pytest.skip("needs llama-cpp-python")
    installed = Path(spec.origin).parent
    if kind == "here":
        return installed.parent
    made = folder / kind / "llama_cpp"
    shutil.copytree(installed, made, ignore=shutil.ignore_patterns("__pycache__", "libggml*"))
    for path in _libraries().iterdir():
        if not path.name.startswith("libggml-cpu-") or kind in ("every", path.stem.removeprefix("libggml-cpu-")):
            shutil.copy(path, made / "lib", follow_symlinks=False)
    return made.parent


def test_prefill_by_kind_of_processor(tmp_path: Path) -> None:
    if not _libraries().is_dir():
        pytest.skip("needs packaging/llama-variants.sh to have run")
    times: dict[str, list[float]] = {
        kind: [] for kind in ("here", "every", "cascadelake", "skylakex", "haswell", "x64")
    }
    places = {kind: _package(tmp_path, kind) for kind in times}
    for _ in range(3):
        for kind, place in places.items():
            done = subprocess.run(
                [sys.executable, "-c", _RUN],
                env={**os.environ, "PYTHONPATH": f"{place}:{ROOT}"},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                continue
            times[kind].append(json.loads(done.stdout)["ms"])
    base = statistics.median(times["haswell"])
    for kind, seen in times.items():
        if seen:
            ms = statistics.median(seen)
            print(f"\n{kind:12} {ms:7.1f} ms processor time for 400 tokens, {base / ms:.2f} of AVX2's speed")
    assert times["every"]
    assert times["haswell"]
