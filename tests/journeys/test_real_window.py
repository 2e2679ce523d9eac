"""The real program on a virtual screen with the embedded model: keys go in, the project file tells what happened."""

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pycocotools.coco import COCO

import resources
from engine.store.project_store import ProjectStore

pytestmark = [
    pytest.mark.xvfb,
    pytest.mark.skipif(not all(map(shutil.which, ("Xvfb", "xdotool"))), reason="needs Xvfb and xdotool"),
    pytest.mark.timeout(900),
]
ROOT = Path(__file__).parents[2]
NAMES = ("meadow.jpg", "parade.mp4", "concert.wav")
QUESTIONS = 3
FOUND = {"predicted", "accepted", "adjusted", "rejected", "missed"}


@pytest.fixture
def screen() -> Iterator[str]:
    """A virtual screen; its display's name."""
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp", "-noreset"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    yield f":{server.stdout.readline().strip()}"
    server.terminate()
    server.wait(20)
    server.stdout.close()


class Program:
    """The running program, its keyboard, and its project as the file holds it."""

    def __init__(self, display: str, home: Path, folder: Path) -> None:
        places = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
        self._env = {**os.environ, **places, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        self._home, self._folder = home, folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "app", str(self._folder)]
        self._process = subprocess.Popen(command, cwd=ROOT, env=self._env)
        self.until(lambda: self.shows("— Groundwork$"))
        # There is no window manager: a click on the empty border of the work brings the keys here, once it is handled.
        self._xdotool("mousemove", "700", "120", "click", "1")
        self.until(lambda: self._xdotool("getwindowfocus", "getwindowname").endswith("— Groundwork"))

    def shows(self, title: str) -> bool:
        """Whether a window whose title matches is on the screen."""
        return bool(self._xdotool("search", "--onlyvisible", "--name", title))

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(20)

    def key(self, *keys: str) -> None:
        for key in keys:
            self._xdotool("key", key)

    def write(self, text: str) -> None:
        self._xdotool("type", "--delay", "12", text)

    def until(self, holds: Callable[[], bool]) -> None:
        if not self._comes_true(holds, 240):
            pytest.fail(f"waited in vain: {self._situation()}, threads {self._threads()}")

    def steps(self, key: str, count: int, holds: Callable[[], bool]) -> None:
        """Press a key `count` times; a user who sees that one was lost presses it again, and the output tells of it."""
        self.key(*[key] * count)
        for _ in range(count):
            if self._comes_true(holds, 30):
                return
            sys.stderr.write(f"{key} pressed again: {self._situation()}\n")
            self.key(key)
        self.until(holds)

    def _comes_true(self, holds: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True

    def _situation(self) -> str:
        """What a failure has to tell."""
        names = [self._xdotool("getwindowname", id_) for id_ in self._xdotool("search", "--onlyvisible", ".").split()]
        focus = self._xdotool("getwindowfocus", "getwindowname")
        states, steps = self.states(), []
        if states:
            with closing(ProjectStore.open(self._folder / "media.groundwork")) as store:
                steps = [(row.label, row.undone) for row in store.history()]
        return f"{states}, windows {names}, focus {focus!r}, steps {steps}"

    def _threads(self) -> str:
        """Where each of the program's threads stands, as it tells when it is aborted."""
        if self._process is not None:
            self._process.send_signal(signal.SIGABRT)
            self._process.wait(20)
        return "\n".join(path.read_text() for path in self._home.rglob("native.log"))

    def states(self) -> Counter[str]:
        """How many annotations in which state, and how many answers."""
        if not (self._folder / "media.groundwork" / "project.db").exists():
            return Counter()
        store = ProjectStore.open(self._folder / "media.groundwork")
        counts = Counter(one.review.value for one in store.annotations())
        items = store.items()
        counts["items"] = len(items)
        counts["answers"] = sum(len(store.predictions(item.id)) for item in items)
        store.close()
        return counts

    def _xdotool(self, *words: str) -> str:
        done = subprocess.run(["xdotool", *words], env=self._env, capture_output=True, text=True, check=False)
        return done.stdout.strip()


@pytest.fixture
def program(screen: str, tmp_path: Path) -> Iterator[Program]:
    folder = tmp_path / "media"
    folder.mkdir()
    for name in NAMES:
        shutil.copy(resources.path(f"sample/{name}"), folder / name)
    program = Program(screen, tmp_path / "home", folder)
    yield program
    program.kill()


def questions() -> dict[str, list[str]]:
    """For each medium questions about things that are in it."""
    truth = json.loads(resources.text("sample/truth.json"))
    words = {"parade.mp4": "When does the {} appear?", "concert.wav": "When can you hear the {}?"}
    return {
        one["path"]: [
            words.get(one["path"], "Where is the {}?").format(fact["phrase"])
            for fact in one["annotations"][: QUESTIONS if one["path"].endswith("jpg") else 1]
        ]
        for one in truth
        if one["path"] in NAMES
    }


def ask_everywhere(program: Program) -> int:
    """Ask about every medium, one after the other; how many questions that were."""
    asked, number = questions(), 0
    for name in sorted(NAMES):
        for text in asked[name]:
            number += 1
            program.key("slash")
            program.write(text)
            program.key("Return")
            program.until(lambda number=number: program.states()["answers"] == number)
        program.key("d")
    return number


def test_from_a_folder_to_a_coco_file_through_a_kill(program: Program, tmp_path: Path) -> None:
    program.start()
    program.until(lambda: program.states()["items"] == len(NAMES))
    asked = ask_everywhere(program)
    before = program.states()
    assert before["predicted"] >= 3
    program.key("shift+d", "Return")
    program.until(lambda: program.states()["accepted"] == 1)
    program.key("BackSpace")
    program.until(lambda: program.states()["rejected"] == 1)
    program.key("ctrl+Left")
    program.until(lambda: program.states()["adjusted"] == 1)
    program.key("n")
    program.until(lambda: program.states()["missed"] == 1)
    done = program.states()
    steps = asked + 4
    program.steps("ctrl+z", steps, lambda: not FOUND & set(+program.states()) and program.states()["answers"] == 0)
    program.steps("ctrl+shift+z", steps, lambda: program.states() == done)
    program.kill()
    program.start()
    assert program.states() == done
    program.key("ctrl+e")
    program.until(lambda: program.shows("^Export$"))
    program.key("Return")
    program.until(lambda: program.shows("^Export to$"))
    program.key("ctrl+a")
    program.write(str(tmp_path / "out.json"))
    program.key("Return")
    program.until((tmp_path / "out.json").exists)
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(tmp_path / "out.json"))
    assert len(coco.anns) >= 1
