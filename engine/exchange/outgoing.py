"""What a writer works with: numbers for ids, the loss book and progress. Writers yield files and open none."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engine.domain.annotation import Annotation
from engine.domain.geometry import Segment, Track
from engine.domain.media import MediaItem
from engine.exchange.dataset import Dataset, Split
from engine.exchange.frames import Frames, frames_of
from engine.exchange.identity import Numbers
from engine.exchange.incoming import Progress, quiet
from engine.exchange.jail import last_name, relative
from engine.exchange.loss import LossBook


class File(NamedTuple):
    """One file of an export: its name inside the target ("" for the target itself), and its bytes or a file to copy."""

    name: str
    content: bytes | Path


class Outgoing:
    """One export in the making."""

    def __init__(self, numbers: Numbers | None = None, *, tick: Progress = quiet, media_root: Path | None = None):
        self.numbers = numbers or Numbers()
        self.losses = LossBook()
        self.tick = tick
        self.media_root = media_root
        self.left_out = 0

    def each(self, dataset: Dataset) -> Iterator[tuple[MediaItem, list[Annotation]]]:
        """Each item with its annotations, with progress."""
        total = len(dataset.items)
        for done, (item, annotations) in enumerate(dataset.by_item(), 1):
            yield item, annotations
            if done % 64 == 0 or done == total:
                self.tick(done, total)

    def copies(self, item: MediaItem, name: str) -> Iterator[File]:
        """The medium itself as a part of the export, where the caller asked for media."""
        if self.media_root is not None:
            yield File(name, self.media_root / item.path)

    def leave_out(self, what: str, where: str, count: int = 1) -> None:
        """Enter annotations that only the writer finds it cannot say."""
        self.losses.dropped(what, where, count)
        self.left_out += count

    def frames(self, dataset: Dataset, item: MediaItem, needed: int) -> Frames | None:
        """The frames of a clip; None while they are unknown, with the `needed` annotations left out."""
        found = frames_of(item, dataset.frames.get(item.id, ()))
        if found is None:
            self.leave_out("annotation of a clip whose frames are not known yet", item.path, needed)
        return found

    def seconds(self, item: MediaItem, segment: Segment, digits: int | None = None) -> tuple[float, float]:
        """Start and end of a segment in seconds, rounded to `digits` with the error noted."""
        if item.clock is None:
            return 0.0, 0.0
        exact = item.clock.seconds_at(segment.start), item.clock.seconds_at(segment.end)
        if digits is None:
            return exact
        start, end = round(exact[0], digits), round(exact[1], digits)
        self.losses.rounded("times", max(abs(start - exact[0]), abs(end - exact[1])), "s")
        return start, end

    def milliseconds(self, item: MediaItem, segment: Segment) -> tuple[int, int]:
        """Start and end in whole milliseconds; an instant is given the one millisecond that readers ask for."""
        start, end = self.seconds(item, segment)
        low, high = round(start * 1000), round(end * 1000)
        if high <= low:
            low = math.floor(start * 1000)
            high = low + 1
        self.losses.rounded("times", max(abs(low / 1000 - start), abs(high / 1000 - end)), "s")
        return low, high

    def one_line(self, text: str) -> str:
        """Text for formats in which a line or a tab ends a field."""
        joined = " ".join(text.split())
        if joined != text:
            self.losses.changed("white space in a phrase", text[:60])
        return joined

    def on_frame(self, frames: Frames, pts: int) -> int:
        """The frame of an instant; an instant between two frames is rounded and told."""
        index = frames.index_at(pts)
        at = frames.pts_at(index)
        if at is not None:
            self.losses.rounded("instants moved to the nearest frame", abs(at - pts) * _tick(frames), "s")
        if not frames.exact:
            self.losses.changed("frames counted at a constant rate")
        return index


def names_of(dataset: Dataset) -> dict[str, str]:
    """A name for each item under which its files can stand in a folder: relative, safe, and each stem once."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for item in dataset.items:
        name = relative(item.path) or relative(last_name(item.path)) or item.id
        stem, at = stem_of(name), 2
        free = name if stem.casefold() in taken else stem
        while free.casefold() in taken:
            free, at = f"{name}-{at}", at + 1
        taken.add(free.casefold())
        names[item.id] = free
    return names


def stem_of(name: str) -> str:
    """A path without its extension."""
    head, dot, tail = name.rpartition(".")
    return head if dot and head and not head.endswith("/") and "/" not in tail else name


def suffix_of(name: str) -> str:
    return name[len(stem_of(name)) :]


def split_of(dataset: Dataset, item: MediaItem) -> Split:
    """The item's part; training where the export is not divided."""
    return dataset.splits.get(item.id, Split.TRAIN)


def visible(track: Track) -> list[tuple[int, bool]]:
    """Indices of the keys of a track that show it, each with whether it is gone from the next key on."""
    keys = track.keys
    return [(at, at + 1 < len(keys) and keys[at + 1].outside) for at, key in enumerate(keys) if not key.outside]


def _tick(frames: Frames) -> float:
    return frames.clock.num / frames.clock.den
