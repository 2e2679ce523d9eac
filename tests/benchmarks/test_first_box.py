"""From the Enter key to the repaint that shows the first box: the embedded model in the whole window.

`make bench ARGS=tests/benchmarks/test_first_box.py`; the engine's own time to its first box stands beside it.
"""

import json
import shutil
import time
from pathlib import Path
from statistics import median

import pytest
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from app.__main__ import begin
from app.application import Application
from app.places import Places
from engine.domain.geometry import Box
from engine.messages import Answered, Reply
from widgets.canvas.view import CanvasView

pytestmark = pytest.mark.bench
PICTURES = ("band.jpg", "meadow.jpg", "newcomers.jpg", "shapes.jpg", "tall.jpg", "twins.jpg")
LONG = 600_000
ROUNDS = 2


class Watch(QObject):
    """Asks as the user does and notes when the first new box has been painted; times in seconds."""

    def __init__(self, application: Application, qtbot: QtBot) -> None:
        super().__init__()
        self.application, self.qtbot = application, qtbot
        canvas = application.window.findChild(CanvasView)
        assert canvas is not None
        canvas.installEventFilter(self)
        application.engine.replied.connect(self._note)
        self._before: frozenset[object] = frozenset()
        self._shown = self._inside = 0.0

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and not self._shown and self._boxes() - self._before:
            self._shown = -1.0
            QTimer.singleShot(0, self._painted)
        return False

    def ask(self, text: str) -> tuple[float, float] | None:
        """(seconds to the painted box, the engine's own to its first box); None where no box is found."""
        panel, asking = self.application.front.questions, self.application.asking
        self._before, self._shown, self._inside = self._boxes(), 0.0, 0.0
        self.application.board.run("ask.focus")
        self.qtbot.waitUntil(lambda: self.application.board.holds("typing"), timeout=LONG)
        panel.field.setText(text)
        with self.qtbot.waitSignals([asking.began, asking.ended], timeout=LONG):
            began = time.perf_counter()
            self.qtbot.keyClick(panel.field, Qt.Key.Key_Return)
        if not self._boxes() - self._before:
            return None
        self.qtbot.waitUntil(lambda: self._shown > 0, timeout=LONG)
        return self._shown - began, self._inside

    def _painted(self) -> None:
        self._shown = time.perf_counter()

    def _note(self, reply: Reply) -> None:
        if isinstance(reply, Answered):
            self._inside = reply.timings.get("first_box", 0.0)

    def _boxes(self) -> frozenset[object]:
        drawn = self.application.session.drawn
        return frozenset(one.geometry for one in drawn if isinstance(one.geometry, Box))


def questions() -> dict[str, tuple[str, str]]:
    """Two questions about each picture."""
    truth = json.loads(resources.text("sample/truth.json"))
    found = {one["path"]: list(dict.fromkeys(a["phrase"] for a in one["annotations"])) for one in truth}
    return {name: (f"Where is the {found[name][0]}?", f"Please find the {found[name][-1]}.") for name in PICTURES}


def started(qapp: QApplication, qtbot: QtBot, places: Places, folder: Path) -> Application:
    folder.mkdir()
    for name in PICTURES:
        shutil.copy(resources.path(f"sample/{name}"), folder / name)
    front = begin(qapp, places, [folder])
    qtbot.waitUntil(lambda: bool(front.findChildren(Application)), timeout=LONG)
    application = front.findChildren(Application)[0]
    session = application.session
    qtbot.waitUntil(lambda: session.store is not None and session.store.count_items() == len(PICTURES), timeout=LONG)
    return application


def test_first_box(qapp: QApplication, qtbot: QtBot, places: Places, tmp_path: Path) -> None:
    application = started(qapp, qtbot, places, tmp_path / "media")
    session, watch = application.session, Watch(application, qtbot)
    qtbot.waitUntil(lambda: session.item is not None and application.front.questions.field.isEnabled(), timeout=LONG)
    assert session.store is not None
    asked = questions()
    starting = watch.ask(asked[Path(session.item.path).name if session.item else ""][0])
    qtbot.waitUntil(lambda: application.board.holds("ready"), timeout=LONG)
    times: dict[str, list[tuple[float, float]]] = {"just shown": [], "read ahead": [], "second question": []}
    for round_ in range(ROUNDS):
        # The engine is new in every round: what it kept of a picture would make a first question a second one.
        application.engine.restart()
        qtbot.waitUntil(lambda: not application.board.holds("ready"), timeout=LONG)
        qtbot.waitUntil(lambda: application.board.holds("ready"), timeout=LONG)
        for at, item in enumerate(session.store.items()):
            session.show_item(None)
            session.show_item(item.id)
            ahead = (at + round_) % 2
            qtbot.wait(4000 if ahead else 100)
            first, second = asked[Path(item.path).name]
            note(times, "read ahead" if ahead else "just shown", watch.ask(first))
            note(times, "second question", watch.ask(second))
            application.board.run("edit.undo")
            application.board.run("edit.undo")
    tell("question while the engine starts, load included", [starting] if starting else [])
    for name, seconds in times.items():
        tell(name, seconds)
    application.window.close()
    application.window.deleteLater()
    application.front.deleteLater()


def note(times: dict[str, list[tuple[float, float]]], name: str, seconds: tuple[float, float] | None) -> None:
    if seconds is not None:
        times[name].append(seconds)


def tell(name: str, seconds: list[tuple[float, float]]) -> None:
    if not seconds:
        print(f"{name}: no box was found")
        return
    whole, inside = ([pair[at] for pair in seconds] for at in (0, 1))
    print(
        f"{name} ({len(seconds)}): to the painted box median {median(whole):.3f} s, worst {max(whole):.3f} s; "
        f"inside the engine {median(inside):.3f} s; the rest {median(a - b for a, b in seconds):.3f} s"
    )
