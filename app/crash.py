"""What nobody caught goes to the log; what nobody even foresaw, to a dialog whose report the user can save, too."""

import faulthandler
import logging
import platform
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import PySide6
from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, qInstallMessageHandler, qVersion

from app import VERSION
from engine.domain.errors import GroundworkError

_log = logging.getLogger("groundwork")
_LARGE = 1_000_000
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class CrashGuard(QObject):
    """Takes over the hooks of Python and Qt; `crashed(report)` arrives on the window's thread, and so does
    `foreseen(sentence)` of an error that has a sentence for the user.
    """

    crashed = Signal(str)
    foreseen = Signal(str)
    _caught = Signal(str)
    _met = Signal(str)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.file = folder / "groundwork.log"
        self._trace = _logging_to(self.file)
        self._caught.connect(self.crashed, Qt.ConnectionType.QueuedConnection)
        self._met.connect(self.foreseen, Qt.ConnectionType.QueuedConnection)
        self._before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = self._hook
        threading.excepthook = lambda args: self.tell(args.exc_value)
        sys.unraisablehook = lambda args: self.tell(args.exc_value)
        qInstallMessageHandler(_qt_message)

    def tell(self, error: BaseException | None) -> None:
        """Log an error that nobody caught and show it."""
        if error is None or isinstance(error, KeyboardInterrupt):
            return
        if isinstance(error, GroundworkError):
            _log.error("not caught", exc_info=error)
            self._met.emit(str(error))
            return
        _log.critical("unforeseen", exc_info=error)
        self._caught.emit(self.report(error))

    def report(self, error: BaseException | None = None) -> str:
        """Versions, the error and the end of the log, as text for a file."""
        trace = "".join(traceback.format_exception(error)) if error else ""
        lines = self.file.read_text(errors="replace").splitlines()[-200:] if self.file.exists() else []
        return "\n".join([*self.versions(), "", trace, "Log:", *lines, ""])

    @staticmethod
    def versions() -> list[str]:
        return [
            f"Groundwork {VERSION}",
            f"Python {platform.python_version()} on {platform.platform()}",
            f"Qt {qVersion()}, PySide6 {PySide6.__version__}",
        ]

    def release(self) -> None:
        """Give the hooks back and close the log."""
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._before
        qInstallMessageHandler(None)
        if self._trace is not None:
            faulthandler.disable()
            for handler in list(logging.getLogger().handlers):
                if getattr(handler, "baseFilename", "") == str(self.file.absolute()):
                    logging.getLogger().removeHandler(handler)
                    handler.close()
            self._trace()

    def _hook(self, _kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        self.tell(error)


def _logging_to(file: Path) -> Callable[[], None] | None:
    """Log to `file`, native crashes to a file beside it; without a writable folder there is no log."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and file.stat().st_size > _LARGE:
            file.replace(file.with_suffix(".old.log"))
        handler = logging.FileHandler(file, encoding="utf-8")
        native = file.with_name("native.log").open("a", encoding="utf-8")
    except OSError:
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)
    faulthandler.enable(native)
    return native.close


def _qt_message(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    _log.log(_LEVELS.get(kind, logging.WARNING), "Qt: %s", message)
