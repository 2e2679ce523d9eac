"""The user's settings: one frozen value, one table of rows to show it, one sparse file written in one step."""

import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from engine.domain.errors import StoreError
from widgets.field import Field


class Settings(Struct, frozen=True, omit_defaults=True):
    """What the user may choose; only what differs from these defaults is written."""

    theme: str = "system"
    text_scale: float = 1.0
    author: str = ""
    preset: str = "own"
    keys: dict[str, tuple[str, ...]] = {}
    recent: tuple[str, ...] = ()
    model: str = ""
    adapter: str = ""
    backbone: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    threads: int = 0
    proxy: str = ""
    samples: int = 1
    look_ahead: int = 2
    threshold: float = 0.8
    overlap: float = 0.5
    order: str = "doubt"
    advance: bool = True
    listen: bool = True
    toured: bool = False
    checked: str = ""


ROWS = (
    Field(
        "theme",
        "Theme",
        "choice",
        "Look",
        choices=(("system", "Like the system"), ("light", "Light"), ("dark", "Dark"), ("contrast", "High contrast")),
    ),
    Field("text_scale", "Text size", "real", "Look", low=0.8, high=2.0, suffix=" ×"),
    Field("author", "Your name", "text", "Work", note="Stands beside every annotation you review or draw."),
    Field(
        "preset",
        "Keys like",
        "choice",
        "Work",
        choices=(("own", "Groundwork"), ("cvat", "CVAT"), ("x-anylabeling", "X-AnyLabeling")),
    ),
    Field(
        "order",
        "Review first",
        "choice",
        "Work",
        choices=(
            ("doubt", "What the model doubts"),
            ("disagreement", "Where model and human differ"),
            ("time", "What comes first in time"),
            ("label", "Label by label"),
        ),
    ),
    Field("advance", "Go to the next item when everything is reviewed", "flag", "Work"),
    Field(
        "listen",
        "Play a segment when you walk to it",
        "flag",
        "Work",
        note="When Tab or a verdict leads to the next segment of the open item. Opening an item never starts it.",
    ),
    Field(
        "threshold",
        "Accept all above",
        "real",
        "Work",
        low=0.0,
        high=1.0,
        note="The score from which Shift+Enter accepts. It is counted apart from single reviews.",
    ),
    Field(
        "overlap",
        "Model and human agree from",
        "real",
        "Work",
        low=0.05,
        high=1.0,
        note="Smaller overlap is listed as a disagreement.",
    ),
    Field(
        "device",
        "Device",
        "choice",
        "Model",
        choices=(("auto", "The fastest there is"), ("cpu", "Processor"), ("cuda", "Graphics card")),
    ),
    Field(
        "backbone",
        "Backbone",
        "choice",
        "Model",
        choices=(("auto", "The fastest there is"), ("torch", "PyTorch"), ("llamacpp", "llama.cpp")),
    ),
    Field("threads", "Processor threads", "whole", "Model", high=256, note="0 lets the engine measure."),
    Field(
        "proxy",
        "Proxy for downloads",
        "text",
        "Model",
        note="Such as http://proxy.example:3128; empty for what the system uses.",
    ),
    Field(
        "samples",
        "Answers per question",
        "whole",
        "Model",
        low=1,
        high=16,
        note="More than one measures how far the model agrees with itself; slower.",
    ),
    Field(
        "look_ahead",
        "Prepare next items",
        "whole",
        "Model",
        high=16,
        note="How many items are read by the model while you review this one.",
    ),
)


def read(path: Path) -> Settings:
    """The settings in `path`, or the defaults when there is no such file.

    Raises StoreError when the file is there and is not ours; it is left as it is.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Settings)
    except FileNotFoundError:
        return Settings()
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(f"The settings in {path} cannot be read; correct or delete the file.") from error


def write(path: Path, settings: Settings) -> None:
    """Replace the file in one step; a crash leaves the old or the new content. Raises StoreError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
            file.write(msgspec.json.format(msgspec.json.encode(settings)))
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError as error:
        raise StoreError(f"The settings could not be written to {path}: {error.strerror}.") from error


def changed(settings: Settings, **values: Any) -> Settings:
    """Settings with these values, checked against their types. Raises msgspec.ValidationError."""
    return msgspec.convert({**msgspec.structs.asdict(settings), **values}, Settings)
