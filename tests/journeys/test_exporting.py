"""From the first question to a COCO file that pycocotools loads."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

from pycocotools.coco import COCO
from pytestqt.qtbot import QtBot

from app.application import Application
from app.exporting import remembered
from app.wiring.exchange import Exporting
from widgets.dialogs.export import ExportDialog

Opened = Callable[..., Application]


def test_verified_annotations_become_a_coco_file(opened: Opened, folder: Path, tmp_path: Path, qtbot: QtBot) -> None:
    application = opened(folder)
    store = lambda: application.session.store  # noqa: E731
    qtbot.waitUntil(lambda: store() is not None and store().count_items() == 4, timeout=20_000)
    qtbot.waitUntil(lambda: application.board.holds("ready"))
    with qtbot.waitSignal(application.asking.ended):
        application.asking.ask("Where is the thing?")
    for _ in range(2):
        application.board.run("review.next")
        application.board.run("review.accept")
    application.board.run("project.export")
    qtbot.waitUntil(lambda: bool(application.window.findChildren(ExportDialog)), timeout=60_000)
    [dialog] = application.window.findChildren(ExportDialog)
    [link] = dialog.findChildren(Exporting)
    link.write(tmp_path / "out.json", dialog.values)
    qtbot.waitUntil((tmp_path / "out.json").exists, timeout=120_000)
    qtbot.waitUntil(lambda: "2 annotations" in dialog._account.toPlainText(), timeout=20_000)
    assert remembered(store())["format"] == dialog.values["format"]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(tmp_path / "out.json"))
    assert sorted(one["bbox"] for one in coco.anns.values()) == [[4, 4, 16, 16], [30, 10, 30, 30]]
    dialog.close()
