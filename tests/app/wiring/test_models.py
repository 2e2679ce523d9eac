"""The page of models with a program that stands in for the engine's."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QListWidget, QMessageBox, QPushButton, QTreeWidget
from pytestqt.qtbot import QtBot

from app import engine_run
from app.engine_run import EngineRun, Pace
from app.front import Front
from app.grounder import Grounder
from app.places import Places
from app.wiring.models import ModelsPage, connect_models
from widgets.dialogs.models import ModelsDialog

ENGINE = Path(__file__).parents[2] / "fixtures" / "models_engine.py"


@pytest.fixture
def page(qtbot: QtBot, places: Places, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelsPage]:
    monkeypatch.setattr(engine_run, "engine_command", lambda *words: [sys.executable, str(ENGINE), *words])
    front = Front(places)
    engine = Grounder([sys.executable, "-c", "input()"])
    page = connect_models(front, engine)
    page.show()
    qtbot.waitUntil(lambda: _dialog(page).findChild(QListWidget).count() == 6, timeout=20_000)
    yield page
    page.close()
    engine.close()
    front.guard.release()
    front.window.deleteLater()
    front.deleteLater()


def _dialog(page: ModelsPage) -> ModelsDialog:
    dialog = page._dialog
    assert dialog is not None
    return dialog


def _button(page: ModelsPage, name: str) -> QPushButton:
    found = _dialog(page).findChild(QPushButton, f"models.{name}")
    assert isinstance(found, QPushButton)
    return found


def _answer(qtbot: QtBot, page: ModelsPage, name: str, button: str) -> None:
    """Press a button of the question that is open."""

    def box() -> QMessageBox | None:
        return _dialog(page).findChild(QMessageBox, f"models.ask_{name}")

    qtbot.waitUntil(lambda: box() is not None)
    found = box()
    assert found is not None
    pressed = found.findChild(QPushButton, f"models.ask_{name}.{button}")
    assert isinstance(pressed, QPushButton)
    pressed.click()


def _account(page: ModelsPage) -> str:
    return str(_dialog(page).findChild(QLabel, "models.account").text())


def _idle(qtbot: QtBot, page: ModelsPage) -> None:
    qtbot.waitUntil(lambda: page._run is None and page._look is None, timeout=20_000)


def test_models_are_listed_and_what_does_not_fit_cannot_be_used(page: ModelsPage) -> None:
    dialog = _dialog(page)
    rows = [dialog.findChild(QListWidget).item(at).text() for at in range(6)]
    assert rows[:4] == ["On this machine", "Small · in use", "Mine", "⚠ Broken"]
    assert rows[5].startswith("Large")
    fits = dialog.findChild(QTreeWidget)
    assert [fits.topLevelItem(at).text(4) for at in range(3)] == [
        "fits",
        "would have to be made",
        "does not fit 100 bytes",
    ]
    dialog.sheet.choose("bf16")
    assert not _button(page, "use").isVisibleTo(dialog)
    dialog.sheet.choose("F16")
    assert "drawn world" in dialog.findChild(QLabel, "models.words").text()
    assert _button(page, "use").isVisibleTo(dialog)
    assert not _button(page, "remove").isVisibleTo(dialog)


def test_using_a_model_changes_the_settings_and_forgets_the_adapter_of_another(page: ModelsPage, qtbot: QtBot) -> None:
    preferences = page._front.preferences
    preferences.change(adapter="/old")
    _dialog(page).choose("/mine")
    _button(page, "use").click()
    assert (preferences.value.model, preferences.value.precision, preferences.value.adapter) == ("/mine", "F16", "")
    _idle(qtbot, page)
    assert "Mine · in use" in [_dialog(page).findChild(QListWidget).item(at).text() for at in range(6)]


def test_a_precision_that_is_not_there_can_be_made(page: ModelsPage, qtbot: QtBot) -> None:
    _dialog(page).choose("/mine")
    _dialog(page).sheet.choose("Q8_0")
    assert not _button(page, "use").isVisibleTo(_dialog(page))
    _button(page, "make").click()
    assert not _button(page, "make").isEnabled()
    _idle(qtbot, page)
    assert _account(page) == "Mine can be used at Q8_0 now."
    assert _button(page, "make").isEnabled()


def test_nothing_is_fetched_before_the_user_agreed(page: ModelsPage, qtbot: QtBot) -> None:
    _dialog(page).choose("large")
    _button(page, "download").click()
    assert page._run is None
    _answer(qtbot, page, "fetch", "leave")
    assert page._run is None


def test_a_download_is_paused_and_gone_on_with(page: ModelsPage, qtbot: QtBot) -> None:
    _dialog(page).choose("large")
    _button(page, "download").click()
    _answer(qtbot, page, "fetch", "answer_0")
    words = _dialog(page).progress.findChild(QLabel)
    qtbot.waitUntil(lambda: "1.0 GB of 18.0 GB" in words.text(), timeout=20_000)
    assert page._line.isVisibleTo(page._front.window)
    page.pause()
    _idle(qtbot, page)
    assert "Paused" in _account(page)


def test_stopping_a_download_asks_whether_to_delete_what_came(page: ModelsPage, qtbot: QtBot) -> None:
    _dialog(page).choose("large")
    _button(page, "download").click()
    _answer(qtbot, page, "fetch", "answer_0")
    page.stop()
    _idle(qtbot, page)
    _answer(qtbot, page, "discard", "answer_0")
    qtbot.waitUntil(lambda: "deleted" in _account(page), timeout=20_000)
    _idle(qtbot, page)


def test_a_packed_model_is_taken_in(page: ModelsPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[tuple[str, ...]] = []
    begin = page.begin
    monkeypatch.setattr(page, "begin", lambda *words, then: (begun.append(words), begin(*words, then=then)))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/stick/large.zip", ""))
    _button(page, "unpack").click()
    _idle(qtbot, page)
    assert begun == [("Unpacking large.zip", "add", "/stick/large.zip", "--lines")]
    assert _account(page) == "large.zip is on the list."


def test_removing_asks_first_and_a_refusal_arrives_as_its_sentence(page: ModelsPage, qtbot: QtBot) -> None:
    _dialog(page).choose("/mine")
    _button(page, "remove").click()
    _answer(qtbot, page, "remove", "answer_0")
    qtbot.waitUntil(lambda: _account(page) == "No model is called “Mine”.", timeout=20_000)
    _idle(qtbot, page)


def test_a_damaged_model_says_why_and_can_only_be_removed(page: ModelsPage) -> None:
    dialog = _dialog(page)
    dialog.choose("/broken")
    assert "is missing" in dialog.findChild(QLabel, "models.words").text()
    assert [verb for verb in ("use", "make", "verify", "remove") if _button(page, verb).isVisibleTo(dialog)] == [
        "remove"
    ]


def test_every_control_of_the_page_has_names(page: ModelsPage) -> None:
    for button in _dialog(page).findChildren(QPushButton):
        assert button.objectName()
        assert button.accessibleName()


def test_the_pace_is_told_once_it_is_known() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    assert pace.words("asking the hub", 0, 0) == "Asking the hub"
    assert pace.words("a.bin", 2e9, 12e9) == "A.bin: 2.0 GB of 12.0 GB"
    now[0] = 10.0
    assert pace.words("a.bin", 4e9, 12e9) == "A.bin: 4.0 GB of 12.0 GB, 40 s left"


def test_a_program_that_is_not_there_is_told(qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_run, "engine_command", lambda *_: ["/no/such/program"])
    run = EngineRun("models", "survey")
    with qtbot.waitSignal(run.failed, timeout=20_000) as heard:
        run.start()
    assert "Try again" in heard.args[0]
