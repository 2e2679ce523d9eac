"""`groundwork-engine evaluate` from the shell, on a project and on published kinds of sets."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from engine.domain.errors import ExchangeError
from engine.domain.geometry import Box, Segment
from engine.evaluation.cases import read_cases, write_cases
from engine.evaluation.project import held_out_cases
from engine.evaluation.sets import charades, refcoco
from tests.engine.training import tiny

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.project(tmp_path_factory.mktemp("media") / "project")


def test_a_project_is_asked_about_its_held_out_media(project: Path, tmp_path: Path) -> None:
    model = tiny.model_folder(tmp_path / "model")
    saved = tmp_path / "cases.jsonl"
    command = [sys.executable, "-m", "engine", "evaluate", "project", str(project), "--model", str(model)]
    command += ["--compare", "--save", str(saved), "--out", str(tmp_path / "out"), "--backbone", "torch", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=_alone())
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["passes"] is None
    assert "too few to judge" in report["sentence"]
    assert all(row["value"] == 0.0 for row in report["difference"]["held out"].values())
    assert read_cases(saved) == held_out_cases(project, None)


def test_cases_are_the_verified_annotations(project: Path) -> None:
    cases = {case.id: case for case in held_out_cases(project, None, everything=True)}
    assert len(cases) == 8 * 2 + 1
    assert isinstance(cases["p0/red car"].truths[0], Box)
    assert cases["s/the piano"].truths == (Segment(8000, 24000),)
    assert cases["s/the piano"].question == "When do you hear the piano?"
    few = held_out_cases(project, None)
    assert 0 < len(few) < len(cases)


def test_cases_go_to_a_file_and_back(project: Path, tmp_path: Path) -> None:
    cases = held_out_cases(project, None, everything=True)
    write_cases(tmp_path / "cases.jsonl", cases)
    assert read_cases(tmp_path / "cases.jsonl") == cases
    (tmp_path / "bad.jsonl").write_text("{}\n")
    with pytest.raises(ExchangeError, match=r"bad\.jsonl"):
        read_cases(tmp_path / "bad.jsonl")


@pytest.mark.parametrize("form", ["json", "p"])
def test_references_of_a_split(tmp_path: Path, form: str) -> None:
    sentences = [{"raw": "The Left car", "sent": "left car", "sent_id": 1}, {"raw": "red", "sent": "red", "sent_id": 2}]
    references = [
        {"ref_id": 7, "image_id": 3, "ann_id": 9, "split": "val", "sentences": sentences},
        {"ref_id": 8, "image_id": 3, "ann_id": 9, "split": "train", "sentences": sentences},
    ]
    instances = {
        "images": [{"id": 3, "file_name": "a.jpg", "width": 640, "height": 480}],
        "annotations": [{"id": 9, "bbox": [10, 20, 30, 40]}],
    }
    (tmp_path / "instances.json").write_text(json.dumps(instances))
    path = tmp_path / f"refs(unc).{form}"
    path.write_bytes(json.dumps(references).encode() if form == "json" else pickle.dumps(references, 2))
    cases = list(refcoco(path, tmp_path / "images", "val"))
    assert [case.phrase for case in cases] == ["left car", "red"]
    assert cases[0].truths == (Box(10.0, 20.0, 40.0, 60.0),)
    assert cases[0].media == (str(tmp_path / "images" / "a.jpg"),)
    assert cases[0].unit == cases[1].unit == "3"


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    (tmp_path / "instances.json").write_text('{"images": [], "annotations": []}')
    path = tmp_path / "refs(unc).p"
    path.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ExchangeError):
        list(refcoco(path, tmp_path, "val"))


def test_lines_about_clips(tmp_path: Path) -> None:
    tiny.project(tmp_path / "p", pictures=0)
    lines = tmp_path / "sta_test.txt"
    lines.write_text("s 0.5 9.0##a person plays the piano.\n")
    (case,) = charades(lines, tmp_path / "p", ".wav")
    assert case.truths == (Segment(8000, 32000),)
    assert case.phrase == "a person plays the piano"
    lines.write_text("s 0.5##no end\n")
    with pytest.raises(ExchangeError, match="line 1"):
        list(charades(lines, tmp_path / "p", ".wav"))


def _alone() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}
