"""Modules that read media load FFmpeg and Pillow; they wait until the window has been painted."""

from importlib import import_module
from typing import Any


def late(module: str) -> Any:
    """A module of ours by its dotted name, loaded at the first call; call it in a job, loading takes a while."""
    return import_module(module)
