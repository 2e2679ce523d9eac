"""`ask` on the shell: pixels and seconds in JSON, one sentence for what cannot be asked."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from engine.cli import app
from engine.cli.ask import answer_json, command
from engine.domain.errors import GroundworkError
from engine.domain.geometry import Box, Segment
from engine.domain.media import Clock
from engine.domain.query import Grounding, ModelRef
from engine.grounding import viewing
from engine.grounding.scene import Scene
from engine.messages import Answered

ROOT = Path(__file__).parents[3]


def _ask(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "engine", "ask", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_an_answer_is_one_json_object(tiny_model: Path, tiny_media: dict[str, Path]) -> None:
    options = ("--constrain", "boxes", "--temperature", "1.5", "--seed", "2", "--max-tokens", "60", "--threads", "1")
    region = ("--region", "10,10,50,40")
    done = _ask(tiny_media["image"], "--query", "Where is the dog?", "--model", tiny_model, "--json", *options, *region)
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert set(told) == {"answer", "groundings", "size", "model", "timings"}
    assert told["size"] == [96, 64]
    assert told["model"] == "Tiny"
    assert "loading" in done.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"query": " "}, "Give a question"),
        ({"query": "Where?", "region": "5,5,1,9"}, "--region takes 4 numbers"),
        ({"query": "Where?", "moment": "0,inf"}, "--moment takes finite numbers"),
        ({"query": "Where?", "region": "nan,0,1,2"}, "--region takes finite numbers"),
        ({"query": "Where?", "time": float("inf")}, "--time takes a finite number"),
        ({"query": "Where?", "time": float("nan")}, "--time takes a finite number"),
        ({"query": "Where?", "moment": "1,2"}, "A picture has no time"),
        ({"query": "Where?", "time": 1.0}, "A picture has no time"),
        ({"query": "Where?", "region": "500,500,600,600"}, "96 × 64 pixels"),
        ({"query": "Where?", "constrain": "times"}, "Times lie in a clip or a sound"),
        ({"query": "Where?", "model": "/nowhere"}, "No model is called"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    tiny_media: dict[str, Path], options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(GroundworkError, match=sentence):
        command([tiny_media["image"]], **{"model": "/unused", **options})


def test_a_medium_is_hashed_once(
    tiny_model: Path, tiny_media: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    hashed = viewing._hashed
    monkeypatch.setattr(viewing, "_hashed", lambda path, *more: (read.append(path), hashed(path, *more))[1])
    command([tiny_media["image"]], query="Where?", model=str(tiny_model), threads=1, max_tokens=2)
    assert read == [tiny_media["image"]]


def test_there_are_no_fewer_threads_than_none() -> None:
    done = CliRunner().invoke(app, ["ask", "--query", "Where?", "--threads", "-3"])
    assert done.exit_code == 2
    assert "--threads" in done.output


def test_a_failure_is_status_2_and_nothing_on_stdout(tmp_path: Path) -> None:
    done = _ask(tmp_path / "gone.png", "--query", "Where?", "--model", tmp_path)
    assert done.returncode == 2
    assert "gone.png" in done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert done.stdout == ""


def test_groundings_are_pixels_and_seconds() -> None:
    scene = Scene((100, 50), Clock(1, 1000, 500, 10_000))
    found = (
        Grounding("dog", Box(1, 2, 3, 4), 0.5, spread=(1.5, 0, 0, 2)),
        Grounding("bark", Segment(1500, 2500), 0.25),
        Grounding("noise", None, 0.0),
    )
    told = answer_json(Answered("1", "text", found, ModelRef("M"), {"total": 1.0}), scene)
    box, segment, malformed = told["groundings"]
    none = {"kind": None, "box": None, "start": None, "end": None, "spread": []}
    edges = {"box": [1, 2, 3, 4], "spread": [1.5, 0, 0, 2]}
    assert box == none | edges | {"phrase": "dog", "kind": "box", "score": 0.5}
    assert segment == none | {"phrase": "bark", "kind": "segment", "start": 1.0, "end": 2.0, "score": 0.25}
    assert malformed == none | {"phrase": "noise", "score": 0.0}
