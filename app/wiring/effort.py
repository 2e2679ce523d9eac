"""The effort meter listens to the whole window and shows what a review costs."""

import logging
import time
from pathlib import Path

import msgspec
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QLineEdit, QPlainTextEdit

from app.actions.board import ActionBoard
from app.effort import Meter, Reviewed, as_csv, tally
from app.main_window import MainWindow
from app.session import Session
from app.wiring.review import Review
from engine.answers import now
from engine.domain.annotation import Annotation
from engine.domain.query import Prediction, Query
from widgets.wording import count

_log = logging.getLogger(__name__)
_FILE = "effort.jsonl"
_ALONE = {Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr}


class EffortWatch(QObject):
    """Counts keys and presses, notes each verdict in the project's folder, and keeps the line in the status bar."""

    def __init__(self, session: Session, line: QLabel) -> None:
        super().__init__(line)
        self._session, self._line = session, line
        self._meter = Meter(time.monotonic)
        self._rows: list[Reviewed] = []
        session.project_changed.connect(self._load)

    @property
    def rows(self) -> list[Reviewed]:
        return self._rows

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Windows see each input once, before any of their widgets."""
        if watched.isWindowType() and _is_input(event):
            self._meter.input(typed=_is_letter(event))
        return False

    def decided(self, annotation: Annotation | None, kind: str) -> None:
        """Note a verdict."""
        store = self._session.store
        inputs, typed, seconds = self._meter.verdict()
        if store is None:
            return
        evidence = store.get(Prediction, annotation.provenance.prediction or "") if annotation else None
        asked = store.get(Query, annotation.query or "") if annotation else None
        row = Reviewed(
            at=now(),
            item=self._session.item.id if self._session.item else "",
            annotation=annotation.id if annotation else "",
            kind=kind,
            question=asked.text if asked else "",
            model=evidence.model.name if evidence else "",
            adapter=evidence.model.adapter if evidence else "",
            inputs=inputs,
            typed=typed,
            seconds=seconds,
        )
        self._rows.append(row)
        self._write(store.folder / _FILE, row)
        self._show()

    def _write(self, file: Path, row: Reviewed) -> None:
        """The meter is a help: that it cannot be written is no reason to disturb."""
        try:
            with file.open("ab") as lines:
                lines.write(msgspec.json.encode(row) + b"\n")
        except OSError as error:
            _log.warning("the effort could not be noted: %s", error)

    def _load(self) -> None:
        store = self._session.store
        self._rows = _read(store.folder / _FILE) if store else []
        self._show()

    def _show(self) -> None:
        recent = tally(self._rows[-50:])
        if not recent.reviewed:
            self._line.setText("")
            return
        self._line.setText(f"{recent.inputs_each:.1f} inputs · {recent.seconds_each:.1f} s / review")
        self._line.setToolTip(f"Mean of the last {recent.reviewed} reviews; pauses do not count.")


def connect_effort(
    qt: QApplication, board: ActionBoard, window: MainWindow, session: Session, review: Review
) -> EffortWatch:
    watch = EffortWatch(session, window.place_status("effort", "Effort"))
    qt.installEventFilter(watch)
    review.decided.connect(watch.decided)

    def save() -> None:
        beside = session.store.root if session.store else Path()
        name, _ = QFileDialog.getSaveFileName(window, "Save effort", str(beside / "effort.csv"), "CSV (*.csv)")
        if name:
            try:
                Path(name).write_text(as_csv(watch.rows), encoding="utf-8")
                session.noted.emit(f"{count(len(watch.rows), 'review')} written to {name}.")
            except OSError as error:
                session.told.emit(f"{name} could not be written: {error.strerror}.")

    board.bind({"review.effort": save})
    return watch


def _is_input(event: QEvent) -> bool:
    if isinstance(event, QKeyEvent):
        pressed = event.type() == QEvent.Type.KeyPress
        return pressed and not event.isAutoRepeat() and Qt.Key(event.key()) not in _ALONE
    return event.type() in {QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick}


def _is_letter(event: QEvent) -> bool:
    """Whether a key writes into the text field that has the focus."""
    writes = isinstance(event, QKeyEvent) and bool(event.text()) and event.text().isprintable()
    return writes and isinstance(QApplication.focusWidget(), QLineEdit | QPlainTextEdit)


def _read(file: Path) -> list[Reviewed]:
    """Verdicts noted before; a line cut off by a crash is left out."""
    rows = []
    try:
        lines = file.read_bytes().splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            rows.append(msgspec.json.decode(line, type=Reviewed))
        except msgspec.DecodeError:
            _log.info("a line of %s is not readable", file)
    return rows
