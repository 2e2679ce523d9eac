"""Media, annotations and datasets for the exchange tests, fixed and generated."""

from collections.abc import Iterable

import msgspec
from hypothesis import strategies as st

from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.geometry import Absent, Box, Geometry, Key, Segment, Track, WholeItem
from engine.domain.ids import new_id
from engine.domain.media import Clock, MediaItem, MediaKind
from engine.domain.query import Query
from engine.exchange.dataset import Dataset, kind_of
from engine.exchange.formats import Format
from engine.exchange.identity import Numbers
from engine.exchange.incoming import Incoming, Labels
from engine.exchange.matching import Matcher

AT = "2026-11-02T09:30:00+00:00"
HUMAN = Provenance(Origin.HUMAN, "ada", AT)
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_WORDS = st.text(alphabet=st.sampled_from("abcxyz XYZ09 .,'\"äßéñ漢字🐕&<>-_:#\t"), min_size=1, max_size=24).map(
    str.strip
)
PHRASES = st.one_of(st.sampled_from(["the red car", "a dog", 'Käfer "4"', "=1+2", "x"]), _WORDS).filter(bool)
NAMES = st.sampled_from(["car", "dog", "traffic light", "Straße", "犬", 'a "b" & <c>', "-plus", "person, sitting"])
IDS = st.text(alphabet=st.sampled_from(_ALPHABET), min_size=26, max_size=26)


def picture(path: str = "a/b.png", width: int = 1920, height: int = 1080) -> MediaItem:
    return MediaItem(new_id(), path, MediaKind.IMAGE, width, height, frames=1, digest=_digest(path))


def clip(path: str = "clips/c 1.mp4", *, frames: int = 250, start: int = 512) -> MediaItem:
    clock = Clock(1, 12800, start, frames * 512)
    return MediaItem(new_id(), path, MediaKind.VIDEO, 640, 360, clock, frames, _digest(path), sound=True)


def sound(path: str = "s.wav", seconds: int = 12) -> MediaItem:
    clock = Clock(1, 16000, 0, seconds * 16000 + 77)
    return MediaItem(new_id(), path, MediaKind.AUDIO, clock=clock, digest=_digest(path), sound=True)


def said(
    item: MediaItem,
    geometry: Geometry,
    phrase: str = "the red car",
    *,
    label: Label | None = None,
    review: Review = Review.ACCEPTED,
    query: Query | None = None,
    score: float | None = None,
) -> Annotation:
    return Annotation(
        new_id(), item.id, phrase, geometry, review, HUMAN,
        label=label.id if label else None, query=query.id if query else None, score=score,
    )  # fmt: skip


def incoming(dataset: Dataset, *, labels: Iterable[Label] | None = None, numbers: Numbers | None = None) -> Incoming:
    """Into a project that has the dataset's media and labels, and nothing else."""
    known = Labels(dataset.labels if labels is None else labels)
    return Incoming(Matcher(dataset.items), known, author="me", at=AT, numbers=numbers)


def example() -> Dataset:
    """One of everything: three kinds of media, all geometries, labels and phrases, a question, a rejection."""
    car, dog = Label("0" * 25 + "1", "car"), Label("0" * 25 + "2", "dog")
    image = msgspec.structs.replace(picture("pictures/street 1.png"), id="0" * 25 + "A")
    other = msgspec.structs.replace(picture("pictures/yard.png", 801, 600), id="0" * 25 + "B")
    video = msgspec.structs.replace(clip("clips/run.mp4"), id="0" * 25 + "C")
    audio = msgspec.structs.replace(sound("sounds/birds.wav"), id="0" * 25 + "D")
    asked = Query("0" * 25 + "Q", image.id, "Where is the red car?", AT)
    keys = (
        Key(512, Box(10, 20, 60.5, 80)),
        Key(512 * 26, Box(40, 20, 90, 82)),
        Key(512 * 51, Box(40, 20, 90, 82), True),
    )
    rows = [
        said(image, Box(100.25, 200.5, 400.75, 480.125), "the red car", label=car, query=asked),
        said(image, Box(1500.0, 20.0, 1920.0, 300.0), "a dog by the wall", label=dog, review=Review.ADJUSTED),
        said(image, Box(3.5, 4.5, 40.0, 44.0), 'Käfer <4> & "5"'),
        said(image, Absent(), "a fire truck"),
        said(image, WholeItem(), "A street in the morning."),
        said(other, Box(10.0, 10.0, 60.0, 70.0), "the dog", label=dog, review=Review.REJECTED),
        said(other, Box(200.0, 210.0, 260.0, 333.3333333333333), "the dog", label=dog, review=Review.MISSED),
        said(video, Track(keys), "the runner", label=dog),
        said(video, Segment(512 + 12800, 512 + 38400), "she jumps", label=car),
        said(video, Segment(512 + 25600, 512 + 64000), "the crowd claps", label=car),
        said(audio, Segment(16000, 48000), "a bird sings"),
        said(audio, Segment(40000, 40000), "a click"),
    ]
    fixed = [
        msgspec.structs.replace(row, id=f"{'0' * 23}R{_ALPHABET[at // 32]}{_ALPHABET[at % 32]}")
        for at, row in enumerate(rows)
    ]
    return Dataset((video, image, other, audio), (car, dog), tuple(fixed), (asked,))


@st.composite
def datasets(draw: st.DrawFn, format_: Format) -> Dataset:
    """Up to three media of kinds that the format has, with annotations of kinds that it carries."""
    kinds = sorted(format_.media)
    items = tuple(
        draw(_items(kind, at)) for at, kind in enumerate(draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3)))
    )
    names = draw(st.lists(NAMES, unique=True, max_size=3))
    labels = tuple(Label(draw(IDS), name) for name in names)
    rows: list[Annotation] = []
    for item in items:
        for _ in range(draw(st.integers(0, 4))):
            geometry = draw(geometries(item))
            usable = format_.exact or kind_of(said(item, geometry)) in format_.carries
            if usable:
                label = draw(st.sampled_from([None, *labels]))
                rows.append(said(item, geometry, draw(PHRASES), label=label, review=draw(st.sampled_from(_VERIFIED))))
    return Dataset(items, labels, tuple(rows))


_VERIFIED = [Review.ACCEPTED, Review.ADJUSTED, Review.MISSED]


@st.composite
def _items(draw: st.DrawFn, kind: MediaKind, at: int) -> MediaItem:
    name = draw(st.sampled_from(["a", "b b", "dir/c", "dir/é.x", "deep/er/d"]))
    if kind is MediaKind.IMAGE:
        return picture(f"{name}{at}.png", draw(st.integers(2, 5000)), draw(st.integers(2, 5000)))
    if kind is MediaKind.VIDEO:
        return clip(f"{name}{at}.mp4", frames=draw(st.integers(2, 5000)), start=draw(st.integers(-3000, 3000)))
    return sound(f"{name}{at}.wav", draw(st.integers(1, 4000)))


@st.composite
def geometries(draw: st.DrawFn, item: MediaItem) -> Geometry:
    if item.kind is MediaKind.IMAGE:
        return draw(st.one_of(boxes(item), st.just(WholeItem()), st.just(Absent())))
    if item.kind is MediaKind.VIDEO:
        return draw(st.one_of(tracks(item), segments(item), st.just(WholeItem()), st.just(Absent())))
    return draw(st.one_of(segments(item), st.just(WholeItem())))


@st.composite
def boxes(draw: st.DrawFn, item: MediaItem) -> Box:
    def span(length: int) -> tuple[float, float]:
        low = draw(st.floats(0, length - 1, allow_subnormal=False))
        return low, draw(st.floats(low + 0.01, length, allow_subnormal=False))

    (x0, x1), (y0, y1) = span(item.width), span(item.height)
    return Box(x0, y0, x1, y1)


@st.composite
def segments(draw: st.DrawFn, item: MediaItem) -> Segment:
    assert item.clock
    first, last = item.clock.start, item.clock.start + item.clock.duration
    start = draw(st.integers(first, last))
    return Segment(start, draw(st.integers(start, last)))


@st.composite
def tracks(draw: st.DrawFn, item: MediaItem) -> Track:
    """Keys on frames, the first one visible, none outside twice in a row; gone with the box it had before."""
    assert item.clock
    indices = sorted(draw(st.sets(st.integers(0, item.frames - 1), min_size=1, max_size=5)))
    keys: list[Key] = []
    for at in indices:
        gone = bool(keys) and not keys[-1].outside and draw(st.booleans())
        box = keys[-1].box if gone else draw(boxes(item))
        keys.append(Key(item.clock.start + at * 512, box, gone))
    return Track(tuple(keys))


def _digest(path: str) -> str:
    return path.encode().hex().ljust(64, "0")[:64]
