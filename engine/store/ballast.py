"""Space kept in reserve: on a full disk SQLite can not even delete, so something must be given back first."""

from pathlib import Path

_BYTES = 4 << 20


class Ballast:
    """A file of 4 MiB beside the project, dropped when the disk is full and laid again when there is room."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "project.ballast"

    def lay(self) -> None:
        """Take the space, if the disk has it."""
        try:
            if not self._path.exists() or self._path.stat().st_size != _BYTES:
                self._path.write_bytes(bytes(_BYTES))
        except OSError:
            self._path.unlink(missing_ok=True)

    def drop(self) -> bool:
        """Give the space back; False when it had been given already."""
        existed = self._path.exists()
        self._path.unlink(missing_ok=True)
        return existed
