"""ActivityNet Captions: for each clip its length and two parallel lists, times in seconds and sentences."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from engine.domain.geometry import Segment
from engine.domain.media import MediaItem, MediaKind
from engine.exchange import reading
from engine.exchange.charades import video_keys
from engine.exchange.dataset import Dataset, category, category_names
from engine.exchange.incoming import Imported, Incoming
from engine.exchange.outgoing import File, Outgoing
from engine.exchange.serialise import json_bytes

_PREFIX = "v_"


class Clip(Struct, frozen=True):
    timestamps: list[tuple[float, float]]
    sentences: list[str]
    duration: float = 0.0


class Result(Struct, frozen=True):
    """One row of the evaluation's own layout."""

    sentence: str
    timestamp: tuple[float, float]


class _Results(Struct, frozen=True):
    results: dict[str, msgspec.Raw]
    version: str = ""
    external_data: dict[str, Any] = {}


def write(dataset: Dataset, out: Outgoing) -> Iterator[File]:
    names = category_names(dataset)
    keys = video_keys(dataset.items, out)
    clips: dict[str, dict[str, Any]] = {}
    for item, annotations in out.each(dataset):
        segments = [(one, one.geometry) for one in annotations if isinstance(one.geometry, Segment)]
        clips[_PREFIX + keys[item.id]] = {
            "duration": item.clock.seconds if item.clock else 0.0,
            "timestamps": [out.seconds(item, segment) for _, segment in segments],
            "sentences": [one.phrase or category(one, names) for one, _ in segments],
        }
    yield File("", json_bytes(clips))


def read(source: Path, into: Incoming) -> Iterator[Imported]:
    """Ground truth, or results of the evaluation."""
    file = reading.json(source, dict[str, msgspec.Raw])
    results = {"version", "results", "external_data"} <= file.keys()
    clips = reading.json(source, _Results).results if results else file
    for done, (key, raw) in enumerate(clips.items(), 1):
        if done % 256 == 0:
            into.tick(done, len(clips))
        item = _clip(key, into)
        if item is None:
            into.losses.dropped("clip that is not in the project", key[:60])
            continue
        for sentence, (start, end) in _rows(key, raw, into, results=results):
            if (segment := into.segment(item, start, end)) is not None:
                yield into.annotation(item, segment, "", phrase=sentence, labelled=False)


def _clip(key: str, into: Incoming) -> MediaItem | None:
    """Keys are file names behind `v_`, but a file's own name may begin so too."""
    bare = key.removeprefix(_PREFIX)
    return into.media.find(bare, MediaKind.VIDEO) or (into.media.find(key, MediaKind.VIDEO) if bare != key else None)


def _rows(key: str, raw: msgspec.Raw, into: Incoming, *, results: bool) -> Iterator[tuple[str, tuple[float, float]]]:
    try:
        if results:
            yield from ((row.sentence, row.timestamp) for row in msgspec.json.decode(raw, type=list[Result]))
            return
        clip = msgspec.json.decode(raw, type=Clip)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        into.losses.dropped("entry that cannot be read", f"{key[:60]}: {str(error)[:120]}")
        return
    if len(clip.sentences) != len(clip.timestamps):
        missing = abs(len(clip.sentences) - len(clip.timestamps))
        into.losses.dropped("time without a sentence, or sentence without a time", key[:60], missing)
    yield from zip(clip.sentences, clip.timestamps, strict=False)
