"""Where the application keeps what is its own: settings, data, log."""

from pathlib import Path

import platformdirs
from msgspec import Struct


class Places(Struct, frozen=True):
    """Folders of the user; they come into being when something is written."""

    settings: Path
    data: Path
    log: Path
    cache: Path


def user_places() -> Places:
    return Places(
        settings=Path(platformdirs.user_config_dir("Groundwork", appauthor=False)),
        data=Path(platformdirs.user_data_dir("Groundwork", appauthor=False)),
        log=Path(platformdirs.user_log_dir("Groundwork", appauthor=False)),
        cache=Path(platformdirs.user_cache_dir("Groundwork", appauthor=False)),
    )
