"""Whatever a file holds, an importer reads it or refuses it in a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.exchange.formats import FORMATS, format_named
from tests.engine.exchange.hostile_run import run

IDS = [row.id for row in FORMATS]
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("id_", IDS)
def test_hostile_files_are_read_or_refused(id_: str) -> None:
    ends = run(format_named(id_), 0, 42)
    assert ends["read"] + ends["refused"] == 42
    assert ends["refused"] + ends["reported"] > 5


@pytest.mark.soak
@pytest.mark.parametrize("id_", IDS)
def test_hostile_files_in_a_process_with_limits(id_: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "tests.engine.exchange.hostile_run", id_, "1000", "402"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    with capsys.disabled():
        print(done.stdout.strip())
    assert done.returncode == 0, done.stderr[-3000:]
