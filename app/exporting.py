"""What the window says about exports; loaded late, with the formats."""

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.domain.media import MediaKind
from engine.domain.project import ItemFilter
from engine.exchange.formats import FORMATS, format_named
from engine.exchange.loss import LossReport
from engine.store.project_store import ProjectStore
from engine.transfer import Exported
from widgets.wording import count

_CHOICES = "export.choices"
_FIRST = {"format": "coco", "states": "verified", "split": "none", "copy": False, "empty": False}


def remembered(store: ProjectStore) -> dict[str, Any]:
    """What the user chose when exporting last; at first COCO, or a table where nothing is to be seen."""
    if known := store.value(_CHOICES):
        return {**_FIRST, **msgspec.json.decode(known, type=dict[str, Any])}
    seen = any(store.count_items(ItemFilter(kind=kind)) for kind in (MediaKind.IMAGE, MediaKind.VIDEO))
    return {**_FIRST, "format": "coco" if seen else "csv"}


def remember(store: ProjectStore, values: Mapping[str, Any]) -> None:
    """Offer the same choices next time."""
    if not store.read_only:
        store.set_value(_CHOICES, msgspec.json.encode(dict(values)).decode())


def choices() -> tuple[tuple[str, str], ...]:
    return tuple((row.id, row.name) for row in FORMATS)


def suffix(format_: str) -> str:
    """The ending of the single file; "" when a folder is written."""
    return format_named(format_).suffix


def exported(line: bytes) -> Exported:
    """The last line of `groundwork-engine export --lines`."""
    return msgspec.json.decode(line, type=Exported)


def told(account: LossReport, *, target: str = "") -> str:
    """An account as the user reads it."""
    verb = f"{target} holds" if target else "The file will hold"
    head = f"{verb} {count(account.annotations, 'annotation')} of {count(account.media, 'medium', 'media')}."
    losses = "\n".join(f"• {sentence}" for sentence in account.sentences)
    return f"{head}\n\n{losses or 'Nothing is lost.'}"
