"""Export and import for the window; here the export, a dialog over a program of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QFileDialog

from app.actions.board import ActionBoard
from app.export_run import ExportRun
from app.jobs import Jobs
from app.late import late
from app.main_window import MainWindow
from app.session import Session
from app.wiring.importing import connect_importing
from widgets.dialogs.export import ExportDialog
from widgets.field import Field


class Exporting(QObject):
    """One export dialog with its runs; the newest choice counts."""

    def __init__(self, dialog: ExportDialog, session: Session) -> None:
        super().__init__(dialog)
        self._dialog, self._session = dialog, session
        self._run: ExportRun | None = None
        dialog.changed.connect(self.preview)
        dialog.wanted.connect(self.ask_where)
        dialog.stopped.connect(self.stop)

    def begin(self) -> None:
        """Say what the choices would lose, unless something runs already."""
        if self._run is None:
            self.preview(self._dialog.values)

    def preview(self, values: Mapping[str, Any]) -> None:
        run = self._start(Path("preview"), values, preview=True)
        if run is not None:
            run.done.connect(self._previewed)

    def ask_where(self, values: Mapping[str, Any]) -> None:
        suffix = late("app.exporting").suffix(values["format"])
        name = f"annotations{suffix or '-' + values['format']}"
        filter_ = f"*{suffix}" if suffix else ""
        beside = self._session.store.root if self._session.store else Path()
        chosen, _ = QFileDialog.getSaveFileName(self._dialog, "Export to", str(beside / name), filter_)
        if chosen:
            self.write(Path(chosen), values)

    def write(self, target: Path, values: Mapping[str, Any]) -> None:
        """Write the export; the dialog shows how far it is and what became of it."""
        run = self._start(target.absolute(), values)
        if run is None:
            return
        name = target.name
        self._dialog.show_progress(f"Writing {name}", 0, 0)
        run.progressed.connect(lambda _, done, total: self._dialog.show_progress(f"Writing {name}", done, total))
        run.done.connect(lambda line: self._written(name, values, late("app.exporting").exported(line)))
        run.left.connect(lambda: late("engine.exchange.writing").sweep(target))

    def stop(self) -> None:
        if self._run is not None:
            self._run.stop()
            self._run = None
            self._dialog.finish()

    def _start(self, target: Path, values: Mapping[str, Any], *, preview: bool = False) -> ExportRun | None:
        self.stop()
        store = self._session.store
        if store is None:
            return None
        # It outlives the dialog, which may be closed while the program is still ending.
        self._run = ExportRun(store.folder, target, values, self._session, preview=preview)
        self._run.failed.connect(self._fail)
        self._dialog.destroyed.connect(self._run.stop)
        self._run.start()
        return self._run

    def _previewed(self, line: bytes) -> None:
        self._run = None
        exchange = late("app.exporting")
        self._dialog.show_account(exchange.told(exchange.exported(line).report))

    def _written(self, name: str, values: Mapping[str, Any], done: Any) -> None:
        self._run = None
        self._dialog.finish()
        store = self._session.store
        if store is not None and done.numbers and not store.read_only:
            store.set_value(late("engine.transfer").NUMBERS, done.numbers)
        if store is not None:
            late("app.exporting").remember(store, values)
        self._dialog.show_account(late("app.exporting").told(done.report, target=name))

    def _fail(self, sentence: str) -> None:
        self._run = None
        self._dialog.finish()
        self._dialog.show_account(sentence)


def connect_exchange(board: ActionBoard, window: MainWindow, session: Session, jobs: Jobs) -> None:
    def export() -> None:
        """The formats are loaded in a job; the dialog follows as soon as they are there."""
        jobs.run(lambda _report: late("app.exporting"), done=lambda _: show())

    def show() -> None:
        if session.store is None:
            return
        dialog = ExportDialog(_rows(), late("app.exporting").remembered(session.store), window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        link = Exporting(dialog, session)
        # In slices: a dialog, its first painting and a program that starts are too much for one.
        QTimer.singleShot(0, dialog, dialog.open)
        QTimer.singleShot(100, link, link.begin)

    board.bind({"project.export": export})
    connect_importing(board, window, session, jobs)


def _rows() -> tuple[Field, ...]:
    splits = (
        ("none", "Together"),
        ("80", "80 % train, 10 % val, 10 % test"),
        ("70", "70 % train, 15 % val, 15 % test"),
    )
    return (
        Field("format", "Format", "choice", choices=late("app.exporting").choices()),
        Field("states", "What", "choice", choices=(("verified", "Verified annotations"), ("all", "Everything"))),
        Field("split", "Split", "choice", choices=splits),
        Field("copy", "Copy media beside the labels, where the format lays them out", "flag"),
        Field("empty", "Media without annotations, too", "flag"),
    )
