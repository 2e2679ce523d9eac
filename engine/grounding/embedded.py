"""The model that ships with the application."""

from pathlib import Path

from engine.domain.errors import ModelError
from engine.grounding.library import EMBEDDED, find
from engine.grounding.manifest import MANIFEST


def model_folder(wish: str) -> Path:
    """The folder that `wish` is or names, the embedded model's for ""; a ModelError where there is none."""
    folder = find(wish) if wish else EMBEDDED
    if not wish and not (folder / MANIFEST).is_file():
        raise ModelError("This copy of Groundwork ships without a model: name the folder of one.")
    return folder
