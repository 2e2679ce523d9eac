"""A look at this machine: once at the first start without a dialog, and whenever the user wants one."""

from pathlib import Path

import msgspec
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from app import VERSION
from app.engine_run import EngineRun
from app.front import Front
from engine.domain.machine import Findings
from widgets.dialogs.checks import ChecksDialog


class Checks(QObject):
    """One look at a time, in the engine's program: only there is what it needs to be asked for."""

    def __init__(self, front: Front) -> None:
        super().__init__(front)
        self._front = front
        self._run: EngineRun | None = None
        self._dialog: ChecksDialog | None = None
        self._found: Findings | None = None
        front.window.closing.connect(self.close)

    def show(self) -> None:
        """Open the page and look."""
        if self._dialog is None:
            self._dialog = ChecksDialog(self._front.window)
            self._dialog.again_wanted.connect(self.look)
            self._dialog.save_wanted.connect(self._ask_where)
            self._dialog.stopped.connect(self._stop)
        self._dialog.show()
        self._dialog.raise_()
        self.look()

    def look(self) -> None:
        if self._dialog is not None:
            self._dialog.show_busy()
        if self._run is None:
            self._run = EngineRun("doctor", "--lines", parent=self)
            self._run.progressed.connect(self._tell)
            self._run.done.connect(self._take)
            self._run.failed.connect(self._fail)
            self._run.over.connect(self._over)
            self._run.start()

    def look_once(self) -> None:
        """After the first start of a version, quietly; what was found is one sentence."""
        if self._front.preferences.value.checked != VERSION:
            self.look()

    def save(self, path: Path) -> None:
        """The report as text; no home folder and no name in it."""
        if self._found is not None:
            path.write_text("\n".join([*self._front.guard.versions(), "", self._found.text]), encoding="utf-8")

    def close(self) -> None:
        if self._run is not None:
            self._run.close()

    def _tell(self, what: str, done: float, total: float) -> None:
        if self._dialog is not None:
            self._dialog.show_progress(what, done, total)

    def _take(self, line: bytes) -> None:
        self._found = msgspec.json.decode(line, type=Findings)
        self._front.preferences.change(checked=VERSION)
        if self._dialog is not None and self._dialog.isVisible():
            self._dialog.show_findings(self._found)
        else:
            self._front.notice.say(f"{self._found.sentence} Help › Check this machine shows all of it.")

    def _fail(self, sentence: str) -> None:
        if self._dialog is not None:
            self._dialog.show_trouble(f"The engine's program could not look: {sentence}")

    def _stop(self) -> None:
        if self._run is not None:
            self._run.stop()
        if self._dialog is not None:
            self._dialog.show_trouble("Stopped; nothing was found out.")

    def _over(self) -> None:
        self._run = None

    def _ask_where(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self._dialog, "Save a report", "groundwork-machine.txt", "Text (*.txt)")
        if name:
            self.save(Path(name))


def connect_checks(front: Front) -> Checks:
    checks = Checks(front)
    front.board.bind({"help.check": checks.show})
    return checks
