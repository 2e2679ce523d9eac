"""The spec, read as PyInstaller reads it but without building: flavours, and what is left out of a list of files."""

import importlib.util
import runpy
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "packaging" / "groundwork.spec"
FOUND = [
    "torch/lib/libtorch_cpu.so",
    "torch/lib/libtorchbind_test.so",
    "torch/bin/protoc",
    "torch/bin/torch_shm_manager",
    "PySide6/Qt/lib/libQt6Core.so.6",
    "PySide6/Qt/lib/libQt6Quick.so.6",
    "bitsandbytes/libbitsandbytes_cpu.so",
    "bitsandbytes/libbitsandbytes_cuda128.so",
    "bitsandbytes/libbitsandbytes_cuda130.so",
    "bitsandbytes/libbitsandbytes_rocm72.so",
    "llama_cpp/lib/libllama.so",
    "llama_cpp/lib/libggml-cpu.so.0",
]


class Spec:
    """Runs the spec with stand-ins for what PyInstaller provides, and keeps what would be collected."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, cuda: str) -> None:
        self.folder, self.collected, self.analyses = folder, set[str](), list[Any]()
        self.extra: list[tuple[str, str, str]] = []
        """Files that only the engine's analysis finds."""
        torch, transformers = folder / "torch", folder / "transformers"
        for name in ("llama", "clip", "auto", "whisper"):
            (transformers / "models" / name).mkdir(parents=True)
        torch.mkdir()
        (torch / "version.py").write_text(f"cuda: Optional[str] = {cuda}\n")
        found = importlib.util.find_spec
        places = {"torch": torch, "transformers": transformers}
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name, *rest: (
                SimpleNamespace(submodule_search_locations=[str(places[name])])
                if name in places
                else found(name, *rest)
            ),
        )
        hooks = ModuleType("PyInstaller.utils.hooks")
        for name in ("collect_data_files", "collect_submodules", "copy_metadata"):
            setattr(hooks, name, lambda *_, **__: [])
        slimming, inventory = ModuleType("slimming"), ModuleType("inventory")
        slimming.slim = lambda entries, _: entries  # type: ignore[attr-defined]
        inventory.take = lambda *_: None  # type: ignore[attr-defined]
        for module in (hooks, slimming, inventory):
            monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(sys, "path", list(sys.path))
        monkeypatch.setattr(sys, "platform", "linux")

    def run(self) -> None:
        def analysis(*_: Any, **options: Any) -> Any:
            binaries = [(name, f"/site/{name}", "BINARY") for name in FOUND] + (self.extra if self.analyses else [])
            made = SimpleNamespace(**{**options, "binaries": binaries, "datas": [], "pure": [], "scripts": []})
            self.analyses.append(made)
            return made

        def collect(*parts: Any, **_: Any) -> None:
            self.collected = {entry[0] for part in parts if isinstance(part, list) for entry in part}

        names = {"Analysis": analysis, "PYZ": lambda *_: None, "EXE": lambda *_, **__: None, "COLLECT": collect}
        places = {"SPECPATH": str(SPEC.parent), "workpath": str(self.folder), "DISTPATH": str(self.folder)}
        runpy.run_path(str(SPEC), names | places)


def test_the_cpu_flavour_has_one_backend_and_no_dead_weight(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = Spec(monkeypatch, tmp_path, "None")
    spec.run()
    assert spec.collected == {
        "torch/lib/libtorch_cpu.so",
        "torch/bin/torch_shm_manager",
        "PySide6/Qt/lib/libQt6Core.so.6",
        "bitsandbytes/libbitsandbytes_cpu.so",
        "llama_cpp/lib/libllama.so",
        "llama_cpp/lib/libggml-cpu.so.0",
    }
    window, engine = spec.analyses
    assert {"torch", "transformers", "llama_cpp"} <= set(window.excludes)
    assert {"PySide6", "app", "transformers.models.whisper"} <= set(engine.excludes)
    assert "transformers.models.llama" not in engine.excludes


def test_what_the_window_can_load_is_not_the_engine_s_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = Spec(monkeypatch, tmp_path, "None")
    spec.extra = [("tokenizers/tokenizers.abi3.so", "/site/tokenizers/tokenizers.abi3.so", "BINARY")]
    spec.run()
    alone = (tmp_path / "engine-alone.txt").read_text().splitlines()
    assert alone == ["groundwork-engine", "_internal/tokenizers/tokenizers.abi3.so"]


def test_the_cuda_flavour_adds_the_backend_of_its_cuda_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GROUNDWORK_FLAVOUR", "cuda")
    spec = Spec(monkeypatch, tmp_path, "'13.0'")
    spec.run()
    assert {name for name in spec.collected if "bitsandbytes" in name} == {
        "bitsandbytes/libbitsandbytes_cpu.so",
        "bitsandbytes/libbitsandbytes_cuda130.so",
    }


@pytest.mark.parametrize(("flavour", "cuda"), [("cuda", "None"), ("cpu", "'13.0'"), ("rocm", "None")])
def test_a_flavour_that_does_not_fit_the_environment_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flavour: str, cuda: str
) -> None:
    monkeypatch.setenv("GROUNDWORK_FLAVOUR", flavour)
    with pytest.raises(SystemExit, match="flavour"):
        Spec(monkeypatch, tmp_path, cuda).run()


def test_llama_libraries_for_every_processor_replace_the_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = tmp_path / "variants"
    made.mkdir()
    names = ("libggml.so.0", "libggml-base.so.0", "libggml-cpu-haswell.so", "libggml-cpu-zen4.so", ".ready")
    for name in names:
        (made / name).touch()
    monkeypatch.setenv("GROUNDWORK_LLAMA", str(made))
    spec = Spec(monkeypatch, tmp_path, "None")
    spec.run()
    assert {name for name, _, _ in spec.analyses[1].binaries if "llama" in name} == {
        "llama_cpp/lib/libllama.so",
        *(f"llama_cpp/lib/{name}" for name in names[:-1]),
    }
