import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.media.mutations import CONTAINERS, PICTURES

ROOT = Path(__file__).parents[3]
KINDS = len(CONTAINERS) + len(PICTURES)


def survive(each: int, seed: int, folder: Path) -> str:
    command = [sys.executable, "-m", "tests.engine.media.survivor", str(each), str(seed), str(folder)]
    env = {**os.environ, "GROUNDWORK_CACHE": str(folder / "cache"), "PYTHONFAULTHANDLER": "1"}
    done = subprocess.run(command, check=False, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_damaged_media_of_every_kind_are_survived(tmp_path: Path) -> None:
    assert f"survived {4 * KINDS}," in survive(4, 1, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_a_thousand_damaged_media_of_every_kind_are_survived(seed: int, tmp_path: Path) -> None:
    told = survive(100, seed, tmp_path)
    print(told)
    assert f"survived {100 * KINDS}," in told
