"""A project is mended in the window: backups, copies, media that moved."""

from collections.abc import Callable
from pathlib import Path

import apsw
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.application import Application
from engine.store.project_store import ProjectStore
from widgets.dialogs.backups import BackupsDialog

Opened = Callable[..., Application]


def project_of(folder: Path) -> Path:
    return folder / "media.groundwork"


def filled(opened: Opened, folder: Path, qtbot: QtBot) -> Application:
    application = opened(folder)
    session = application.session
    qtbot.waitUntil(lambda: session.store is not None and session.store.count_items() == 4, timeout=30_000)
    return application


def dialog_of(application: Application, qtbot: QtBot) -> BackupsDialog:
    qtbot.waitUntil(lambda: bool(application.window.findChildren(BackupsDialog)), timeout=30_000)
    return application.window.findChildren(BackupsDialog)[0]


def press(dialog: BackupsDialog, name: str) -> None:
    found = dialog.findChild(QPushButton, f"backups.{name}")
    assert isinstance(found, QPushButton)
    found.click()


def items(application: Application) -> int:
    return application.session.store.count_items() if application.session.store else -1


def test_a_backup_is_restored_from_the_menu(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application = filled(opened, folder, qtbot)
    store = application.session.store
    assert store is not None
    store.backup()
    application.session.undo()
    assert items(application) == 0
    application.board.run("project.restore")
    press(dialog_of(application, qtbot), "restore")
    qtbot.waitUntil(lambda: items(application) == 4, timeout=30_000)
    assert "Restored" in application.front.notice.sentence
    assert (project_of(folder) / "set-aside-1.db").exists()


def test_of_a_damaged_project_a_backup_is_offered(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    first = filled(opened, folder, qtbot)
    assert first.session.store is not None
    first.session.store.backup()
    first.window.close()
    file = project_of(folder) / "project.db"
    file.write_bytes(b"ruin" * 5000)
    application = opened(folder)
    dialog = dialog_of(application, qtbot)
    why = dialog.findChild(QLabel, "backups.why")
    assert isinstance(why, QLabel)
    assert str(file) in why.text()
    assert file.read_bytes() == b"ruin" * 5000
    press(dialog, "restore")
    qtbot.waitUntil(lambda: items(application) == 4, timeout=30_000)


def test_damage_that_nothing_has_met_yet_is_told_and_a_backup_is_offered(
    opened: Opened, folder: Path, qtbot: QtBot
) -> None:
    first = filled(opened, folder, qtbot)
    assert first.session.store is not None
    first.session.store.backup()
    first.window.close()
    file = project_of(folder) / "project.db"
    connection = apsw.Connection(str(file))
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    index = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'annotation_by_author'").fetchone()
    connection.close()
    with file.open("r+b") as held:
        held.seek((index[0] - 1) * 4096)
        held.write(b"\x05" * 4096)
    application = filled(opened, folder, qtbot)
    why = dialog_of(application, qtbot).findChild(QLabel, "backups.why")
    assert isinstance(why, QLabel)
    assert "is damaged" in why.text()


def test_what_is_open_elsewhere_can_be_worked_on_as_a_copy(
    opened: Opened, folder: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    filled(opened, folder, qtbot)
    second = opened(folder)
    qtbot.waitUntil(lambda: items(second) == 4, timeout=30_000)
    assert not second.session.writable
    step = second.front.notice.findChild(QPushButton, "notice.step")
    assert isinstance(step, QPushButton)
    assert step.isVisibleTo(second.front.notice)
    second.mending.copy(project_of(folder), tmp_path)
    qtbot.waitUntil(lambda: second.session.writable, timeout=30_000)
    assert second.session.store is not None
    assert second.session.store.folder == tmp_path / "media copy.groundwork"
    assert all(second.session.store.path_of(item).exists() for item in second.session.store.items())


def test_moved_media_are_found_again(opened: Opened, folder: Path, qtbot: QtBot, tmp_path: Path) -> None:
    application = filled(opened, folder, qtbot)
    store = application.session.store
    assert isinstance(store, ProjectStore)
    away = tmp_path / "away"
    away.mkdir()
    for name in ("picture_0.png", "picture_1.png"):
        (folder / name).rename(away / name)
    application.mending.relocate(away)
    qtbot.waitUntil(lambda: "2 items found again" in application.front.notice.sentence, timeout=30_000)
    assert all(store.path_of(item).exists() for item in store.items())
    application.session.undo()
    assert not all(store.path_of(item).exists() for item in store.items())
    application.mending.relocate(folder)
    qtbot.waitUntil(lambda: "None of 2 missing items" in application.front.notice.sentence, timeout=30_000)
