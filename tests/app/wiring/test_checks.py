"""A look at this machine, with a program that stands in for the doctor."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app import VERSION, engine_run
from app.front import Front
from app.places import Places
from app.wiring.checks import Checks, connect_checks
from engine.domain.machine import Finding, Findings, Verdict

FOUND = {
    "findings": [
        {"name": "processor", "verdict": "fine", "found": "x86_64, 2 threads"},
        {"name": "sound", "verdict": "limited", "found": "no output device", "advice": "Connect a sound device."},
    ]
}


@pytest.fixture
def checks(places: Places, monkeypatch: pytest.MonkeyPatch) -> Iterator[Checks]:
    said = f"{json.dumps(['sound', 1, 2])}\n{json.dumps(FOUND)}"
    monkeypatch.setattr(engine_run, "engine_command", lambda *_: [sys.executable, "-c", f"print({said!r})"])
    front = Front(places)
    yield connect_checks(front)
    front.guard.release()
    front.window.deleteLater()
    front.deleteLater()


def test_the_first_start_of_a_version_is_told_in_one_sentence_and_only_once(checks: Checks, qtbot: QtBot) -> None:
    checks.look_once()
    qtbot.waitUntil(lambda: checks._run is None, timeout=20_000)
    sentence = checks._front.notice._words.text()
    assert "something to know about sound" in sentence
    assert checks._front.preferences.value.checked == VERSION
    checks.look_once()
    assert checks._run is None


def test_each_finding_is_shown_with_what_to_do(checks: Checks, qtbot: QtBot, tmp_path: Path) -> None:
    checks.show()
    dialog = checks._dialog
    assert dialog is not None
    save = dialog.findChild(QPushButton, "checks.save")
    assert not save.isEnabled()
    words: list[str] = []
    assert checks._run is not None
    checks._run.progressed.connect(lambda *_: words.append(dialog.findChild(QLabel, "checks.progress.words").text()))
    qtbot.waitUntil(save.isEnabled, timeout=20_000)
    assert words == ["Looking at sound"]
    assert "→ Connect a sound device." in dialog.findChild(QLabel, "checks.1.found").text()
    assert dialog.findChild(QLabel, "checks.1.verdict").accessibleName() == "sound: limited"
    checks.save(tmp_path / "report.txt")
    report = (tmp_path / "report.txt").read_text()
    assert report.startswith("Groundwork ")
    assert "sound: Connect a sound device." in report
    dialog.close()


def test_a_look_can_be_stopped(checks: Checks, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_run, "engine_command", lambda *_: [sys.executable, "-c", "import time; time.sleep(60)"])
    checks.show()
    dialog = checks._dialog
    assert dialog is not None
    dialog.findChild(QPushButton, "checks.progress.stop").click()
    qtbot.waitUntil(lambda: checks._run is None, timeout=20_000)
    assert "Stopped" in dialog.findChild(QLabel, "checks.words").text()
    dialog.close()


def test_all_fine_is_said_so() -> None:
    assert "everything" in Findings((Finding("disk", Verdict.FINE, "9 GiB"),)).sentence
