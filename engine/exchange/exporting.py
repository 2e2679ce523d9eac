"""From a dataset to files in place, with an account of what was lost on the way."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.domain.annotation import Annotation, Review
from engine.domain.errors import ExchangeError
from engine.domain.geometry import Box, Geometry, Key, Segment, Track, clipped
from engine.domain.media import MediaItem, MediaKind
from engine.exchange.dataset import (
    Dataset,
    Selection,
    Split,
    category,
    category_names,
    chosen,
    default_reviews,
    kind_of,
    part,
    restricted,
    with_splits,
)
from engine.exchange.formats import Format
from engine.exchange.identity import Numbers
from engine.exchange.incoming import Progress, quiet
from engine.exchange.loss import LossBook, LossReport
from engine.exchange.outgoing import File, Outgoing
from engine.exchange.writing import write_file, write_folder

# JSON, but no reader that takes every *.json of a folder shall take it for labels.
REPORT = ".losses"
_EDGE = 1e-9


class Plan(Struct, frozen=True):
    """How to export. `shares` divides media into train, val and test, None keeps them together; `media_root` set copies
    the media of formats that lay media out beside their labels."""

    selection: Selection = Selection()
    shares: tuple[float, float, float] | None = None
    seed: int = 0
    media_root: Path | None = None


def export(
    dataset: Dataset,
    target: Path,
    format_: Format,
    plan: Plan = Plan(),  # noqa: B008
    *,
    numbers: Numbers | None = None,
    tick: Progress = quiet,
) -> LossReport:
    """Write `target` (a file, or a folder where the format or the split needs one) and its report beside it.

    `numbers` is the project's register of ids; it has grown afterwards. Raises ExchangeError with nothing changed;
    what `tick` raises to stop (Cancelled) passes through, with nothing changed either.
    """
    out = Outgoing(numbers, tick=tick, media_root=plan.media_root)
    ready = prepared(dataset, format_, plan, out.losses)
    if not ready.items:
        raise ExchangeError(
            f"Nothing chosen can be said in the format {format_.name}; choose other annotations or another format."
        )
    files = rendered(ready, format_, out)
    if format_.folder or (ready.splits and not format_.own_splits):
        write_folder(target, _distinct(files))
    else:
        target = target / f"{target.name}{format_.suffix}" if target.is_dir() else target
        (file,) = files
        if not isinstance(file.content, bytes):
            raise ExchangeError(f"{file.name} is no file of the format itself.")
        write_file(target, file.content)
    report = LossReport(format_.id, len(ready.items), len(ready.annotations) - out.left_out, tuple(out.losses))
    write_file(report_path(target), report.encoded())
    return report


def preview(dataset: Dataset, format_: Format, plan: Plan = Plan(), *, tick: Progress = quiet) -> LossReport:  # noqa: B008
    """The report that an export would leave; nothing is written, no number is given."""
    out = Outgoing(Numbers(), tick=tick)
    ready = prepared(dataset, format_, plan, out.losses)
    for _ in rendered(ready, format_, out):
        pass
    return LossReport(format_.id, len(ready.items), len(ready.annotations) - out.left_out, tuple(out.losses))


def report_path(target: Path) -> Path:
    return target.with_name(target.name + REPORT)


def prepared(dataset: Dataset, format_: Format, plan: Plan, losses: LossBook) -> Dataset:
    """What a format can carry of the chosen part, inside its media; the rest is entered as lost."""
    reviews = frozenset(Review) if format_.complete else default_reviews(rejected="rejected" in format_.carries)
    picked = chosen(dataset, plan.selection, reviews)
    items = {item.id: item for item in picked.items}
    kept = tuple(
        whole
        for one in picked.annotations
        if _carried(one, items[one.item], format_, losses)
        and (whole := one if format_.exact else _inside(one, items[one.item], losses)) is not None
    )
    full = {one.item for one in kept}
    shown = tuple(
        item
        for item in picked.items
        if item.kind in format_.media and (item.id in full or item.done or plan.selection.empty_media)
    )
    ready = restricted(msgspec.structs.replace(picked, items=shown, annotations=kept))
    _unsaid(ready, format_, losses)
    return with_splits(ready, plan.shares, plan.seed) if plan.shares else ready


def rendered(dataset: Dataset, format_: Format, out: Outgoing) -> Iterator[File]:
    """All files of an export. A format without parts of its own is written once for each part."""
    if not dataset.splits or format_.own_splits:
        yield from format_.write(dataset, out)
        return
    for split in Split:
        some = part(dataset, split)
        if some.items:
            for file in format_.write(some, out):
                yield File(f"{split}/{file.name}" if file.name else f"{split}{format_.suffix}", file.content)


def _distinct(files: Iterator[File]) -> Iterator[File]:
    taken: set[str] = set()
    for file in files:
        if file.name.casefold() in taken:
            raise ExchangeError(f"Two files of the export would be called {file.name}; rename one of the media.")
        taken.add(file.name.casefold())
        yield file


def _carried(annotation: Annotation, item: MediaItem, format_: Format, losses: LossBook) -> bool:
    kind = kind_of(annotation)
    if item.kind not in format_.media:
        losses.dropped(f"{item.kind} annotation: the format has no {item.kind}", item.path)
        return False
    if format_.exact:
        return True
    if annotation.review is Review.REJECTED and "rejected" not in format_.carries:
        losses.dropped("rejected annotation: the format has no negatives", item.path)
        return False
    if kind == "box" and item.kind is not MediaKind.IMAGE:
        losses.dropped("box that belongs to no instant of its clip", item.path)
        return False
    if kind not in format_.carries:
        losses.dropped(_NOT_CARRIED[kind], item.path)
        return False
    return True


_NOT_CARRIED = {
    "box": "box: the format has none",
    "track": "track: the format has none",
    "segment": "segment: the format has none",
    "whole": "statement about a whole medium: the format has none",
    "absent": "'not there': the format cannot say it",
}


def _unsaid(dataset: Dataset, format_: Format, losses: LossBook) -> None:
    """Enter the words and facts that the format has no place for."""
    carries, names = format_.carries, category_names(dataset)
    if "label" not in carries:
        losses.dropped("label beside a phrase", count=sum(one.label is not None for one in dataset.annotations))
    if "phrase" not in carries:
        different = (one for one in dataset.annotations if one.phrase != category(one, names))
        losses.dropped("phrase beside a label", count=sum(1 for _ in different))
    if "facts" not in carries:
        losses.dropped("id, review, author and score of an annotation", count=len(dataset.annotations))
    if "questions" not in carries:
        losses.dropped("question", count=len(dataset.queries))
    if not format_.exact:
        losses.dropped("prediction of the model", count=len(dataset.predictions))


def _inside(annotation: Annotation, item: MediaItem, losses: LossBook) -> Annotation | None:
    """The annotation with its geometry inside its medium; None and entered where nothing is left of it."""
    geometry: Geometry | None = annotation.geometry
    match annotation.geometry:
        case Box() as box:
            geometry = _box_inside(box, item, losses)
        case Track(keys):
            geometry = _track_inside(keys, item, losses)
        case Segment() as segment:
            geometry = _segment_inside(segment, item, losses)
    if geometry is None or geometry is annotation.geometry:
        return None if geometry is None else annotation
    return msgspec.structs.replace(annotation, geometry=geometry)


def _box_inside(box: Box, item: MediaItem, losses: LossBook) -> Box | None:
    kept = clipped(box, item.width, item.height)
    if kept is None:
        losses.dropped("box without area inside its picture", item.path)
        return None
    beyond = max(abs(a - b) for a, b in zip(box.edges, kept.edges, strict=True))
    if beyond > _EDGE:
        losses.clipped("box that reaches beyond its picture", beyond, "px", item.path)
    return kept


def _track_inside(keys: tuple[Key, ...], item: MediaItem, losses: LossBook) -> Track | None:
    kept: list[Key] = []
    for key in keys:
        box = key.box if key.outside else _box_inside(key.box, item, losses)
        if box is not None and (kept or not key.outside):
            kept.append(msgspec.structs.replace(key, box=box))
    if item.clock is None or not kept:
        losses.dropped("track without a visible key or a running time", item.path)
        return None
    return Track(tuple(kept))


def _segment_inside(segment: Segment, item: MediaItem, losses: LossBook) -> Segment | None:
    if item.clock is None or segment.start > segment.end:
        losses.dropped("segment without a running time", item.path)
        return None
    first, last = item.clock.start, item.clock.start + item.clock.duration
    start, end = max(segment.start, first), min(segment.end, last)
    if start > end:
        losses.dropped("segment outside its medium", item.path)
        return None
    beyond = max(start - segment.start, segment.end - end)
    if beyond:
        losses.clipped(
            "segment that reaches beyond its medium", beyond * item.clock.num / item.clock.den, "s", item.path
        )
    return Segment(start, end)
