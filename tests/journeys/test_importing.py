"""Annotations of another program, about media that are called otherwise in the project."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from shutil import copyfile

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QListWidget, QPlainTextEdit, QPushButton, QTableView, QWidget
from pytestqt.qtbot import QtBot

from app.application import Application
from app.late import late
from app.wiring.importing import Importing, open_import
from engine import edits
from engine.store.project_store import ProjectStore
from widgets.dialogs.import_ import ImportDialog

Opened = Callable[..., Application]
NAMES = ("set/picture 0 final.png", "set/unknown.png", "set/third.png")


def sheet(folder: Path, names: tuple[str, ...] = NAMES) -> Path:
    """A COCO file with one box in each picture."""
    box = {"category_id": 1, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0}
    whole = {
        "images": [{"id": at, "file_name": name, "width": 64, "height": 48} for at, name in enumerate(names, 1)],
        "annotations": [{"id": at, "image_id": at, **box} for at in range(1, len(names) + 1)],
        "categories": [{"id": 1, "name": "kite"}],
    }
    path = folder / "kites.json"
    path.write_text(json.dumps(whole))
    return path


class Hand:
    """Works the dialog as a person does."""

    def __init__(self, dialog: ImportDialog, qtbot: QtBot) -> None:
        self.dialog, self.qtbot = dialog, qtbot
        [self.link] = dialog.findChildren(Importing)
        self.settled()

    def settled(self) -> None:
        self.qtbot.waitUntil(lambda: self.link._idle, timeout=120_000)

    def click(self, name: str) -> None:
        self.qtbot.mouseClick(self.dialog.findChild(QPushButton, name), Qt.MouseButton.LeftButton)
        self.settled()

    def rows(self) -> list[list[str]]:
        model = self.dialog.findChild(QTableView, "import.table").model()
        return [[model.index(row, at).data() for at in range(4)] for row in range(model.rowCount())]

    @property
    def account(self) -> str:
        return str(self.dialog.findChild(QPlainTextEdit, "import.account").toPlainText())

    @property
    def ready(self) -> bool:
        return bool(self.dialog.findChild(QPushButton, "import.go").isEnabled())


@pytest.fixture
def application(opened: Opened, folder: Path, qtbot: QtBot) -> Application:
    found = opened(folder)
    qtbot.waitUntil(lambda: found.session.store is not None and found.session.store.count_items() == 4, timeout=120_000)
    late("app.importing")
    return found


def started(application: Application, source: Path, qtbot: QtBot) -> Hand:
    [format_] = [row for row in late("app.importing").formats_of(source) if row.id == "coco"]
    dialog = open_import(source, format_, application.window, application.session, application.jobs)
    return Hand(dialog, qtbot)


def store_of(application: Application) -> ProjectStore:
    assert application.session.store is not None
    return application.session.store


def test_one_name_is_decided_by_suggestion_one_by_search_one_left_out_and_undone_at_once(
    application: Application, tmp_path: Path, qtbot: QtBot
) -> None:
    hand = started(application, sheet(tmp_path), qtbot)
    assert [row[0] for row in hand.rows()] == list(NAMES)
    assert hand.rows()[0][2].endswith("picture_0.png")
    assert "None of the media that kites.json names is in the project" in hand.account
    assert "look in the folder" in hand.account
    assert not hand.ready

    hand.click("import.suggestion")
    assert hand.ready
    assert "Adds 1 annotation," in hand.account
    assert "Not in the project: 2 media" in hand.account

    table, find = hand.dialog.findChild(QTableView, "import.table"), hand.dialog.findChild(QLineEdit, "import.find")
    assert table.currentIndex().row() == 1
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.keyClicks(find, "picture_2")
    assert hand.dialog.findChild(QListWidget, "import.hits").count() == 1
    qtbot.keyClick(find, Qt.Key.Key_Return)
    hand.settled()
    assert "Adds 2 annotations," in hand.account
    assert hand.dialog.isVisible()

    qtbot.keyClick(table, Qt.Key.Key_Delete)
    hand.settled()
    assert hand.rows()[2][3] == "left out"
    assert "Left out as you said: 1 medium." in hand.account

    steps = len(store_of(application).history())
    hand.click("import.go")
    store = store_of(application)
    names = {item.id: item.path.rsplit("/", 1)[-1] for item in store.items()}
    assert sorted(names[one.item] for one in store.annotations()) == ["picture_0.png", "picture_2.png"]
    assert len(store.history()) == steps + 1
    application.session.undo()
    assert (store.count_annotations(), store.labels()) == (0, [])


def test_a_folder_brings_what_lies_in_it_as_new_media_or_as_those_of_the_same_content(
    application: Application, folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    elsewhere = tmp_path / "elsewhere" / "deep"
    elsewhere.mkdir(parents=True)
    copyfile(folder / "picture_1.png", elsewhere / "unknown.png")
    Image.new("RGB", (64, 48), "white").save(elsewhere / "third.png")
    hand = started(application, sheet(tmp_path), qtbot)
    hand.link.look(tmp_path / "media")
    hand.settled()
    assert "media holds no medium of these names" in hand.account
    hand.link.look(tmp_path / "elsewhere")
    hand.settled()
    qtbot.waitUntil(lambda: hand.ready)
    taken = [row[3].rsplit("/", 1)[-1] for row in hand.rows()]
    assert taken == ["not decided", "picture_1.png", "third.png"]
    assert "Adds 2 annotations, 0 questions, 1 label and 1 medium." in hand.account
    hand.click("import.go")
    assert (store_of(application).count_items(), store_of(application).count_annotations()) == (5, 2)
    application.session.undo()
    assert (store_of(application).count_items(), store_of(application).count_annotations()) == (4, 0)


def test_a_file_whose_media_are_all_known_asks_nothing(application: Application, tmp_path: Path, qtbot: QtBot) -> None:
    hand = started(application, sheet(tmp_path, ("picture_0.png",)), qtbot)
    assert not hand.dialog.strays.isVisible()
    assert "Adds 1 annotation, 0 questions, 1 label and 0 media." in hand.account
    qtbot.keyClick(hand.dialog, Qt.Key.Key_Return)
    hand.settled()
    assert store_of(application).count_annotations() == 1


def big(folder: Path, count: int) -> Path:
    """A COCO file with `count` boxes in one picture of the project."""
    path = sheet(folder, ("picture_0.png",))
    whole = json.loads(path.read_text())
    whole["annotations"] = [
        {
            "id": at,
            "image_id": 1,
            "category_id": 1,
            "bbox": [at % 50, at % 40, 1 + at / count, 5],
            "area": 5,
            "iscrowd": 0,
        }
        for at in range(1, count + 1)
    ]
    path.write_text(json.dumps(whole))
    return path


@pytest.mark.parametrize("deed", ["stopped", "killed"])
def test_an_import_that_ends_on_the_way_writes_nothing_and_the_work_goes_on(
    application: Application, tmp_path: Path, qtbot: QtBot, deed: str
) -> None:
    store, session = store_of(application), application.session
    hand = started(application, big(tmp_path, 20_000), qtbot)
    qtbot.mouseClick(hand.dialog.findChild(QPushButton, "import.go"), Qt.MouseButton.LeftButton)
    writing = hand.link._writing
    assert writing is not None
    assert not session.writable
    assert not session.apply(edits.finish(store.items()[0], done=True))
    with qtbot.waitSignal(writing.progressed, timeout=120_000):
        pass
    if deed == "stopped":
        qtbot.mouseClick(hand.dialog.findChild(QPushButton, "import.progress.stop"), Qt.MouseButton.LeftButton)
    else:
        os.kill(writing._process.pid, signal.SIGKILL)
    hand.settled()
    assert "nothing was imported" in hand.account
    assert store.count_annotations() == 0
    assert session.writable
    assert session.apply(edits.finish(store.items()[0], done=True))
    hand.dialog.close()


def test_a_file_that_is_none_is_told_in_the_dialog(application: Application, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "kites.json").write_text("{")
    hand = started(application, tmp_path / "kites.json", qtbot)
    assert "kites.json" in hand.account
    assert not hand.ready
    hand.dialog.close()


def test_every_control_has_its_two_names(application: Application, tmp_path: Path, qtbot: QtBot) -> None:
    hand = started(application, sheet(tmp_path), qtbot)
    controls = [
        one
        for kind in (QPushButton, QLineEdit, QTableView, QListWidget, QPlainTextEdit)
        for one in hand.dialog.findChildren(kind)
        if one.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert len(controls) >= 10
    assert [type(one) for one in controls if not one.objectName().startswith("import.") or not named(one)] == []
    hand.dialog.close()


def named(widget: QWidget) -> bool:
    return bool(widget.accessibleName())
