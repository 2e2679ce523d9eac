"""The panel that starts, watches and stops a training run."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.domain.training import RunState, RunStatus
from widgets.curve import Curve
from widgets.naming import named

PLANS = (
    ("auto", "What fits this machine"),
    ("cpu", "Processor"),
    ("8gb", "Graphics card, 8 GB"),
    ("12gb", "Graphics card, 12 GB"),
    ("24gb", "Graphics card, 24 GB"),
    ("80gb", "Graphics card, 80 GB"),
    ("smoke", "A quick try, four steps a stage"),
)
_RUNNING = frozenset({RunState.ENCODING, RunState.TRAINING})
_WORDS = {
    RunState.WAITING: "Nothing was trained yet.",
    RunState.ENCODING: "Looking at the media…",
    RunState.TRAINING: "Training",
    RunState.PAUSED: "Paused",
    RunState.STOPPED: "Stopped; what it learned is kept",
    RunState.CANCELLED: "Cancelled",
    RunState.FAILED: "Failed",
    RunState.FINISHED: "Finished",
}
_HELD_OUT = "held out"
_FACTS = ("stage", "step", "loss", _HELD_OUT, "rate", "speed", "memory", "left")


class TrainingPanel(QWidget):
    """What the user wants: `start(plan)`, `resume`, `pause`, `stop` (and keep), `cancel`, `use`, `pairs`, `back`."""

    start = Signal(str)
    resume = Signal()
    pause = Signal()
    stop = Signal()
    cancel = Signal()
    use = Signal()
    pairs = Signal()
    back = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("training")
        self._plan = named(QComboBox(), "training.plan", "Plan")
        for key, words in PLANS:
            self._plan.addItem(words, key)
        self._state = named(QLabel(_WORDS[RunState.WAITING]), "training.state", "State")
        self._state.setWordWrap(True)
        self._bar = named(QProgressBar(), "training.bar", "Progress of the stage")
        self._bar.setTextVisible(False)
        self._facts = {name: named(QLabel("–"), f"training.{name.replace(' ', '_')}", _name(name)) for name in _FACTS}
        self._curve = Curve("training.curve", "Loss over steps, dots on held-out media")
        self._buttons = {
            "start": self._button("start", "Train", lambda: self.start.emit(self._plan.currentData())),
            "resume": self._button("resume", "Go on", self.resume.emit),
            "pause": self._button("pause", "Pause", self.pause.emit),
            "stop": self._button("stop", "Stop and keep", self.stop.emit),
            "cancel": self._button("cancel", "Cancel", self.cancel.emit),
            "use": self._button("use", "Compare and use", self.use.emit),
            "pairs": self._button("pairs", "Where they differ", self.pairs.emit),
            "back": self._button("back", "Back to the one before", self.back.emit),
        }
        self._lay_out()
        self.show_pairs(there=False)
        self.show_status(RunStatus(RunState.WAITING), ready=False)

    def show_status(self, status: RunStatus, *, ready: bool) -> None:
        """How far the run is; `ready` says that a project is open whose corrections can be learned from."""
        words = _WORDS[status.state]
        self._state.setText(f"{words}. {status.sentence}" if status.sentence else words)
        self._bar.setMaximum(max(1, status.updates))
        self._bar.setValue(status.update)
        for name, words in _told(status).items():
            self._facts[name].setText(words)
        running, paused = status.state in _RUNNING, status.state is RunState.PAUSED
        shown = {
            "start": not running and not paused,
            "resume": paused,
            "pause": running,
            "stop": running,
            "cancel": running,
            "back": not running,
            "use": status.state in {RunState.FINISHED, RunState.STOPPED},
        }
        for name, there in shown.items():
            self._buttons[name].setVisible(there)
        self._buttons["start"].setEnabled(ready)
        self._plan.setEnabled(not running and not paused)

    def show_pairs(self, *, there: bool) -> None:
        """Whether a comparison drew pictures that the two answered differently."""
        self._buttons["pairs"].setVisible(there)

    def show_losses(
        self, losses: Sequence[float], breaks: Sequence[int], held_out: Sequence[tuple[int, float]] = ()
    ) -> None:
        """The loss of every step so far, at which steps a stage began, and now and then that on held-out media."""
        self._curve.show_values(losses, breaks, held_out)
        self._facts[_HELD_OUT].setText(f"{held_out[-1][1]:.4f}" if held_out else "–")

    def _button(self, name: str, words: str, act: object) -> QPushButton:
        button = named(QPushButton(words), f"training.{name}_button", words)
        button.clicked.connect(act)
        return button

    def _lay_out(self) -> None:
        facts = QFormLayout()
        for name, label in self._facts.items():
            facts.addRow(_name(name), label)
        buttons = QHBoxLayout()
        for name, button in self._buttons.items():
            if name != "pairs":
                buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(self._plan)
        layout.addWidget(self._state)
        layout.addWidget(self._bar)
        layout.addWidget(self._curve, 1)
        layout.addLayout(facts)
        # One more in the row would make the dock wider than the pictures can spare.
        layout.addWidget(self._buttons["pairs"])
        layout.addLayout(buttons)


def _name(fact: str) -> str:
    return "Loss on held-out media" if fact == _HELD_OUT else fact.capitalize()


def _told(status: RunStatus) -> dict[str, str]:
    """The facts of a run in words."""
    if not status.stages:
        return {name: "–" for name in _FACTS if name != _HELD_OUT}
    return {
        "stage": f"{status.stage} ({status.stage_index + 1} of {status.stages})",
        "step": f"{status.update} of {status.updates}",
        "loss": f"{status.loss:.4f}",
        "rate": f"{status.rate:.2g}",
        "speed": f"{status.samples_per_second:.1f} questions/s",
        "memory": f"{status.memory / 1e9:.1f} GB",
        "left": _duration(status.eta) if status.eta >= 0 else "–",
    }


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
