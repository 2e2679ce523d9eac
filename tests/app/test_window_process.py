"""What the window's process may load, and when; and that Qt's binding counts references right."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from PySide6.QtWidgets import QApplication

from app import VERSION

ROOT = Path(__file__).parents[2]
_AT_FIRST_PAINT = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from app.front import Front
from app.places import Places

def painted():
    print(*sorted({name.partition(".")[0] for name in sys.modules}))
    front.window.close()

qt = QApplication([])
front = Front(Places(*(Path(sys.argv[1]) / name for name in "abcd")))
front.painted.connect(painted)
front.show()
qt.exec()
"""
NEVER = {"torch", "transformers", "peft", "bitsandbytes", "llama_cpp", "accelerate", "cv2"}
LATER = {"av", "sounddevice", "pyqtgraph", "PIL"}


def test_nothing_heavy_is_loaded_before_the_first_paint(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _AT_FIRST_PAINT, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "PySide6" in loaded
    assert not loaded & (NEVER | LATER)


def test_calls_into_qt_lose_no_reference_to_none(qapp: QApplication) -> None:
    """PySide6 6.12.0 loses one a call on Python 3.10 and 3.11, and the process dies of it."""
    before = sys.getrefcount(None)
    for _ in range(500):
        qapp.processEvents()
    assert sys.getrefcount(None) - before > -50


def test_without_a_display_it_says_so_and_ends(tmp_path: Path) -> None:
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    done = subprocess.run(
        [sys.executable, "-m", "app"],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key not in hidden},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "no display" in done.stderr


def test_the_constant_is_the_version_of_the_package() -> None:
    assert version("groundwork") == VERSION
