"""Between a project and files: reads the store, feeds `engine.exchange`, and takes an import as one step.

Both programs use it; a `store` may be a reader for everything but `take`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.domain.annotation import Annotation
from engine.domain.errors import ExchangeError, MediaError
from engine.domain.geometry import Track
from engine.domain.media import MediaItem, MediaKind
from engine.domain.project import AnnotationFilter, Entity, HistoryRow
from engine.domain.query import Prediction
from engine.edits import Change
from engine.exchange import exporting, importing
from engine.exchange.dataset import Dataset, dataset_of
from engine.exchange.exporting import Plan
from engine.exchange.formats import Format
from engine.exchange.identity import Numbers
from engine.exchange.importing import Import, Known, Preview
from engine.exchange.incoming import Incoming, Labels, Options, Progress, quiet
from engine.exchange.jail import confined, lifted, resolved
from engine.exchange.loss import LossReport
from engine.exchange.matching import Matcher
from engine.exchange.seeking import guesses
from engine.media.index import frame_index
from engine.media.probe import media_item
from engine.store.project_store import ProjectStore

NUMBERS = "exchange.numbers"
KEPT = 50_000
_PAGE = 5000
_FRAME_FORMATS = frozenset({"coco", "cvat-video", "label-studio"})


class Request(Struct, frozen=True):
    """What to import. `decided` maps names of the file to item ids, as the user chose; `options` as in `Options`."""

    source: Path
    format: Format
    decided: Mapping[str, str] = {}
    options: Options = Options()


class Decisions(Struct, frozen=True):
    """What a window asks of the program that imports for it, as a line of JSON; `media` come with the import.

    `guess` asks which item may be meant by each name that fits none.
    """

    decided: dict[str, str] = {}
    media: tuple[MediaItem, ...] = ()
    author: str = ""
    guess: bool = False


class Prepared(Struct, frozen=True):
    """An import that was read: its account, and the media beside the file that the project does not have yet.

    `digests` are what the file says of the content of unmatched media. `changes` are what was read, None when it was
    too much to keep; they hold while the newest step of the history is `head`.
    """

    preview: Preview
    media: tuple[MediaItem, ...] = ()
    digests: Mapping[str, str] = {}
    changes: tuple[Change, ...] | None = None
    head: tuple[HistoryRow, ...] = ()


class Draft(Struct, frozen=True):
    """A file that was read for a window; item ids that names may mean, and the paths to choose from by id."""

    prepared: Prepared
    near: dict[str, str] = {}
    paths: dict[str, str] = {}


class Exported(Struct, frozen=True):
    """An export's account, and the register of numbers that the project is to remember; "" where it has not grown."""

    report: LossReport
    numbers: str = ""


def dataset(store: ProjectStore, format_: Format) -> Dataset:
    """Everything of a project that `format_` may ask for."""
    items = list(media_of(store))
    annotations = list(store.annotations())
    queries = [query for item in items for query in store.queries(item.id)]
    predictions: list[Prediction] = []
    if format_.exact:
        predictions = [one for item in items for one in store.predictions(item.id)]
    whole = dataset_of(
        items, store.labels(), annotations, queries, predictions=predictions, templates=store.templates()
    )
    tracked = {one.item for one in annotations if isinstance(one.geometry, Track)}
    if format_.id not in _FRAME_FORMATS:
        return whole
    clips = [item for item in whole.items if item.kind is MediaKind.VIDEO]
    needed = [item for item in clips if item.id in tracked or format_.id == "label-studio"]
    return msgspec.structs.replace(whole, frames={item.id: table for item in needed if (table := _frames(store, item))})


def preview_export(store: ProjectStore, format_: Format, plan: Plan, tick: Progress = quiet) -> LossReport:
    """What an export would lose; nothing is written."""
    return exporting.preview(dataset(store, format_), format_, plan, tick=tick)


def export(store: ProjectStore, target: Path, format_: Format, plan: Plan, *, tick: Progress = quiet) -> LossReport:
    """Write a project's annotations, and remember the numbers given unless the project can only be read."""
    done = write(store, target, format_, plan, tick=tick)
    if done.numbers and not store.read_only:
        store.set_value(NUMBERS, done.numbers)
    return done.report


def write(store: ProjectStore, target: Path, format_: Format, plan: Plan, *, tick: Progress = quiet) -> Exported:
    """Write a project's annotations; whoever may write to the project keeps the numbers given."""
    numbers = Numbers.loaded(store.value(NUMBERS))
    before = numbers.dumped()
    report = exporting.export(dataset(store, format_), target, format_, plan, numbers=numbers, tick=tick)
    after = numbers.dumped()
    return Exported(report, after if after != before else "")


def read(
    store: ProjectStore,
    request: Request,
    *,
    media: tuple[MediaItem, ...] = (),
    keep: int = KEPT,
    author: str = "",
    tick: Progress = quiet,
) -> Prepared:
    """Read a file without changing anything: counts, problems, unmatched names, media that could be added.

    `media` come with the import as well; up to `keep` changes stay in memory for `commit`.
    """
    first = _read(store, request, media, keep=keep, author=author, tick=tick)
    beside = tuple(_beside(store, request, first.preview))
    if not beside:
        return first
    return _read(store, request, (*media, *beside), keep=keep, author=author, tick=tick)


def draft(
    store: ProjectStore, request: Request, media: tuple[MediaItem, ...], *, guess: bool, tick: Progress = quiet
) -> Draft:
    """Read a file without changing or keeping anything; what the user may have to decide comes along."""
    prepared = read(store, request, media=media, keep=0, tick=tick)
    strays = prepared.preview.unmatched
    if not (guess and strays):
        return Draft(prepared)
    paths = {item.id: item.path for item in (*media_of(store), *prepared.media)}
    return Draft(prepared, guesses(strays, paths, tick), paths)


def commit(
    store: ProjectStore, request: Request, prepared: Prepared, *, author: str = "", tick: Progress = quiet
) -> Preview:
    """Import what was read, in one step; the file is read again only if the project moved on or it was too long."""
    if prepared.changes is None or prepared.head != tuple(store.history(1)):
        return take(store, request, prepared.media, author=author, tick=tick)
    store.apply_changes(_step(request), (*(Change(None, item) for item in prepared.media), *prepared.changes))
    return prepared.preview


def take(
    store: ProjectStore, request: Request, media: tuple[MediaItem, ...], *, author: str = "", tick: Progress = quiet
) -> Preview:
    """Import in one step of the history; all or nothing. Returns the account of what was added."""
    work = _import(store, request, media, author, tick)

    def changes() -> Iterator[Change]:
        for item in media:
            yield Change(None, item)
        yield from work.changes()

    with confined(_folder(request.source), store.folder):
        store.apply_changes(_step(request), changes())
    return work.preview


def adds(prepared: Prepared) -> bool:
    """Whether an import has anything to add."""
    found = prepared.preview
    return bool(prepared.media or found.annotations or found.labels or found.queries or found.others)


def _read(
    store: ProjectStore, request: Request, media: tuple[MediaItem, ...], *, keep: int, author: str, tick: Progress
) -> Prepared:
    head = tuple(store.history(1))
    with confined(_folder(request.source), store.folder):
        work = _import(store, request, media, author, tick)
        preview = work.run_dry(keep)
    return Prepared(preview, media, work.digests, work.kept, head)


def _step(request: Request) -> str:
    return f"Import {request.source.name}"


def _import(store: ProjectStore, request: Request, media: tuple[MediaItem, ...], author: str, tick: Progress) -> Import:
    items = [*media_of(store), *media]

    def frame_table(item: MediaItem) -> tuple[int, ...]:
        with lifted():
            return _frames(store, item)

    into = Incoming(
        Matcher(items, request.decided),
        Labels(store.labels()),
        author=author or store.author,
        tick=tick,
        numbers=Numbers.loaded(store.value(NUMBERS)),
        frame_table=frame_table,
        queries_of=store.queries,
        options=request.options,
    )

    def annotations_of(item: str) -> Iterator[Annotation]:
        return store.annotations(AnnotationFilter(item=item))

    def held(kind: type[Entity], id_: str) -> bool:
        return store.get(kind, id_) is not None

    return importing.Import(
        request.source, request.format, into, Known(request.format, into.labels, annotations_of, held)
    )


def _beside(store: ProjectStore, request: Request, found: Preview) -> Iterator[MediaItem]:
    """Media that the file names and that lie in its folder; a name that leads out of it is left alone."""
    known = {item.path for item in media_of(store)}
    for name in found.unmatched:
        try:
            path = resolved(_folder(request.source), name)
            item = media_item(path, store.root) if path.is_file() else None
        except (ExchangeError, MediaError):
            continue
        if item is not None and item.path not in known:
            known.add(item.path)
            yield item


def _frames(store: ProjectStore, item: MediaItem) -> tuple[int, ...]:
    """The PTS of every frame of a clip; none where its file cannot be read now."""
    try:
        return tuple(frame_index(store.path_of(item)).pts.tolist())
    except MediaError:
        return ()


def _folder(source: Path) -> Path:
    return source if source.is_dir() else source.parent


def media_of(store: ProjectStore) -> Iterator[MediaItem]:
    """Every medium of a project."""
    offset = 0
    while page := store.items(offset=offset, limit=_PAGE):
        yield from page
        offset += len(page)
