"""The whole window on media made for the test."""

import sys
import wave
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.__main__ import begin
from app.application import Application
from app.front import Front
from app.places import Places

ENGINE = [sys.executable, str(Path(__file__).parents[1] / "fixtures" / "answering_engine.py")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures and a sound."""
    folder = tmp_path / "media"
    folder.mkdir()
    for at, colour in enumerate(("red", "green", "blue")):
        Image.new("RGB", (64, 48), colour).save(folder / f"picture_{at}.png")
    with wave.open(str(folder / "tone.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    return folder


@pytest.fixture
def opened(qapp: QApplication, qtbot: QtBot, places: Places) -> Iterator[Callable[..., Application]]:
    """`opened(*paths)` starts the application as the program does; it is closed after the test.

    An empty `engine` is the program's own, with the model that comes with the app.
    """
    fronts: list[Front] = []

    def start(*paths: Path, engine: Sequence[str] = ENGINE) -> Application:
        front = begin(qapp, places, list(paths), engine=engine)
        fronts.append(front)
        qtbot.waitUntil(lambda: bool(front.findChildren(Application)), timeout=60_000)
        return front.findChildren(Application)[0]

    yield start
    for front in fronts:
        front.window.close()
        front.window.deleteLater()
        front.deleteLater()
    qapp.processEvents()
