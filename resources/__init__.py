"""Icons, themes, sample media, the embedded model, licences."""

from pathlib import Path

# The application is never run from a zip archive, and `importlib.resources` costs milliseconds of its start.
_ROOT = Path(__file__).parent


def text(name: str) -> str:
    """The content of a text resource, named by its POSIX path inside this package."""
    return _ROOT.joinpath(*name.split("/")).read_text(encoding="utf-8")


def guide() -> Path:
    """The folder of the user guide: beside the other resources in a bundle, where it is written otherwise."""
    own = path("guide")
    return own if own.is_dir() else _ROOT.parent / "docs" / "guide"


def path(name: str) -> Path:
    """Where a resource lies on disk."""
    return _ROOT.joinpath(*name.split("/"))
