"""Import of a COCO file of 300,000 annotations: seconds and memory of a process of its own, and what the window feels.

`IMPORT_ANNOTATIONS` asks for another number of them.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.__main__ import begin
from app.application import Application
from app.late import late
from app.places import Places
from app.wiring.importing import Importing, open_import
from engine.domain.ids import new_id
from engine.domain.media import MediaItem, MediaKind
from engine.edits import Change
from engine.exchange.formats import format_named
from engine.store.project_store import ProjectStore
from tests.fixtures.pulse import Pulse

ROOT = Path(__file__).parents[2]
FAKE = [sys.executable, str(ROOT / "tests" / "fixtures" / "answering_engine.py")]
LONG = 1_800_000
ANNOTATIONS = int(os.environ.get("IMPORT_ANNOTATIONS", "300000"))
IMAGES = ANNOTATIONS // 10
_MEASURED = """
import resource, sys, time
from pathlib import Path
from engine import transfer
from engine.exchange.formats import format_named
from engine.store.project_store import ProjectStore
store = ProjectStore.open(Path(sys.argv[1]))
request = transfer.Request(Path(sys.argv[2]), format_named("coco"))
began = time.monotonic()
prepared = transfer.read(store, request)
previewed = time.monotonic() - began
found = transfer.take(store, request, prepared.media)
taken = time.monotonic() - began - previewed
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
cpu = time.process_time()
print(found.annotations, f"preview {previewed:.1f} s, import {taken:.1f} s, CPU {cpu:.1f} s, peak {peak:.0f} MiB")
store.close()
"""


def sheet(path: Path) -> None:
    chance = random.Random(5)
    images = [
        {"id": at, "file_name": f"train/{at:012d}.jpg", "width": 640, "height": 480} for at in range(1, IMAGES + 1)
    ]
    rows = []
    for at in range(1, ANNOTATIONS + 1):
        x, y = chance.uniform(0, 500), chance.uniform(0, 400)
        w, h = chance.uniform(2, 640 - x), chance.uniform(2, 480 - y)
        polygon = [round(v, 2) for v in (x, y, x + w, y, x + w, y + h, x, y + h)]
        rows.append(
            {
                "id": at,
                "image_id": chance.randint(1, IMAGES),
                "category_id": chance.randint(1, 80),
                "bbox": [x, y, w, h],
                "area": w * h,
                "iscrowd": 0,
                "segmentation": [polygon],
            }
        )
    categories = [{"id": at, "name": f"kind {at}"} for at in range(1, 81)]
    path.write_text(json.dumps({"images": images, "annotations": rows, "categories": categories}))


def project(folder: Path) -> None:
    store = ProjectStore.create(folder)
    items = (
        MediaItem(new_id(), f"train/{at:012d}.jpg", MediaKind.IMAGE, 640, 480, frames=1) for at in range(1, IMAGES + 1)
    )
    store.apply_changes("Add media", (Change(None, item) for item in items))
    store.close()


@pytest.mark.bench
def test_importing_many_annotations(tmp_path: Path) -> None:
    file, folder = tmp_path / "instances.json", tmp_path / "project"
    sheet(file)
    project(folder)
    command = [sys.executable, "-c", _MEASURED, str(folder), str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    print(f"\n{file.stat().st_size >> 20} MiB: {done.stdout.strip()}")
    assert done.stdout.startswith(f"{ANNOTATIONS} ")


@pytest.mark.bench
def test_the_window_while_it_imports(qapp: QApplication, qtbot: QtBot, places: Places, tmp_path: Path) -> None:
    file, folder = tmp_path / "instances.json", tmp_path / "project"
    sheet(file)
    project(folder)
    front = begin(qapp, places, [folder], engine=FAKE)
    qtbot.waitUntil(lambda: bool(front.findChildren(Application)), timeout=LONG)
    application = front.findChildren(Application)[0]
    session = application.session
    qtbot.waitUntil(lambda: session.store is not None and application.board.holds("ready"), timeout=LONG)
    late("app.importing")
    qtbot.wait(2000)
    pulse = Pulse()
    qtbot.wait(2000)
    tell("idle", pulse)
    dialog = open_import(file, format_named("coco"), application.window, session, application.jobs)
    [link] = dialog.findChildren(Importing)
    qtbot.waitUntil(lambda: link._idle, timeout=LONG)
    tell("reading", pulse)
    link.take()
    qtbot.waitUntil(lambda: link._idle, timeout=LONG)
    tell("writing", pulse)
    pulse.stop()
    assert session.store is not None
    assert session.store.count_annotations() == ANNOTATIONS
    front.window.close()
    front.window.deleteLater()
    front.deleteLater()


def tell(what: str, pulse: Pulse) -> None:
    p99, worst = pulse.read()
    print(f"{what}: beats late p99 {p99:.0f} ms, max {worst:.0f} ms; own work at most {pulse.busiest():.0f} ms")
