"""How far each format moves an edge or an instant, measured through our own writers and readers."""

import random
import tempfile
from pathlib import Path

import pytest

from engine.domain.annotation import Annotation
from engine.domain.errors import ExchangeError
from engine.domain.geometry import Box, Key, Segment, Track, box_iou
from engine.domain.media import MediaKind
from engine.exchange.dataset import Dataset
from engine.exchange.exporting import Plan, export
from engine.exchange.formats import FORMATS, Format, format_named
from engine.exchange.identity import Numbers
from tests.engine.exchange.samples import clip, incoming, picture, said, sound

COUNT = 3000


def many(format_: Format) -> Dataset:
    chance = random.Random(11)
    image, video, audio = picture("p.png"), clip("c.mp4", frames=7500), sound("s.wav", 600)
    rows: list[Annotation] = []
    for at in range(COUNT):
        side = (16, 32, 96)[at % 3]
        x, y = chance.uniform(0, 1920 - side), chance.uniform(0, 1080 - side)
        rows.append(said(image, Box(x, y, x + side, y + side), f"box {at}"))
    for at in range(COUNT // 3):
        for item in (video, audio):
            assert item.clock
            start = item.clock.start + chance.randrange(item.clock.duration * 9 // 10)
            rows.append(
                said(item, Segment(start, start + chance.randrange(1, item.clock.duration // 10)), f"time {at}")
            )
    for at in range(200):
        first = chance.randrange(7000)
        boxes = [Box(x, 2 * x, x + 40.3, 2 * x + 50.7) for x in (chance.uniform(0, 100), chance.uniform(0, 100))]
        keys = tuple(Key(512 + 512 * (first + 9 * n), box) for n, box in enumerate(boxes))
        rows.append(said(video, Track(keys), f"track {at}"))
    kinds = {MediaKind.IMAGE: image, MediaKind.VIDEO: video, MediaKind.AUDIO: audio}
    return Dataset(tuple(kinds[kind] for kind in sorted(format_.media)), (), tuple(rows))


def apart(a: Box, b: Box) -> float:
    return max(abs(p - q) for p, q in zip(a.edges, b.edges, strict=True))


@pytest.mark.bench
@pytest.mark.parametrize("id_", [row.id for row in FORMATS])
def test_largest_error(id_: str) -> None:
    format_ = format_named(id_)
    dataset, numbers = many(format_), Numbers()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"out{format_.suffix}"
        try:
            export(dataset, target, format_, Plan(), numbers=numbers)
        except ExchangeError:
            print(f"\n{id_}: nothing with a place or a time")
            return
        into = incoming(dataset, numbers=numbers)
        found = [one for one in format_.read(target, into) if isinstance(one, Annotation)]
    said_ = {(one.item, one.phrase, type(one.geometry)): one for one in dataset.annotations}
    ticks = {item.id: item.clock.num / item.clock.den for item in dataset.items if item.clock}
    pixels, seconds, worst = 0.0, 0.0, {16: 1.0, 32: 1.0, 96: 1.0}
    for one in found:
        other = said_[one.item, one.phrase, type(one.geometry)]
        match one.geometry, other.geometry:
            case Box(), Box():
                pixels = max(
                    pixels, *(abs(a - b) for a, b in zip(one.geometry.edges, other.geometry.edges, strict=True))
                )
                side = round(other.geometry.width)
                worst[side] = min(worst[side], box_iou(one.geometry, other.geometry))
            case Segment(), Segment():
                tick = ticks[one.item]
                ends = max(abs(one.geometry.start - other.geometry.start), abs(one.geometry.end - other.geometry.end))
                seconds = max(seconds, ends * tick)
            case Track(), Track():
                for a, b in zip(one.geometry.keys, other.geometry.keys, strict=True):
                    pixels = max(pixels, apart(a.box, b.box))
    ious = "/".join(f"{value:.3f}" for value in worst.values())
    print(f"\n{id_}: {len(found)} back, {pixels:.3g} px, {seconds:.3g} s, least IoU at 16/32/96 px {ious}")
