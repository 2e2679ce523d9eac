"""`propagate` on the shell: keyframes that lie on what moves, and one sentence for what cannot be followed."""

import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from engine.domain.geometry import Box, Key, Track, box_iou

ROOT = Path(__file__).parents[3]
RATE, FRAMES, SECOND = 10, 20, 10


def place(number: int) -> Box:
    return Box(20 + 3 * number, 30, 52 + 3 * number, 58)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds in which something goes to the right."""
    path = tmp_path_factory.mktemp("clips") / "thing.mp4"
    thing = np.random.default_rng(1).integers(0, 255, (7, 8, 3)).astype(np.uint8).repeat(4, 0).repeat(4, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(FRAMES):
            page = np.full((120, 160, 3), 120, np.uint8)
            x0, y0, x1, y1 = (int(edge) for edge in place(number).edges)
            page[y0:y1, x0:x1] = thing
            container.mux(stream.encode(av.VideoFrame.from_ndarray(page, "rgb24")))
        container.mux(stream.encode())
    return path


def propagate(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "engine", "propagate", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def edges(box: Box) -> str:
    return ",".join(map(str, box.edges))


def test_a_box_is_followed_both_ways_into_one_json_object(clip: Path) -> None:
    done = propagate(clip, "--box", edges(place(SECOND)), "--time", str(SECOND / RATE), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    track = Track(tuple(Key(key["pts"], Box(*key["box"]), key["outside"]) for key in told["keys"]))
    first, last = told["keys"][0], told["keys"][-1]
    assert (first["time"], last["time"], told["frames"]) == (0.0, (FRAMES - 1) / RATE, FRAMES)
    assert told["ended"] == {"backwards": "the end", "forwards": "the end"}
    assert told["score"] is None
    tick = (last["pts"] - first["pts"]) / (FRAMES - 1)
    for number in range(FRAMES):
        box = track.box_at(round(first["pts"] + number * tick))
        assert box is not None
        assert box_iou(box, place(number)) > 0.75


def test_a_moment_and_a_way_are_kept_to(clip: Path) -> None:
    words = ("--box", edges(place(SECOND)), "--time", "1.0", "--way", "forwards", "--moment", "0.5,1.5")
    done = propagate(clip, *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1.000 s: ")
    assert done.stdout.strip().endswith("5 frames followed; forwards until the end")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Say where the thing is with --box"),
        (("--box", "1,2,3", "--time", "1"), "--box takes 4 numbers"),
        (("--box", "1,2,300,40", "--time", "1"), "--box must lie within the 160 × 120 pixels"),
        (("--box", "1,2,30,40", "--time", "7"), "runs from 0 to 2.000 s"),
        (("--box", "1,2,30,40", "--time", "1", "--moment", "0,0.5"), "--moment must hold"),
    ],
)
def test_what_cannot_be_followed_is_one_sentence(clip: Path, words: tuple[str, ...], sentence: str) -> None:
    done = propagate(clip, *words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.strip().count("\n") == 0
