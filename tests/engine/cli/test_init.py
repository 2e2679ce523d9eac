"""`init` and `status` as a shell sees them."""

import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
from PIL import Image

from engine.store.project_store import ProjectStore

ROOT = Path(__file__).parents[3]


def engine(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "engine", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def media(folder: Path) -> Path:
    folder.mkdir()
    for n in (1, 2, 10):
        Image.fromarray(np.full((20, 30, 3), n, np.uint8)).save(folder / f"p{n}.png")
    with wave.open(str(folder / "tone.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(16000))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    (folder / "notes.txt").write_text("not a medium")
    return folder


def test_a_folder_becomes_a_project(tmp_path: Path) -> None:
    done = engine("init", tmp_path / "p", media(tmp_path / "media"))
    assert done.returncode == 0, done.stderr
    assert "4 media, 1 left out" in done.stdout
    assert "broken.jpg" in done.stderr
    status = json.loads(engine("status", tmp_path / "p", "--json").stdout)
    assert status["media"] == {"image": 3, "video": 0, "audio": 1}
    assert status["undo"] == "Add media"
    store = ProjectStore.open(tmp_path / "p")
    assert [Path(item.path).name for item in store.items()] == ["p1.png", "p2.png", "p10.png", "tone.wav"]
    assert all(store.path_of(item).exists() and item.digest for item in store.items())
    store.close()


def test_a_project_inside_its_media_folder_refers_to_them_relatively(tmp_path: Path) -> None:
    folder = media(tmp_path / "media")
    assert engine("init", folder / "media.groundwork", folder).returncode == 0
    moved = folder.rename(tmp_path / "elsewhere")
    store = ProjectStore.open(moved / "media.groundwork")
    assert [item.path for item in store.items()] == ["p1.png", "p2.png", "p10.png", "tone.wav"]
    assert all(store.path_of(item).exists() for item in store.items())
    store.close()


def test_user_errors_are_one_sentence_and_status_2(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    folder = media(tmp_path / "media")
    assert engine("init", tmp_path / "p", folder).returncode == 0
    for words in (
        ("init", tmp_path / "q", tmp_path / "empty"),
        ("init", tmp_path / "q", tmp_path / "nothing"),
        ("init", tmp_path / "p", folder),
        ("status", tmp_path / "q"),
    ):
        done = engine(*words)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1 or "left out" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "q").exists()


def test_status_is_told_in_words(tmp_path: Path) -> None:
    engine("init", tmp_path / "p", media(tmp_path / "media"))
    assert "media        3 image, 0 video, 1 audio" in engine("status", tmp_path / "p").stdout
