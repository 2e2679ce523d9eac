"""Opening pictures and clips: how long until they are seen, and what a huge picture takes."""

import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from app.stills import _close_look
from engine.media import picture
from engine.media.playback import Playback
from engine.media.probe import probe
from engine.media.speaker import SilentOut
from tests.benchmarks.figures import Highest, both, tell
from tests.benchmarks.test_media import polled

pytestmark = pytest.mark.bench


def test_next_item(folder: Path, many_b: Path) -> None:
    path = folder / "twelve megapixels.jpg"
    if not path.exists():
        y, x = np.mgrid[0:3000, 0:4000]
        noise = np.random.default_rng(0).integers(0, 24, (3000, 4000, 3))
        Image.fromarray((np.stack([x // 16, y // 12, (x + y) // 28], -1) + noise).clip(0, 255).astype(np.uint8)).save(
            path, quality=90
        )
    known = probe(many_b)

    def open_clip() -> None:
        player = Playback(many_b, known, SilentOut(), view=(1280, 720))
        polled(player)
        player.close()

    tell("picture of 12 megapixels, preview", bound=100, **both(lambda: picture.load(path, fit=1280)))
    tell("picture of 12 megapixels, every pixel", **both(lambda: picture.load(path)))
    tell("clip to its first frame", bound=100, **both(open_clip))


def test_a_huge_picture(folder: Path) -> None:
    path = folder / "huge.jpg"
    if not path.exists():
        y, x = np.mgrid[0:500, 0:500]
        tile = np.stack([x // 3, y // 3, (x + y) // 6], -1) + np.random.default_rng(0).integers(0, 16, (500, 500, 3))
        Image.fromarray(np.tile(tile.astype(np.uint8), (40, 40, 1))).save(path, quality=80)
    before = psutil.Process().memory_info().rss
    at = time.perf_counter()
    preview = picture.load(path, fit=1280)
    seen = time.perf_counter() - at
    small = (psutil.Process().memory_info().rss - before) / 2**20
    at = time.perf_counter()
    whole = picture.load(path)
    tell(
        "20,000 x 20,000",
        preview_s=seen,
        preview_mb=small,
        preview_side=preview.pixels.shape[1],
        best_s=time.perf_counter() - at,
        best_side=whole.pixels.shape[1],
        best_mb=(psutil.Process().memory_info().rss - before) / 2**20,
    )
    del preview, whole
    for name, region in (
        ("6,000 x 6,000", (14_000, 14_000, 20_000, 20_000)),
        ("12,000 x 12,000", (0, 0, 12_000, 12_000)),
    ):
        before = psutil.Process().memory_info().rss
        at = time.perf_counter()
        with Highest() as highest:
            part = _close_look(path, (0, None), region)
        tell(f"{name} of it", side=part.shape[1], s=time.perf_counter() - at, peak_mb=(highest.rss - before) / 2**20)
