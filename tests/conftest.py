"""Fixtures for every room."""

from pathlib import Path

import pytest
from hypothesis import settings

from app.places import Places

# The same examples at every run; `make soak` goes on looking with new ones.
settings.register_profile("steady", derandomize=True)
settings.register_profile("searching", derandomize=False)
settings.load_profile("steady")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """The user's folders, fresh for one test."""
    return Places(*(tmp_path / name for name in ("settings", "data", "log", "cache")))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a complete random model for the torch backbone."""
    from tests.fixtures.tiny_model import write_model

    return write_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A picture, a clip and a sound under "image", "video" and "audio"."""
    from tests.fixtures.tiny_model import write_media

    return write_media(tmp_path_factory.mktemp("media"))
