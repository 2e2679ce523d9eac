import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.engine.media import clips

ROOT = Path(__file__).parents[3]


def engine(*words: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "engine", *map(str, words)]
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", count=40)


def test_probe_prints_the_exact_count(clip: Path) -> None:
    done = engine("probe", clip, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert (told["kind"], told["frames"], told["width"], told["height"]) == ("video", 40, clips.WIDTH, clips.HEIGHT)


@pytest.mark.parametrize("words", [("--index", 23), ("--time", 23.5 / 30)])
def test_frame_writes_the_frame_asked_for(words: tuple, clip: Path, tmp_path: Path) -> None:
    assert engine("frame", clip, *words, "--out", tmp_path / "f.png").returncode == 0
    assert clips.number_of(np.asarray(Image.open(tmp_path / "f.png"))) == 23


@pytest.mark.parametrize("words", [("--index", 40), ("--time", 9), ()])
def test_a_frame_that_is_not_there_is_one_sentence(words: tuple, clip: Path, tmp_path: Path) -> None:
    done = engine("frame", clip, *words, "--out", tmp_path / "f.png")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "f.png").exists()


def test_a_broken_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"not a clip")
    done = engine("probe", tmp_path / "x.mp4")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "x.mp4" in done.stderr
