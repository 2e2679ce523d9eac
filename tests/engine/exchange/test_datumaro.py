"""datumaro finds in our files the boxes that we wrote.

It pins another OpenCV and stays out of the project's environment: DATUMARO_PYTHON names a Python that has it, else one
is made under `.cache`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from engine.domain.geometry import Box
from engine.exchange.exporting import Plan, export
from engine.exchange.formats import format_named
from tests.engine.exchange.test_oracles import street

pytestmark = pytest.mark.soak
ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("datumaro_reads.py")
# datumaro keeps two decimals of what it reads.
ROWS = [
    ("coco", "coco", "annotations/instances_train.json", "images/train", 0.011),
    ("voc", "voc", ".", "JPEGImages", 0.511),
    ("yolo", "yolo", ".", "images/train", 0.011),
    ("cvat-images", "cvat", "annotations.xml", "images", 0.011),
]


@pytest.fixture(scope="module")
def python() -> str:
    named = os.environ.get("DATUMARO_PYTHON")
    if named:
        return named
    folder = ROOT / ".cache" / "datumaro"
    made = folder / "bin" / "python"
    if not made.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        environment = {key: value for key, value in os.environ.items() if key != "PIP_CONSTRAINT"}
        subprocess.run([made, "-m", "pip", "install", "-q", "datumaro==1.13.12"], check=True, env=environment)
    return str(made)


@pytest.mark.parametrize(("id_", "name", "file", "media", "bound"), ROWS)
def test_datumaro_reads(id_: str, name: str, file: str, media: str, bound: float, python: str, tmp_path: Path) -> None:
    dataset = street("ü")
    target = tmp_path / "data" / file
    export(dataset, target, format_named(id_), Plan())
    for item in dataset.items:
        path = tmp_path / "data" / media / item.path
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (item.width, item.height)).save(path)
    done = subprocess.run(
        [python, SCRIPT, tmp_path / "data", name], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    items = {item.id: item.path.removesuffix(".png") for item in dataset.items}
    names = {label.id: label.name for label in dataset.labels}
    worst = 0.0
    for one in dataset.annotations:
        assert isinstance(one.geometry, Box)
        edges = one.geometry.edges
        # It takes VOC's first pixel, counted from 1, for an edge.
        shift = 1.0 if id_ == "voc" else 0.0
        edges = (edges[0] + shift, edges[1] + shift, edges[2], edges[3])
        alike = [row for row in found if row[0].endswith(items[one.item]) and row[1] == names[one.label or ""]]
        best = min(alike, key=lambda row: distance(row[2], edges))
        worst = max(worst, distance(best[2], edges))
        found.remove(best)
    print(f"{id_}: largest difference {worst:.6f} px")
    assert not found
    assert worst <= bound


def distance(found: list[float], edges: tuple[float, ...]) -> float:
    return max(abs(a - b) for a, b in zip(found, edges, strict=True))
