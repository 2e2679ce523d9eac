"""How long the window is held up when its engine crashes, hangs, babbles or floods: the longest gap between two ticks.

`make bench-engine`.
"""

import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from app.grounder import Grounder, State
from engine.messages import Ask, Cancel, LoadModel

pytestmark = pytest.mark.bench
FAKE = [sys.executable, str(Path(__file__).parents[1] / "fixtures" / "fake_engine.py")]
DEEDS = ("hello", "crash", "killed", "quit", "garbage", "hang", "flood 50000")


@pytest.mark.parametrize("deed", DEEDS)
def test_longest_stall(qtbot: QtBot, deed: str) -> None:
    grounder, gaps, last = Grounder(FAKE, patience=0.2), [], [time.perf_counter()]

    def tick() -> None:
        now = time.perf_counter()
        gaps.append(now - last[0])
        last[0] = now

    grounder.load(LoadModel("load"))
    qtbot.waitUntil(lambda: grounder.status.state is State.READY, timeout=60_000)
    ended: list[object] = []
    grounder.replied.connect(
        lambda reply: ended.append(reply) if type(reply).__name__ in {"Answered", "Failed"} else None
    )
    timer = QTimer(interval=5)
    timer.timeout.connect(tick)
    timer.start()
    last[0] = time.perf_counter()
    for round_ in range(2):
        count = len(ended)
        grounder.send(Ask(str(round_), (), deed))
        if deed == "hang":
            grounder.send(Cancel(str(round_)))
        qtbot.waitUntil(lambda before=count: len(ended) > before, timeout=60_000)
    timer.stop()
    grounder.close()
    print(f"\n| engine that does “{deed}” | longest gap between 5 ms ticks {max(gaps) * 1e3:.0f} ms of {len(gaps)} |")
    assert gaps
