"""Hostile models: each file is refused in one sentence, and nothing of it is ever run.

A canary would be written by every payload; an audit hook listens for processes, sockets and what pickles look up.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.grounding.architecture import Architecture
from engine.grounding.manifest import Manifest
from engine.grounding.model_folder import save_model
from engine.grounding.network import GroundingModel
from engine.grounding.prompt import PromptStyle
from engine.media.sampling import Hearing, Seeing, Watching

_FORBIDDEN = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "socket.",
    "pickle.find_class",
    "ctypes.dlopen",
)
_heard: list[str] = []
_listening: list[bool] = []


def _hook(event: str, _arguments: tuple[Any, ...]) -> None:
    if _listening and event.startswith(_FORBIDDEN):
        _heard.append(event)


sys.addaudithook(_hook)


@pytest.fixture(autouse=True)
def _nothing_runs(tmp_path: Path) -> Iterator[None]:
    _heard.clear()
    _listening.append(True)
    yield
    _listening.clear()
    assert not _heard
    assert not (tmp_path / "canary").exists()


@pytest.fixture
def folder(tmp_path: Path, network: GroundingModel, small: Architecture) -> Path:
    manifest = Manifest(
        name="Small",
        architecture=small,
        seeing=Seeing(resize=30, crop=30),
        watching=Watching(side=24, limit=7),
        hearing=Hearing(bins=32, frames=50),
        prompt=PromptStyle(),
        senses=(),
        languages=(),
        files={},
    )
    save_model(tmp_path / "small", network, manifest, b"pieces", "fp32")
    return tmp_path / "small"
