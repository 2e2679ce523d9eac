"""Names that fit no medium: what they may mean, and which files of a folder they mean."""

import hashlib
from pathlib import Path

import pytest

from engine.exchange.seeking import guesses, lying


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("photos/Yard-final.jpg", "yard"),
        ("COCO_train2014_000000000009.jpg", "nine"),
        ("img_5000.png", None),
        ("street scene.png", "scene"),
        ("quite else.png", None),
        ("b/left.jpeg", "left"),
    ],
)
def test_a_name_suggests_the_medium_that_is_called_most_alike(name: str, guess: str | None) -> None:
    paths = {
        "yard": "pictures/yard.png",
        "nine": "000000000009.png",
        "other": "img_5001.png",
        "scene": "street_scene_copy.png",
        "left": "b/left hand.png",
        "far": "a/left hand.png",
    }
    assert guesses([name], paths).get(name) == guess


def test_a_folder_is_searched_by_name_then_folders_then_content(tmp_path: Path) -> None:
    for place in ("a/one.png", "b/one.png", "renamed.png", "c/twin.png", "d/twin.png"):
        path = tmp_path / place
        path.parent.mkdir(exist_ok=True)
        path.write_text(place)
    paths = sorted(tmp_path.rglob("*.png"))
    wanted = {
        "x/b/ONE.png": "",
        "before.png": hashlib.sha256(b"renamed.png").hexdigest(),
        "twin.png": "",
        "lost.png": hashlib.sha256(b"nowhere").hexdigest(),
    }
    found = lying(paths, wanted, sha)
    assert found == {"x/b/ONE.png": tmp_path / "b/one.png", "before.png": tmp_path / "renamed.png"}
    assert lying(paths, {"twin.png": hashlib.sha256(b"d/twin.png").hexdigest()}, sha) == {"twin.png": paths[3]}
