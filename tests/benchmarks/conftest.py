import os
from pathlib import Path

import pytest

from tests.benchmarks import long_media


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`MEDIA_BENCH` keeps the media between runs."""
    kept = os.environ.get("MEDIA_BENCH")
    made = Path(kept) if kept else tmp_path_factory.mktemp("media bench")
    made.mkdir(exist_ok=True)
    return made


@pytest.fixture(scope="session")
def many_b(folder: Path) -> Path:
    return long_media.scene(
        folder / "b3.mp4", "1920x1080", 30, 34, {**long_media.LONG, "bf": "3", "preset": "veryfast"}
    )
