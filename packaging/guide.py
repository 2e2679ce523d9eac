"""Makes what of the user guide is made by machine: pictures from the running app, and the table of shortcuts.

Run by `make guide`. The app opens a fresh sample project with the embedded model on a screen that nobody sees.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from PIL import Image
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from app.__main__ import begin
from app.actions import ACTIONS, MENUS
from app.application import Application
from app.places import Places

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "guide"
_SIZE = (1180, 740)
_WIDE = 900
_PATIENCE_S = 180.0


def shortcuts() -> str:
    """Every action with its keys, menu by menu, as a page of Markdown."""
    lines = [
        "# Shortcuts",
        "",
        "Change them with Help › Shortcuts (F1); Project › Settings has presets of other tools.",
        "",
    ]
    for menu in (*MENUS, ""):
        rows = [row for row in ACTIONS if row.menu == menu and row.keys]
        if rows:
            lines += [f"## {menu or 'At work'}", "", "| Action | Keys |", "|---|---|"]
            lines += [f"| {row.title.rstrip('…')} | {', '.join(row.keys).replace('|', '&#124;')} |" for row in rows]
            lines.append("")
    return "\n".join(lines)


def wait(until: Callable[[], bool], what: str) -> None:
    """Let the app work until it is so far."""
    end = monotonic() + _PATIENCE_S
    while not until():
        if monotonic() > end:
            sys.exit(f"gave up waiting for {what}")
        pause(50)


def pause(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def keep(widget: QWidget, name: str) -> None:
    """A picture of few colours, small enough to travel with the app."""
    path = GUIDE / f"{name}.png"
    pause(400)
    widget.grab().save(str(path))
    with Image.open(path) as shot:
        small = shot.convert("RGB")
    if small.width > _WIDE:
        small = small.resize((_WIDE, round(small.height * _WIDE / small.width)), Image.Resampling.LANCZOS)
    small.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    sys.stdout.write(f"{path.name} {path.stat().st_size // 1024} kB\n")


class Shooting:
    """Walks through the app as the guide does."""

    def __init__(self, app: Application) -> None:
        self._app, self._window = app, app.window

    def run(self) -> None:
        self._window.resize(*_SIZE)
        wait(lambda: self._app.session.item is not None and self._app.board.holds("ready"), "the model")
        keep(self._window, "opening")
        self._show("meadow.jpg")
        self._ask("Where is the balloon?")
        keep(self._window, "asking")
        self._app.session.select(self._app.session.annotations[0].id)
        self._app.board.run("review.accept")
        keep(self._window, "correcting")
        self._show("parade.mp4")
        self._ask("When does the owl appear?")
        pause(2500)
        self._app.front.notice.hide()
        keep(self._window, "time")
        self._show("concert.wav")
        self._ask("When does the flute play?")
        pause(2500)
        keep(self._window, "sound")
        self._dialogs()

    def _dialogs(self) -> None:
        board = self._app.board
        board.run("project.export")
        self._dialog("export", 3000)
        self._window.docks["training"].show()
        self._window.docks["training"].raise_()
        keep(self._window, "retraining")
        board.run("ask.models")
        self._dialog("models", 0, lambda one: one.findChild(QWidget, "models.fits").model().rowCount() > 0)
        board.run("help.check")
        self._dialog("checks", 0, lambda one: one.findChild(QWidget, "checks.save").isEnabled())
        board.run("help.tour")
        keep(self._window, "tour")

    def _dialog(self, name: str, milliseconds: int, ready: Callable[[QWidget], bool] = lambda _: True) -> None:
        def found() -> QWidget | None:
            return next((one for one in QApplication.topLevelWidgets() if one.objectName() == name), None)

        wait(lambda: (one := found()) is not None and ready(one), name)
        pause(milliseconds)
        dialog = found()
        if dialog is not None:
            keep(dialog, name)
            dialog.close()

    def _show(self, path: str) -> None:
        store = self._app.session.store
        item = store.item_at(path) if store else None
        if item is None:
            sys.exit(f"the sample project has no {path}")
        self._app.session.show_item(item.id)
        pause(800)

    def _ask(self, text: str) -> None:
        over: list[object] = []
        self._app.asking.ended.connect(over.append)
        self._app.asking.ask(text)
        wait(lambda: bool(over), text)


def main() -> None:
    GUIDE.mkdir(parents=True, exist_ok=True)
    (GUIDE / "shortcuts.md").write_text(shortcuts(), encoding="utf-8")
    qt = QApplication(["groundwork"])
    with tempfile.TemporaryDirectory() as made:
        front = begin(qt, Places(*(Path(made) / name for name in ("settings", "data", "log", "cache"))), [])
        front.preferences.change(theme="light", toured=True)
        wait(lambda: bool(front.findChildren(Application)), "the window")
        Shooting(front.findChildren(Application)[0]).run()
        front.window.close()


if __name__ == "__main__":
    main()
