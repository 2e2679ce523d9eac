"""A published model in the real window: fetched from a hub on the loopback and converted; then its download goes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.__main__ import begin
from app.application import Application
from app.places import Places
from app.wiring.models import ModelsPage
from tests.fixtures.hub_server import Hub, serving

TOY = Path(__file__).parents[1] / "golden" / "parity" / "set_A"
CLIP = "openai/clip-vit-large-patch14-336"
SLOW_MS = 500_000

pytestmark = pytest.mark.timeout(2400)


@pytest.fixture
def hub() -> Iterator[Hub]:
    """The two repositories of the published model, with a toy of the same build in them."""
    checkpoint = {path.name: path.read_bytes() for path in (*(TOY / "checkpoint").iterdir(), TOY / "arch.json")}
    one = Hub(checkpoint)
    one.others[CLIP] = {path.name: path.read_bytes() for path in (TOY / "clip_vision_tower").iterdir()}
    with serving(one):
        yield one


@pytest.fixture
def application(
    qapp: object, qtbot: QtBot, places: Places, hub: Hub, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Application]:
    # Politeness towards the window starves these programs where many tests run at once.
    monkeypatch.setattr("app.process.shutil.which", lambda _: None)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("GROUNDWORK_DATA", str(tmp_path / "models"))
    front = begin(qapp, places, [folder], engine=[sys.executable, "-c", "input()"])
    qtbot.waitUntil(lambda: bool(front.findChildren(Application)), timeout=SLOW_MS)
    yield front.findChildren(Application)[0]
    front.window.close()
    front.window.deleteLater()
    front.deleteLater()


def press(page: ModelsPage, name: str) -> None:
    button = page._dialog.findChild(QPushButton, f"models.{name}")
    assert button.isVisibleTo(page._dialog), name
    assert button.isEnabled(), name
    button.click()


def agree(qtbot: QtBot, page: ModelsPage, name: str, answer: int = 0) -> None:
    qtbot.waitUntil(lambda: page._dialog.findChild(QMessageBox, f"models.ask_{name}") is not None)
    page._dialog.findChild(QPushButton, f"models.ask_{name}.answer_{answer}").click()


def told(qtbot: QtBot, page: ModelsPage, words: str) -> None:
    """Wait until the page says so and has looked around again."""
    account = page._dialog.findChild(QLabel, "models.account")
    qtbot.waitUntil(lambda: page._run is None and page._look is None, timeout=SLOW_MS)
    assert words in account.text()


def test_a_published_model_is_fetched_and_converted_and_its_download_discarded(
    application: Application, hub: Hub, qtbot: QtBot, tmp_path: Path
) -> None:
    page = application.models
    page.show()
    words = page._dialog.findChild(QWidget, "models.words")
    qtbot.waitUntil(lambda: "drawn world" in words.text(), timeout=SLOW_MS)
    assert not hub.asked
    page._dialog.choose("groundinggpt-7b")
    press(page, "download")
    agree(qtbot, page, "fetch")
    told(qtbot, page, "Convert it now")
    assert any(f"{CLIP}/resolve/ce19dc9" in line for line in hub.asked)
    asked = len(hub.asked)
    page._dialog.sheet.choose("int8")
    press(page, "convert")
    told(qtbot, page, "is ready to be used")
    folder = tmp_path / "models" / "models" / "groundinggpt-7b"
    assert (folder / "manifest.json").is_file()
    page._dialog.choose(str(folder))
    assert page._dialog.findChild(QLabel, "models.name").text() == "GroundingGPT 7B"
    page._dialog.choose("groundinggpt-7b")
    press(page, "discard")
    agree(qtbot, page, "discard")
    told(qtbot, page, "is deleted")
    assert not (tmp_path / "models" / "downloads" / "groundinggpt-7b").exists()
    assert (folder / "manifest.json").is_file()
    assert len(hub.asked) == asked
