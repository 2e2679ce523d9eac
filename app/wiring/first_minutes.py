"""The first minutes: a short tour on the sample project, remembered once it was taken or skipped, and the guide."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QDockWidget, QWidget

from app.front import Front
from app.wiring.checks import Checks
from resources import guide
from widgets.dialogs.guide import GuideDialog
from widgets.tour import Stop, Tour

_LATER_MS = 1500

STOPS = (
    Stop(
        "media",
        "Your media",
        "This is the sample project: some pictures, a clip and a sound. Later, Ctrl+O makes a project of any folder. "
        "D goes to the next item, A to the one before.",
    ),
    Stop(
        "ask",
        "Ask",
        "Write a question in plain words, such as “Where is the balloon?”, and press Enter. The model runs on this "
        "computer; the one that comes with the app knows a drawn world only.",
    ),
    Stop(
        "stage",
        "Look",
        "What the model found is dashed. Pull an edge or a corner to put it right, or click where an edge should be. "
        "What you drew or accepted is solid.",
    ),
    Stop(
        "annotations",
        "Decide",
        "Enter accepts the selected prediction, Backspace rejects it, and the next one comes up. N states that the "
        "thing is not there. Ctrl+Z takes anything back.",
    ),
    Stop(
        "bar.project.export",
        "Take it with you",
        "Export writes what you verified as COCO, YOLO, ELAN and more. Every step is kept at once; there is no Save.",
    ),
    Stop(
        "training",
        "Make it better",
        "Train on what you verified; the new adapter is compared with the old one before it is used. F1 lists all "
        "keys, Ctrl+K finds every action, Help has the guide.",
    ),
)


class FirstMinutes:
    """Tour and guide over the window of `front`."""

    def __init__(self, front: Front, checks: Checks) -> None:
        self._front, self._checks = front, checks
        self._tour: Tour | None = None

    def greet(self) -> None:
        """At the first start, once there is something to show; then a quiet look at the machine."""
        if not self._front.preferences.value.toured:
            QTimer.singleShot(_LATER_MS, self._front, self.tour)
        QTimer.singleShot(4 * _LATER_MS, self._front, self._checks.look_once)

    def tour(self) -> Tour:
        """Begin the tour, again if need be."""
        if self._tour is not None:
            self._tour.end()
        tour = self._tour = Tour(self._front.window, STOPS)
        tour.shown.connect(self._raise)
        tour.ended.connect(self._remember)
        tour.go(0)
        return tour

    def guide(self) -> None:
        GuideDialog(guide(), self._front.window).show()

    def _raise(self, control: str) -> None:
        """A panel behind another tab, or hidden, comes to the front."""
        panel: QWidget | None = self._front.window.findChild(QWidget, control)
        while panel is not None and not isinstance(panel, QDockWidget):
            panel = panel.parentWidget()
        if isinstance(panel, QDockWidget):
            panel.show()
            panel.raise_()

    def _remember(self) -> None:
        self._tour = None
        self._front.preferences.change(toured=True)
        self._front.stage.setFocus()


def connect_first_minutes(front: Front, checks: Checks) -> FirstMinutes:
    first = FirstMinutes(front, checks)
    front.board.bind({"help.tour": first.tour, "help.guide": first.guide})
    return first
