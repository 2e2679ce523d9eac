"""The program `groundwork`: one window."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from app import VERSION
from app.front import Front
from app.late import late
from app.places import Places, user_places

_NO_DISPLAY = "There is no display: start Groundwork from a desktop session, or under xvfb-run."


def main(arguments: list[str] | None = None, places: Places | None = None) -> int:
    """Open what was named, or the sample project, and stay until the window is closed."""
    named = _parser().parse_args(arguments)
    if not _has_display():
        sys.stderr.write(f"{_NO_DISPLAY}\n")
        return 2
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(_PASS_THROUGH)
    qt = QApplication.instance() or QApplication(_ARGUMENTS)
    if not isinstance(qt, QApplication):
        return 1
    qt.setApplicationName("Groundwork")
    front = begin(qt, places or user_places(), [Path(name) for name in named.paths], greet=not named.paths)
    if named.first_paint:
        front.painted.connect(lambda: sys.stdout.write(f"{time.time():.3f}\n"))
        front.painted.connect(qt.quit)
    status = qt.exec()
    front.deleteLater()
    return status


def begin(
    qt: QApplication, places: Places, paths: Sequence[Path], *, engine: Sequence[str] = (), greet: bool = False
) -> Front:
    """Show the window; its panels, and then what stands behind it, are loaded once it has been painted.

    `greet` shows newcomers around the sample project.
    """
    front = Front(places)

    def furnish() -> None:
        late("app.panels").furnish(front)
        QTimer.singleShot(0, front, go_on)

    def go_on() -> None:
        application = late("app.application").Application(front, qt, engine=engine)
        application.open(paths)
        if greet:
            application.first_minutes.greet()

    front.painted.connect(furnish)
    front.show()
    return front


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="groundwork", description="Ask a local model where and when things are.")
    parser.add_argument(
        "paths", nargs="*", metavar="FOLDER | PROJECT | MEDIA", help="what to open; the sample project if nothing"
    )
    # For the bundle's test: tell the time of the first paint, in seconds since 1970, and end.
    parser.add_argument("--first-paint", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=VERSION)
    return parser


def _has_display() -> bool:
    named = os.environ.keys() & {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    return bool(named) or not sys.platform.startswith("linux")


# The style is named here because asking for it later loads all of `QStyle`, 15 ms before the first paint.
_ARGUMENTS = ["groundwork", "-style", "fusion"]
_PASS_THROUGH = Qt.HighDpiScaleFactorRoundingPolicy.PassThrough

if __name__ == "__main__":
    sys.exit(main())
