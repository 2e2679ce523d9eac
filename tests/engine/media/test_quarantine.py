import sys
import threading
import time
from pathlib import Path
from subprocess import Popen

import pytest
from PIL import Image

from engine.domain.errors import MediaError
from engine.domain.media import MediaKind
from engine.media import quarantine
from engine.media.quarantine import Examiner
from tests.engine.media import clips

CHILD = """
import json, os, sys, time
say = lambda **facts: print(json.dumps(facts), flush=True)
say()
for line in sys.stdin:
    name = os.path.basename(json.loads(line))
    if "crash" in name: os.kill(os.getpid(), 11)
    if "hang" in name: time.sleep(600)
    for _ in range(4 if "slow" in name else 10**6 if "endless" in name else 0):
        time.sleep(0.2 if "slow" in name else 0.02)
        print(flush=True)
    if "alloc" in name: bytearray(1 << 60)
    say(probed={"kind": "image", "format": "png", "size": 1})
"""


@pytest.fixture
def fragile():
    with Examiner([sys.executable, "-c", CHILD], patience=0.5) as examiner:
        yield examiner


def put(folder: Path, name: str) -> Path:
    (folder / name).write_bytes(name.encode())
    return folder / name


def test_a_file_that_crashes_the_reader_is_set_aside_and_the_next_is_read(fragile: Examiner, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"crash\.png crashed the reader and was set aside"):
        fragile.examine(put(tmp_path, "crash.png"))
    began = time.perf_counter()
    assert fragile.examine(put(tmp_path, "good.png")).kind is MediaKind.IMAGE
    assert time.perf_counter() - began < 1.0


def test_a_file_that_crashed_once_is_not_tried_again(fragile: Examiner, tmp_path: Path) -> None:
    path = put(tmp_path, "crash again.png")
    with pytest.raises(MediaError):
        fragile.examine(path)
    with Examiner(["/nonexistent"]) as none, pytest.raises(MediaError, match="was set aside"):
        none.examine(path)


def test_a_file_that_hangs_the_reader_is_given_up(fragile: Examiner, tmp_path: Path) -> None:
    began = time.perf_counter()
    with pytest.raises(MediaError, match=r"hang\.png keeps the reader busy"):
        fragile.examine(put(tmp_path, "hang.png"))
    assert time.perf_counter() - began < 5.0
    assert fragile.examine(put(tmp_path, "fine.png"))


def test_a_file_that_takes_long_has_time_while_the_reader_gets_on(fragile: Examiner, tmp_path: Path) -> None:
    assert fragile.examine(put(tmp_path, "slow.png"))


def test_signs_of_life_do_not_go_on_for_ever(tmp_path: Path) -> None:
    with (
        Examiner([sys.executable, "-c", CHILD], patience=0.1) as hasty,
        pytest.raises(MediaError, match=r"endless\.png keeps the reader busy"),
    ):
        hasty.examine(put(tmp_path, "endless.png"))


def test_a_child_given_up_as_it_answers_is_not_held_against_the_next_file(
    fragile: Examiner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, children = quarantine._exchange, []

    def late_at_once(child: Popen[bytes], line: bytes, patience: float, late: threading.Event) -> bytes:
        answer = exchange(child, line, patience, late)
        if line and child not in children:
            children.append(child)
            late.set()
        return answer

    monkeypatch.setattr(quarantine, "_exchange", late_at_once)
    for name in ("one.png", "two.png"):
        assert fragile.examine(put(tmp_path, name))
    assert len(children) == 2


def test_a_child_that_cannot_start_is_one_sentence(tmp_path: Path) -> None:
    with Examiner([sys.executable, "-c", "raise SystemExit(1)"]) as dead, pytest.raises(MediaError, match="not start"):
        dead.examine(put(tmp_path, "any.png"))


def test_the_real_child_reads_media_of_all_kinds_and_refuses_the_rest(tmp_path: Path) -> None:
    Image.new("RGB", (5, 4)).save(tmp_path / "é.png")
    with Examiner() as examiner:
        assert examiner.examine(tmp_path / "é.png").width == 5
        assert examiner.examine(clips.write_clip(tmp_path / "a.mp4", count=20)).frames == 20
        assert examiner.examine(clips.write_sound(tmp_path / "a.wav", 1.0)).seconds == 1.0
        with pytest.raises(MediaError, match=r"x\.mp4"):
            examiner.examine(put(tmp_path, "x.mp4"))
        with pytest.raises(MediaError, match="not there any more"):
            examiner.examine(tmp_path / "gone.mp4")


def test_damage_inside_a_clip_is_told_and_the_rest_is_shown(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "a.mp4", options={"g": "30", "preset": "veryfast"})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 1500] = bytes(range(1, 251)) * 6
    path.write_bytes(data)
    with Examiner() as examiner:
        known = examiner.examine(path)
    assert known.frames == 150
    assert "damaged" in known.notice
