"""A box of one frame taken through generated clips with known truth: mean IoU beside two simpler ways.

`make bench ARGS=tests/benchmarks/test_propagation.py`; `PROPAGATION_CLIPS` says how many of each sort.
"""

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import cv2
import msgspec
import numpy as np
import pytest

from engine import propagation
from engine.domain.geometry import Box, Key, Segment, Track, box_iou, clipped
from engine.domain.tracks import Leg, Tracked, thinned
from engine.exchange import wordings
from engine.grounding.backbone import Stop
from engine.grounding.embedded import model_folder
from engine.grounding.grounder import Grounder
from engine.grounding.loading import load
from engine.media.tracker import Follower
from engine.messages import Answered, Ask, LoadModel
from engine.propagation import Course, Seen
from engine.synthesis import clips
from engine.synthesis.clips import Clip, ClipWorld

pytestmark = pytest.mark.bench
CLIPS = int(os.environ.get("PROPAGATION_CLIPS", "30"))
RATE, SIDE = 12, 320
Ask_ = Callable[[int], list[tuple[Box, float]]]
Truth = dict[int, Box]


def scene(seed: int, *, hard: bool) -> Clip:
    """A clip of 3 to 5 seconds; a hard one has things that grow or shrink on their way."""
    rng = np.random.default_rng(seed)
    drawn = clips.clip(rng, msgspec.structs.replace(ClipWorld(), seconds=(3.0, 5.0)), SIDE)
    if not hard:
        return drawn
    actors = []
    for actor in drawn.actors:
        by, (x0, y0, x1, y1) = float(rng.choice([0.6, 0.75, 1.35, 1.6])), actor.last.edges
        across, down = (x1 - x0) * (by - 1) / 2, (y1 - y0) * (by - 1) / 2
        last = clipped(Box(x0 - across, y0 - down, x1 + across, y1 + down), *drawn.size)
        actors.append(msgspec.structs.replace(actor, last=last or actor.last))
    return msgspec.structs.replace(drawn, actors=tuple(actors))


def written(path: Path, drawn: Clip, seed: int, *, hard: bool) -> tuple[str, list[Box | None]]:
    """The clip as H.264, and where its longest thing is on each frame; a hard one shakes and is noisy."""
    rng = np.random.default_rng(seed + 1)
    actor = max(drawn.actors, key=lambda one: one.end - one.start)
    width, height = (edge // 2 * 2 for edge in drawn.size)
    truth: list[Box | None] = []
    shift = np.zeros(2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(round(drawn.seconds * RATE)):
            page, box = drawn.frame(number / RATE), actor.box_at(number / RATE)
            if hard:
                shift = 0.9 * shift + rng.normal(0, 2, 2)
                camera = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
                page = cv2.warpAffine(page, camera, drawn.size, borderMode=cv2.BORDER_REPLICATE)
                page = np.clip(page + rng.normal(0, 6, page.shape), 0, 255).astype(np.uint8)
            moved = Box(*(edge + shift[at % 2] for at, edge in enumerate(box.edges))) if box else None
            truth.append(clipped(moved, width, height) if moved else None)
            shown = np.ascontiguousarray(page[:height, :width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, "rgb24")))
        container.mux(stream.encode())
    return actor.name, truth


class Case(msgspec.Struct):
    """One clip, opened, with a box known on the middle frame of its thing."""

    follower: Follower
    truth: Truth
    seed: Key
    ask: Ask_
    asked: dict[int, list[tuple[Box, float]]]

    @property
    def whole(self) -> Segment:
        return Segment(self.follower.frames[0], self.follower.end)


def cases(folder: Path, grounder: Grounder, *, hard: bool) -> Iterator[Case]:
    for seed in range(CLIPS):
        path = folder / f"{seed}-{hard}.mp4"
        name, boxes = written(path, scene(seed, hard=hard), seed, hard=hard)
        follower = Follower(path)
        truth = {pts: box for pts, box in zip(follower.frames, boxes, strict=True) if box}
        middle = sorted(truth)[len(truth) // 2]
        asked: dict[int, list[tuple[Box, float]]] = {}

        def ask(pts: int, path: Path = path, name: str = name, asked: dict = asked) -> list[tuple[Box, float]]:
            if pts not in asked:
                question = wordings.filled(wordings.WHERE, name)[0]
                replies = grounder.ask(Ask("a", (str(path),), question, frame=pts), Stop())
                answer = next(one for one in replies if isinstance(one, Answered))
                asked[pts] = [(one.geometry, one.score) for one in answer.groundings if isinstance(one.geometry, Box)]
            return asked[pts]

        yield Case(follower, truth, Key(middle, truth[middle]), ask, asked)
        follower.close()


def copied(case: Case) -> Track:
    return Track((Key(case.follower.frames[0], case.seed.box),))


def linear(case: Case) -> Track:
    """Straight between the likeliest answers on the frames that are sampled anyway, and the seed."""
    keys = {case.seed.pts: case.seed.box}
    for pts, found in case.asked.items():
        if found:
            keys[pts] = max(found, key=lambda row: row[1])[0]
    ordered = [Key(pts, box) for pts, box in sorted(keys.items())]
    return Track(
        (Key(case.follower.frames[0], ordered[0].box), *(k for k in ordered if k.pts > case.follower.frames[0]))
    )


def followed(case: Case, *, model: bool) -> tuple[Track, list[Tracked]]:
    """This program's way, both ways from the seed."""
    ways = []
    step = round(propagation.STEP_SECONDS * (case.follower.frames[1] - case.follower.frames[0]) * RATE)
    for forwards in (False, True):
        found = Course()
        frames = propagation.outwards(case.follower.frames, case.seed.pts, case.whole, forwards=forwards)
        way = propagation.course(case.seed, frames, step, found)

        def look(leg: Leg) -> Seen:
            boxes = case.follower.follow(leg, lambda _done, _total: None)
            return Seen(boxes, case.ask(leg.end) if model else None)

        propagation.driven(way, look)
        ways.append(found)
    track = propagation.track(case.seed, ways[0], ways[1], case.follower.frames, (10_000, 10_000))
    return track, [*reversed(ways[0].boxes), Tracked(case.seed.pts, case.seed.box), *ways[1].boxes]


def overlaps(track: Track, case: Case) -> list[float]:
    """IoU on every frame on which the thing is."""
    boxes = {pts: track.box_at(pts) for pts in case.truth}
    return [box_iou(box, case.truth[pts]) if (box := boxes[pts]) else 0.0 for pts in case.truth]


def invented(track: Track, case: Case) -> list[bool]:
    """For every frame without the thing whether it is claimed there."""
    return [track.box_at(pts) is not None for pts in case.follower.frames if pts not in case.truth]


@pytest.mark.parametrize("hard", [False, True], ids=["drawn", "growing-shaking-noisy"])
def test_mean_overlap_beside_copying_and_straight_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hard: bool
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    grounder = Grounder(load(LoadModel("load"), model_folder(""), lambda *_: None))
    rows: dict[str, list[tuple[float, float | None, int]]] = defaultdict(list)
    thin: list[float] = []
    took = frames = 0.0
    for case in cases(tmp_path, grounder, hard=hard):
        began = time.process_time()
        alone, _ = followed(case, model=False)
        took, frames = took + time.process_time() - began, frames + len(case.follower.frames)
        both, boxes = followed(case, model=True)
        straight = Track(tuple(thinned(boxes)))
        thin += [box_iou(box, one.box) for one in boxes if (box := straight.box_at(one.pts))]
        ways = {"copy the box": copied(case), "straight between answers": linear(case), "tracker alone": alone}
        for name, track in {**ways, "tracker and model": both}.items():
            ghosts = invented(track, case)
            share = sum(ghosts) / len(ghosts) if ghosts else None
            rows[name].append((statistics.mean(overlaps(track, case)), share, len(track.keys)))
    grounder.close()
    print(
        f"\n{CLIPS} clips; tracker {1000 * took / frames:.1f} ms of the processor a frame; thinned to {min(thin):.3f}"
    )
    for name, row in rows.items():
        worst = sorted(one[0] for one in row)[: max(len(row) // 10, 1)]
        absent = [one[1] for one in row if one[1] is not None]
        print(
            f"| {name} | {statistics.mean(one[0] for one in row):.3f} | {statistics.mean(worst):.3f} "
            f"| {statistics.mean(absent):.2f} | {statistics.median(one[2] for one in row):.0f} |"
        )
    assert min(thin) >= 0.9 - 1e-9
    mean = {name: statistics.mean(one[0] for one in row) for name, row in rows.items()}
    assert mean["tracker and model"] > max(mean["copy the box"], mean["straight between answers"])
