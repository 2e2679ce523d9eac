"""The engine is killed in the middle of its answers while the user works on: nothing that was done is lost."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median

import pytest
from pytestqt.qtbot import QtBot

import resources
from app.application import Application
from app.grounder import State
from app.process import LineProcess
from engine import edits
from engine.domain.annotation import Annotation
from engine.domain.geometry import Box
from engine.domain.project import AnnotationFilter
from engine.store.project_store import ProjectStore
from tests.fixtures.pulse import Pulse

Opened = Callable[..., Application]
ENGINE_MS = 600_000
GROUNDLING: tuple[str, ...] = ()


class Saboteur:
    """Kills the engine while it answers, and works on meanwhile; keeps what it did and how long things took."""

    def __init__(self, application: Application, qtbot: QtBot) -> None:
        self.application, self.qtbot = application, qtbot
        self.done: dict[str, Annotation] = {}
        self.back: list[float] = []
        self.stalls: list[float] = []
        self.idle: list[float] = []
        self.busy: list[float] = []
        self.safe_modes = 0
        self._dice = Random(3)
        self._pulse = Pulse()
        self._killed, self._after = 0.0, 0
        self._victim: LineProcess | None = None
        application.asking.streamed.connect(self._on_token)

    def strike(self, question: str) -> None:
        """Ask, kill the engine once a part of the answer has come, work meanwhile, and wait until it is back."""
        self._pulse.read()
        self.qtbot.wait(300)
        self.idle.append(self._pulse.read()[1])
        sentence = self._sentence(question)
        while not sentence:
            # All of the answer was on its way already: it is no strike, and what it found is taken back.
            self.application.session.undo()
            self._come_back()
            sentence = self._sentence(question)
        self._work()
        assert "three times within a minute" in sentence or "is being started again" in sentence
        self._come_back()
        self.back.append(time.monotonic() - self._killed)
        self.stalls.append(self._pulse.read()[1])
        self.busy.append(self._pulse.busiest())

    def close(self) -> None:
        self._pulse.stop()

    def _sentence(self, question: str) -> str:
        """What the user is told about a question whose engine was killed; "" if the answer came all the same."""
        asking = self.application.asking
        self._after = self._dice.randrange(1, 3)
        told: list[str] = []
        ended = asking.ended.connect(lambda _: told.append(""))
        failed = asking.failed.connect(lambda _, sentence: told.append(sentence))
        asking.ask(question)
        self._work()
        self.qtbot.waitUntil(lambda: bool(told), timeout=ENGINE_MS)
        asking.ended.disconnect(ended)
        asking.failed.disconnect(failed)
        return told[0]

    def _come_back(self) -> None:
        """Wait for the engine; out of safe mode as the user does."""
        engine = self.application.engine
        self.qtbot.waitUntil(lambda: engine._child is not self._victim, timeout=ENGINE_MS)
        if engine.status.state is State.SAFE:
            self.safe_modes += 1
            self.application.board.run("ask.restart")
        self.qtbot.waitUntil(lambda: engine.status.state is State.READY, timeout=ENGINE_MS)

    def _on_token(self, _query: str, _text: str) -> None:
        self._after -= 1
        if self._after == 0 and (victim := self.application.engine._child):
            self._pulse.read()
            self._pulse.busiest()
            self._victim = victim
            os.kill(victim.pid, signal.SIGKILL)
            self._killed = time.monotonic()

    def _work(self) -> None:
        """Draw a box, and put the one before right."""
        session, edge = self.application.session, 10.0 + len(self.done) % 40
        assert session.item is not None
        if self.done:
            last = next(reversed(self.done.values()))
            self._apply(edits.reshape(last, Box(1, 1, edge, edge)))
        drawn = edits.missed(session.item.id, "thing", Box(2, 2, edge, edge), session.provenance())
        self._apply(edits.draw(drawn))
        self._pulse.skip()

    def _apply(self, edit: edits.Edit) -> None:
        assert self.application.session.apply(edit)
        for change in edit.changes:
            assert isinstance(change.after, Annotation)
            self.done[change.id] = change.after


def kill(opened: Opened, folder: Path, qtbot: QtBot, times: int, question: str, **engine: object) -> None:
    """Strike `times` times; in the end the project holds what was done and nothing that was answered by halves."""
    application = opened(folder, **engine)
    session, state = application.session, lambda: application.engine.status.state
    qtbot.waitUntil(lambda: state() is State.READY and session.item is not None, timeout=ENGINE_MS)
    began = time.monotonic()
    application.engine.restart()
    qtbot.waitUntil(lambda: state() is not State.READY, timeout=ENGINE_MS)
    qtbot.waitUntil(lambda: state() is State.READY, timeout=ENGINE_MS)
    load = time.monotonic() - began
    saboteur = Saboteur(application, qtbot)
    for _ in range(times):
        saboteur.strike(question)
    saboteur.close()
    assert saboteur.safe_modes > 0
    assert session.store is not None
    project = session.store.folder
    application.window.close()
    store = ProjectStore.open(project)
    kept = {one.id: one for one in store.annotations(AnnotationFilter())}
    answers = sum(len(store.predictions(item.id)) for item in store.items())
    store.close()
    assert kept == saboteur.done
    assert answers == 0
    print(f"\nkilled {times} times, {saboteur.safe_modes} times into safe mode: 0 of {2 * times} pieces of work lost")
    print(f"a load at the user's wish {load:.1f} s; back after a kill {spread(saboteur.back)} s (gate: a load + 2 s)")
    print(f"longest stall {spread(saboteur.stalls)} ms, {spread(saboteur.idle)} ms before each kill (gate: 100 ms)")
    print(f"the window's own work in the longest stretch {spread(saboteur.busy)} ms of processor time")


def spread(values: list[float]) -> str:
    """Median and worst."""
    return f"{median(values):.1f} (worst {max(values):.1f})"


def test_five_kills_lose_nothing(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    kill(opened, folder, qtbot, 5, "Where is the slow thing?")


@pytest.mark.soak
def test_a_hundred_kills_lose_nothing(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    kill(opened, folder, qtbot, 100, "Where is the slow thing?")


@pytest.mark.soak
def test_a_hundred_kills_of_groundling_lose_nothing(opened: Opened, tmp_path: Path, qtbot: QtBot) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    (folder / "shapes.jpg").write_bytes(resources.path("sample/shapes.jpg").read_bytes())
    kill(opened, folder, qtbot, 100, "Where are all the things?", engine=GROUNDLING)
