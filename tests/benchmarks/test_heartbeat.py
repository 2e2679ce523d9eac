"""How late a 5 ms timer of the window comes while the engine loads and answers, and while an export is written.

Beside it the same timer in a process that has nothing else to do, which shows what the machine alone does to a timer,
and the time the window's thread itself needed between two beats, which no neighbour on the machine can change much.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.__main__ import begin
from app.application import Application
from app.places import Places
from app.wiring.exchange import Exporting
from engine import edits
from engine.domain.annotation import Annotation, Origin, Provenance, Review
from engine.domain.geometry import Box
from engine.domain.ids import new_id
from engine.domain.project import ItemFilter
from engine.store.project_store import ProjectStore
from widgets.dialogs.export import ExportDialog
from widgets.progress_line import ProgressLine

pytestmark = pytest.mark.bench
FAKE = [sys.executable, str(Path(__file__).parents[1] / "fixtures" / "answering_engine.py")]
SIGNED = Provenance(Origin.HUMAN, "ann", "2026-01-01T00:00:00Z")
PICTURES, BOXES, MANY = 60, 20_000, 100_000


_CONTROL = """
import sys, time
from PySide6.QtCore import QCoreApplication, QSocketNotifier, QTimer
beats = []
qt = QCoreApplication([])
timer = QTimer(interval=5)
timer.timeout.connect(lambda: beats.append(time.monotonic()))
timer.start()
print(flush=True)
end = QSocketNotifier(0, QSocketNotifier.Type.Read)
end.activated.connect(qt.quit)
qt.exec()
print(*beats)
"""


class Beats:
    """Beats of a timer in the window's thread: when, and how much processor time that thread had had by then."""

    def __init__(self) -> None:
        self._beats: list[tuple[float, float]] = []
        self._phases: list[tuple[str, float, float]] = []
        self._control = subprocess.Popen(
            [sys.executable, "-c", _CONTROL], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._control.stdout is not None
        self._control.stdout.readline()
        self._timer = QTimer(interval=5)
        self._timer.timeout.connect(lambda: self._beats.append((time.monotonic(), time.thread_time())))
        self._timer.start()

    def during(self, name: str, work: Callable[[], object]) -> None:
        begun = time.monotonic()
        work()
        self._phases.append((name, begun, time.monotonic()))

    def stop(self) -> Iterator[str]:
        """A line for each phase, in milliseconds."""
        self._timer.stop()
        alone = np.array(self._control.communicate(b"\n")[0].split(), float)
        when, needed = np.array(self._beats).T
        for name, begun, ended in self._phases:
            window = _late(when[(begun <= when) & (when <= ended)])
            machine = _late(alone[(begun <= alone) & (alone <= ended)])
            own = np.diff(needed[(begun <= when) & (when <= ended)], prepend=needed[0])[1:] * 1000
            yield f"{name}: window {_spread(window)}; alone {_spread(machine)}; its own work {_spread(own)}"


def _late(beats: np.ndarray) -> np.ndarray:
    return np.maximum(np.diff(beats) * 1000 - 5, 0.0)


def _spread(values: np.ndarray) -> str:
    return f"p99 {np.percentile(values, 99):.1f} max {values.max():.1f}" if len(values) else "-"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for at in range(PICTURES):
        Image.effect_noise((640, 480), 60).convert("RGB").save(folder / f"{at:03d}.jpg")
    return folder


def started(qapp: QApplication, qtbot: QtBot, places: Places, folder: Path, engine: list[str]) -> Application:
    front = begin(qapp, places, [folder], engine=engine)
    qtbot.waitUntil(lambda: bool(front.findChildren(Application)), timeout=30_000)
    application = front.findChildren(Application)[0]
    session = application.session
    qtbot.waitUntil(lambda: session.store is not None and session.store.count_items() == PICTURES, timeout=120_000)
    return application


@pytest.mark.parametrize("engine", [[], FAKE], ids=["Groundling", "engine without a model"])
def test_heartbeat(qapp: QApplication, qtbot: QtBot, places: Places, pictures: Path, engine: list[str]) -> None:
    application = started(qapp, qtbot, places, pictures, engine)
    beats = Beats()
    qtbot.waitUntil(lambda: application.board.holds("ready"), timeout=120_000)
    qtbot.wait(3000)
    beats.during("idle", lambda: qtbot.wait(4000))

    def load() -> None:
        application.engine.restart()
        qtbot.waitUntil(lambda: not application.board.holds("ready"), timeout=30_000)
        qtbot.waitUntil(lambda: application.board.holds("ready"), timeout=120_000)

    def ask() -> None:
        for _ in range(3):
            with qtbot.waitSignal(application.asking.ended, timeout=120_000):
                application.asking.ask("Where is the red circle?")

    def prelabel() -> None:
        application.queue.start(("Where is the blue square?",), ItemFilter(), budget=15.0)
        qtbot.waitUntil(lambda: not application.queue.running, timeout=120_000)

    for name, work in (("loading", load), ("asking", ask), ("pre-labelling", prelabel)):
        beats.during(name, work)
    store = application.session.store
    assert store is not None
    fill(application, store, BOXES)
    # What filling itself took is no part of the export.
    qtbot.wait(1000)
    beats.during(f"export of {BOXES:,} boxes", lambda: export(application, qtbot, pictures / "out.json"))
    end(application, beats)


def test_heartbeat_of_a_very_large_step(qapp: QApplication, qtbot: QtBot, places: Places, pictures: Path) -> None:
    application = started(qapp, qtbot, places, pictures, FAKE)
    store = application.session.store
    assert store is not None
    fill(application, store, MANY)
    application.session.refresh()
    qtbot.wait(2000)
    beats = Beats()
    beats.during("idle", lambda: qtbot.wait(3000))
    line = application.window.findChild(ProgressLine, "travelling")
    assert line is not None
    for name, left in (("undo", 0), ("redo", MANY)):

        def travel(name: str = name) -> None:
            application.board.run(f"edit.{name}")
            qtbot.waitUntil(line.isHidden, timeout=300_000)

        begun = time.monotonic()
        beats.during(f"{name} of {MANY:,} boxes", travel)
        print(f"{name}: {time.monotonic() - begun:.1f} s")
        assert store.count_annotations() == left
        qtbot.wait(1000)
    end(application, beats)


def end(application: Application, beats: Beats) -> None:
    print("", *beats.stop(), sep="\n")
    application.window.close()
    application.window.deleteLater()
    application.front.deleteLater()


def fill(application: Application, store: ProjectStore, count: int) -> None:
    items = store.items()
    boxes = (
        Annotation(new_id(), items[at % len(items)].id, "thing", Box(1, 1, 9 + at % 99, 9), Review.ACCEPTED, SIGNED)
        for at in range(count)
    )
    store.apply_changes("Fill", edits.created("Fill", boxes).changes)


def export(application: Application, qtbot: QtBot, target: Path) -> None:
    application.board.run("project.export")
    qtbot.waitUntil(lambda: bool(application.window.findChildren(ExportDialog)), timeout=60_000)
    [dialog] = application.window.findChildren(ExportDialog)
    [link] = dialog.findChildren(Exporting)
    link.write(target, dialog.values)
    qtbot.waitUntil(target.exists, timeout=120_000)
    dialog.close()
