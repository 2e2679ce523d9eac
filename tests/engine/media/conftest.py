from pathlib import Path

import pytest

from engine.media.playback import Playback
from engine.media.probe import probe
from tests.engine.media import clips
from tests.engine.media.fake_out import FakeOut


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory):
    patch = pytest.MonkeyPatch()
    patch.setenv("GROUNDWORK_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory):
    """A clip of one of the kinds, made once."""
    folder = tmp_path_factory.mktemp("clips")
    made: dict[str, Path] = {}

    def of(kind: str) -> Path:
        if kind not in made:
            made[kind] = clips.make(kind, folder)
        return made[kind]

    return of


@pytest.fixture
def opened():
    players = []

    def open_it(path: Path, speaker=None, **more) -> Playback:
        player = Playback(path, probe(path), speaker or FakeOut(), **more)
        players.append(player)
        return player

    yield open_it
    for player in players:
        player.close()
