"""Every format gives back what it carries, within its bound, and reports the rest."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import grammar
from engine.domain.annotation import Annotation
from engine.domain.geometry import Box, Key, Segment, Track
from engine.domain.media import MediaItem
from engine.exchange.dataset import Dataset, category, category_names
from engine.exchange.exporting import Plan, prepared, rendered
from engine.exchange.formats import FORMATS, Format, format_named
from engine.exchange.identity import Numbers
from engine.exchange.outgoing import Outgoing
from tests.engine.exchange.samples import datasets, example, incoming

IDS = [row.id for row in FORMATS]
EXAMPLES = int(os.environ.get("EXCHANGE_EXAMPLES", "200"))


def written(dataset: Dataset, format_: Format, folder: Path, numbers: Numbers) -> tuple[Dataset, Outgoing, Path]:
    out = Outgoing(numbers)
    ready = prepared(dataset, format_, Plan(), out.losses)
    target = folder / f"out{format_.suffix}"
    for file in rendered(ready, format_, out):
        path = target / file.name if format_.folder else target
        path.parent.mkdir(parents=True, exist_ok=True)
        assert isinstance(file.content, bytes)
        path.write_bytes(file.content)
    target.mkdir(exist_ok=True) if format_.folder else None
    return ready, out, target


def come_back(dataset: Dataset, format_: Format) -> tuple[Dataset, Outgoing, list[Annotation], list[str]]:
    numbers = Numbers()
    with tempfile.TemporaryDirectory() as folder:
        ready, out, target = written(dataset, format_, Path(folder), numbers)
        into = incoming(dataset, numbers=numbers)
        found = [one for one in format_.read(target, into) if isinstance(one, Annotation)] if ready.items else []
    return ready, out, found, [f"{loss.how} {loss.what}" for loss in into.losses]


def sayable(annotation: Annotation, format_: Format, item: MediaItem) -> bool:
    """What the model's decimals cannot say is left out with a report."""
    match annotation.geometry:
        case Box() as box if format_.id == "groundinggpt":
            return grammar.read(grammar.write_box(box, (item.width, item.height)))[0].well_formed
        case Segment() as segment if format_.id == "groundinggpt" and item.clock:
            return grammar.read(grammar.write_segment(segment, item.clock))[0].well_formed
        case _:
            return True


def error(a: Annotation, b: Annotation, item: MediaItem) -> tuple[float, float]:
    """The largest difference of two geometries: in pixels, in seconds."""
    tick = item.clock.num / item.clock.den if item.clock else 0.0
    match a.geometry, b.geometry:
        case Box(), Box():
            return max(abs(p - q) for p, q in zip(a.geometry.edges, b.geometry.edges, strict=True)), 0.0
        case Segment(), Segment():
            ends = (a.geometry.start - b.geometry.start, a.geometry.end - b.geometry.end)
            return 0.0, max(map(abs, ends)) * tick
        case Track(one), Track(two):
            assert [key.outside for key in one] == [key.outside for key in two]
            return max(map(key_error, one, two)), max(abs(p.pts - q.pts) for p, q in zip(one, two, strict=True)) * tick
        case _:
            assert a.geometry == b.geometry
            return 0.0, 0.0


def key_error(a: Key, b: Key) -> float:
    return 0.0 if a.outside else max(abs(p - q) for p, q in zip(a.box.edges, b.box.edges, strict=True))


def words(annotation: Annotation, format_: Format, dataset: Dataset) -> tuple[str, str]:
    """Label and phrase as the format can carry them; white space as the narrowest formats keep it."""
    names = category_names(dataset)
    label = names.get(annotation.label or "", "")
    if "label" in format_.carries and "phrase" not in format_.carries:
        return "", " ".join(category(annotation, names).split())
    phrase = " ".join(annotation.phrase.split())
    if "label" not in format_.carries:
        return "", phrase
    return ("" if format_.id in MADE_FROM_PHRASE and not label else label), phrase


# CVAT has categories only: one made from a phrase comes back as a label.
MADE_FROM_PHRASE = {"cvat-images", "cvat-video"}


def paired(ready: Dataset, found: list[Annotation], format_: Format) -> list[tuple[Annotation, Annotation]]:
    """Each annotation with what came back of it: same medium, same words, within the format's bound.

    Several may lie so near to each other that rounding mixes them: one gives way where it fits another, too.
    """
    items = {item.id: item for item in ready.items}
    names = category_names(ready)
    ones = [one for one in ready.annotations if sayable(one, format_, items[one.item])]
    fitting = [
        [
            at
            for at, other in enumerate(found)
            if other.item == one.item
            and type(other.geometry) is type(one.geometry)
            and same_words(one, other, format_, ready, names)
            and within(one, other, items[one.item], format_)
        ]
        for one in ones
    ]
    taken: dict[int, int] = {}

    def place(index: int, tried: set[int]) -> bool:
        for at in fitting[index]:
            if at not in tried:
                tried.add(at)
                if at not in taken or place(taken[at], tried):
                    taken[at] = index
                    return True
        return False

    for index, one in enumerate(ones):
        assert place(index, set()), f"{one} did not come back; there is {found}"
    return [(ones[index], found[at]) for at, index in taken.items()]


def same_words(one: Annotation, other: Annotation, format_: Format, ready: Dataset, names: dict[str, str]) -> bool:
    if "phrase" not in format_.carries:
        return other.phrase == " ".join(category(one, names).split()) or other.phrase == category(one, names)
    # SubRip has no way to write its own arrow; the loss report tells of it.
    phrase = one.phrase.replace("-->", "→") if format_.id == "srt" else one.phrase
    return " ".join(other.phrase.split()) == " ".join(phrase.split())


def within(one: Annotation, other: Annotation, item: MediaItem, format_: Format) -> bool:
    """Whether a place came back within the format's bound, with the facts and the label that it carries."""
    pixels = format_.pixels * (max(item.width, item.height) if format_.relative else 1)
    seconds = format_.seconds * (item.clock.seconds if format_.relative and item.clock else 1)
    tick = item.clock.num / item.clock.den if item.clock else 0.0
    if "facts" in format_.carries or format_.exact:
        facts = (one.id, one.review, one.provenance, one.phrase)
        if (other.id, other.review, other.provenance, other.phrase) != facts:
            return False
    if {"label", "phrase"} <= format_.carries and format_.id not in MADE_FROM_PHRASE and other.label != one.label:
        return False
    try:
        off, late = error(one, other, item)
    except (AssertionError, ValueError):
        return False
    return off <= pixels + 1e-9 and late <= seconds + tick / 2 + 1e-9


@pytest.mark.parametrize("id_", IDS)
def test_what_a_format_carries_comes_back_within_its_bound(id_: str) -> None:
    come_back_within_bound(format_named(id_), EXAMPLES)


@pytest.mark.soak
@pytest.mark.parametrize("id_", IDS)
def test_it_does_so_two_thousand_times(id_: str) -> None:
    come_back_within_bound(format_named(id_), 2000)


def come_back_within_bound(format_: Format, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        dataset = data.draw(datasets(format_))
        ready, out, found, problems = come_back(dataset, format_)
        pairs = paired(ready, found, format_)
        silent = len(ready.annotations) - len(pairs)
        told = sum(loss.count for loss in out.losses if "too small" in loss.what)
        assert told == silent
        assert len(found) == len(pairs)
        assert not problems

    holds()


@pytest.mark.parametrize("id_", IDS)
def test_a_second_export_is_the_same_to_the_byte(id_: str) -> None:
    format_, dataset = format_named(id_), example()
    numbers = Numbers()
    first = list(rendered(prepared(dataset, format_, Plan(), Outgoing().losses), format_, Outgoing(numbers)))
    kept = Numbers.loaded(numbers.dumped())
    second = list(rendered(prepared(dataset, format_, Plan(), Outgoing().losses), format_, Outgoing(kept)))
    assert first == second
    assert kept.dumped() == numbers.dumped()


@pytest.mark.parametrize("id_", IDS)
def test_everything_that_a_format_leaves_out_is_counted(id_: str) -> None:
    format_, dataset = format_named(id_), example()
    out = Outgoing()
    ready = prepared(dataset, format_, Plan(), out.losses)
    kinds = ("annotation", "box that", "track:", "box:", "segment:", "statement", "'not there'", "rejected")
    dropped = sum(
        loss.count
        for loss in out.losses
        if (loss.how == "dropped" and loss.what.startswith(kinds)) or "annotation: the format" in loss.what
    )
    unchosen = 0 if format_.exact or "rejected" in format_.carries else 1
    assert len(ready.annotations) + dropped + unchosen == len(dataset.annotations)
