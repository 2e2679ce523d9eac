"""Which format a file or folder is in, from its name and the beginning of its content."""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.domain.errors import ExchangeError
from engine.exchange import reading
from engine.exchange.formats import Format, format_named

_BEGINNING = 1 << 16
_EXTENSIONS = {
    ".jsonl": "swift",
    ".csv": "csv",
    ".tsv": "tsv",
    ".eaf": "elan",
    ".textgrid": "praat",
    ".vtt": "vtt",
    ".srt": "srt",
    ".yaml": "yolo",
    ".yml": "yolo",
    ".p": "refcoco",
    ".pickle": "refcoco",
}
_AUDACITY = re.compile(r"(\\\t|[-+0-9.,eE]+\t[-+0-9.,eE]+(\t|$))", re.MULTILINE)


def detected(source: Path) -> Format:
    """The format of `source`; ExchangeError where it is none that is known."""
    id_ = _folder(source) if source.is_dir() else _file(source)
    if id_ is None:
        raise ExchangeError(f"{source} is in no format known here; name the format if you know it.")
    return format_named(id_)


def _file(source: Path) -> str | None:
    suffix = source.suffix.lower()
    if suffix in _EXTENSIONS:
        return _EXTENSIONS[suffix]
    if suffix == ".json":
        return "refcoco" if source.name.startswith("refs") else _json(source)
    if suffix not in {".xml", ".txt"}:
        return None
    try:
        with source.open("rb") as file:
            start = file.read(_BEGINNING).decode(errors="replace")
    except OSError as error:
        raise ExchangeError(f"{source} cannot be read ({error.strerror}); check that it is there.") from error
    return _xml(start) if suffix == ".xml" else _text(start)


def _xml(start: str) -> str | None:
    if "<annotations" in start:
        return "cvat-video" if "<track" in start or "<mode>interpolation" in start else "cvat-images"
    return "voc" if "<annotation" in start else None


def _text(start: str) -> str | None:
    if "##" in start:
        return "charades"
    return "audacity" if _AUDACITY.match(start) else None


def _json(source: Path) -> str | None:
    """By the keys of the outermost object, or of the first entry of a list."""
    outer = reading.json_outside(source)
    listed = isinstance(outer, list)
    first = outer[0] if isinstance(outer, list) and outer else None
    keys = set(outer) if isinstance(outer, dict) else _keys(first)
    for id_, needs, in_list in _SIGNS:
        if needs <= keys and in_list is listed:
            return _captions(outer, id_) if isinstance(outer, dict) else id_
    values: list[set[str]] = [_keys(raw) for raw in outer.values()][:1] if isinstance(outer, dict) else []
    return "activitynet" if values and {"timestamps", "sentences"} <= values[0] else None


_SIGNS: tuple[tuple[str, set[str], bool], ...] = (
    ("native", {"groundwork"}, False),
    ("labelme", {"shapes", "imagePath"}, False),
    ("activitynet", {"version", "results", "external_data"}, False),
    ("coco", {"images", "annotations"}, False),
    ("groundinggpt", {"conversations"}, True),
    ("label-studio", {"data"}, True),
    ("coco-results", {"image_id", "bbox", "score"}, True),
)


def _captions(outer: dict[str, msgspec.Raw], id_: str) -> str:
    if id_ != "coco":
        return id_
    head = bytes(outer["annotations"])[:_BEGINNING]
    return "coco-captions" if b'"caption"' in head and b'"bbox"' not in head else id_


def _keys(raw: msgspec.Raw | None) -> set[str]:
    try:
        return set(msgspec.json.decode(raw, type=dict[str, msgspec.Raw])) if raw else set()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return set()


def _folder(source: Path) -> str | None:
    checks: tuple[tuple[str, Callable[[Path], bool]], ...] = (
        ("yolo", lambda folder: any((folder / name).is_file() for name in ("data.yaml", "data.yml", "dataset.yaml"))),
        ("voc", lambda folder: (folder / "Annotations").is_dir()),
        ("refcoco", lambda folder: (folder / "instances.json").is_file() and any(folder.glob("refs*"))),
        ("label-studio", lambda folder: (folder / "tasks.json").is_file()),
    )
    for id_, fits in checks:
        if fits(source):
            return id_
    files = sorted(path for path in source.rglob("*.*") if path.is_file() and not path.name.startswith("."))
    found = (_file(path) for path in files[:50] if path.suffix.lower() in {*_EXTENSIONS, ".json", ".xml", ".txt"})
    return next((id_ for id_ in found if id_ is not None), None)
