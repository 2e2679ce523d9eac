"""The window as a whole: it opens, shows what is there, names its controls, and changes its dress."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QKeySequenceEdit,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.application import Application
from engine.domain.errors import StoreError
from engine.domain.project import ItemFilter
from widgets.dialogs.crash import CrashDialog

Opened = Callable[..., Application]
CONTROLS = (QAbstractButton, QAbstractItemView, QComboBox, QLineEdit, QPlainTextEdit)


def ready(application: Application, items: int) -> bool:
    store = application.session.store
    return store is not None and store.count_items() == items and application.session.item is not None


def test_a_folder_becomes_a_project_with_its_media_listed(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = opened(folder)
    qtbot.waitUntil(lambda: ready(application, 4), timeout=45_000)
    qtbot.waitUntil(lambda: application.front.media.model.rowCount() == 4)
    assert (folder / "media.groundwork" / "project.db").exists()
    assert application.window.windowTitle() == "media — Groundwork"


def test_a_second_start_finds_the_project_and_adds_nothing(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    first = opened(folder)
    qtbot.waitUntil(lambda: ready(first, 4), timeout=45_000)
    first.window.close()
    second = opened(folder)
    qtbot.waitUntil(lambda: ready(second, 4))
    assert second.session.store is not None
    assert len(second.session.store.history()) == 1


def test_starting_shows_one_window_and_no_other(opened: Opened, qapp: QApplication, qtbot: QtBot) -> None:
    class Shown(QObject):
        windows: ClassVar[list[str]] = []

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
                self.windows.append(watched.objectName())
            return False

    shown = Shown()
    qapp.installEventFilter(shown)
    application = opened()
    qtbot.waitUntil(lambda: application.session.item is not None, timeout=30_000)
    qapp.removeEventFilter(shown)
    assert shown.windows == ["window"]
    assert application.window.isActiveWindow()


def test_without_media_the_window_says_what_to_do(opened: Opened, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "empty").mkdir()
    application = opened(tmp_path / "empty")
    qtbot.waitUntil(lambda: "no pictures, clips or sounds" in application.front.notice.sentence, timeout=45_000)


def test_a_missing_path_is_told_in_a_sentence(opened: Opened, tmp_path: Path, qtbot: QtBot) -> None:
    application = opened(tmp_path / "nowhere")
    qtbot.waitUntil(lambda: "does not exist" in application.front.notice.sentence)
    assert application.session.store is None


def test_what_was_foreseen_is_a_sentence_and_only_the_rest_a_report(opened: Opened, qtbot: QtBot) -> None:
    application = opened()
    guard, front = application.front.guard, application.front
    guard.tell(StoreError("project.db is damaged; restore a backup."))
    qtbot.waitUntil(lambda: front.notice.sentence == "project.db is damaged; restore a backup.")
    assert not front.window.findChildren(CrashDialog)
    guard.tell(ValueError("nobody thought of this"))
    qtbot.waitUntil(lambda: bool(front.window.findChildren(CrashDialog)))
    front.window.findChildren(CrashDialog)[0].close()


def test_every_control_has_a_name_for_tests_and_for_people(opened: Opened) -> None:
    application = opened()
    controls = [one for kind in CONTROLS for one in application.window.findChildren(kind)]
    ours = [one for one in controls if not one.objectName().startswith("qt_") and not _inner(one)]
    assert len(ours) > 10
    assert [repr(one) for one in ours if not one.objectName()] == []
    assert [one.objectName() for one in ours if not one.accessibleName()] == []


def test_themes_change_while_it_runs(opened: Opened) -> None:
    application = opened()
    surfaces = set()
    for name in ("light", "dark", "contrast"):
        application.board.run(f"view.theme_{name}")
        surfaces.add(application.window.palette().window().color().name())
    assert len(surfaces) == 3


def test_single_keys_are_text_in_a_text_field(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = opened(folder)
    qtbot.waitUntil(lambda: ready(application, 4), timeout=45_000)
    shown = application.session.item
    application.board.run("go.search")
    qtbot.waitUntil(lambda: application.board.holds("typing"))
    qtbot.keyClicks(application.front.media.search, "da")
    assert application.front.media.search.text() == "da"
    assert application.session.item == shown
    qtbot.keyClick(application.front.media.search, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not application.board.holds("typing"))


@pytest.mark.parametrize("action", ["project.settings", "help.shortcuts", "help.about", "view.palette"])
def test_dialogs_open_with_named_controls(opened: Opened, qtbot: QtBot, action: str) -> None:
    application = opened()
    application.board.run(action)
    dialogs = [one for one in application.window.children() if isinstance(one, QWidget) and one.isWindow()]
    assert dialogs
    controls = [one for dialog in dialogs for kind in CONTROLS for one in dialog.findChildren(kind)]
    nameless = [one for one in controls if not (one.objectName() and one.accessibleName())]
    assert [repr(one) for one in nameless if not _inner(one)] == []
    for dialog in dialogs:
        dialog.close()


def test_items_go_by_in_the_order_of_the_list(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = opened(folder)
    qtbot.waitUntil(lambda: ready(application, 4), timeout=45_000)
    qtbot.waitUntil(lambda: application.front.media.model.rowCount() == 4)
    store = application.session.store
    assert store is not None
    order = [item.id for item in store.items(ItemFilter())]
    application.session.show_item(order[0])
    application.board.run("go.next_item")
    assert application.session.item is not None
    assert application.session.item.id == order[1]
    application.board.run("go.previous_item")
    assert application.session.item.id == order[0]


def _inner(control: QWidget) -> bool:
    """Parts that Qt itself puts inside its controls."""
    above = control.parentWidget()
    while above is not None:
        if isinstance(above, QLineEdit | QComboBox | QAbstractItemView | QKeySequenceEdit | QAbstractSpinBox | QTabBar):
            return True
        above = above.parentWidget()
    return False


def test_a_panel_that_hides_gives_the_keys_back_to_the_work(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = opened(folder)
    qtbot.waitUntil(lambda: ready(application, 4), timeout=45_000)
    store = application.session.store
    assert store is not None
    sound = next(item for item in store.items() if item.path == "tone.wav")
    application.session.show_item(sound.id)
    time = application.window.docks["time"]
    qtbot.waitUntil(time.isVisible)
    application.front.stage.setFocus()
    qtbot.waitUntil(lambda: time.isAncestorOf(application.window.focusWidget()))
    application.session.show_item(store.items()[0].id)
    qtbot.waitUntil(lambda: not time.isVisible())
    qtbot.waitUntil(lambda: not application.board.holds("typing"))
    assert not isinstance(application.window.focusWidget(), QAbstractButton)


def test_the_arrows_stay_with_the_work_from_a_sound_to_a_picture_and_back(
    opened: Opened, folder: Path, qtbot: QtBot
) -> None:
    application = opened(folder)
    qtbot.waitUntil(lambda: ready(application, 4), timeout=45_000)
    application.window.activateWindow()
    items = {item.path: item.id for item in application.session.store.items()}
    application.board.run("go.work")
    for name in ("tone.wav", "picture_0.png", "tone.wav", "picture_1.png"):
        application.session.show_item(items[name])
        qtbot.waitUntil(lambda: application.board.holds("work"), timeout=2000)


def test_keys_of_actions_outside_the_menus_work(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = opened(folder)
    qtbot.waitUntil(lambda: ready(application, 4), timeout=45_000)
    board = application.front.board
    held = set(application.window.actions())
    assert all(action in held for action in board.actions())
    done: list[str] = []
    board.done.connect(done.append)
    board.set_fact("work", holds=True)
    qtbot.keyClick(application.window, Qt.Key.Key_Left)
    assert done == ["work.left"]
