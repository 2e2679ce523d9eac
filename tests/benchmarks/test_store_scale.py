"""How a project of 100,000 media and 1,000,000 annotations behaves beside a small one.

`make bench ARGS=tests/benchmarks/test_store_scale.py`; `STORE_MEDIA` says how many media the large one has.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import edits
from engine.domain.annotation import Annotation, Origin, Provenance, Review
from engine.domain.geometry import Box
from engine.domain.ids import new_id
from engine.domain.media import MediaItem, MediaKind
from engine.domain.query import Query
from engine.store.project_store import ProjectStore

ROOT = Path(__file__).parents[2]
BY = Provenance(Origin.MODEL, "groundling", "2026-01-01T00:00:00Z")
RARE = Provenance(Origin.HUMAN, "ann", "2026-12-01T00:00:00Z")
MEDIA = int(os.environ.get("STORE_MEDIA", "100000"))
WORK = """
import json, sys, time, random
from pathlib import Path
started = time.perf_counter()
from engine import edits
from engine.domain.geometry import Box
from engine.domain.project import AnnotationFilter, ItemFilter
from engine.store.project_store import ProjectStore
imported = time.perf_counter()
store = ProjectStore.open(Path(sys.argv[1]))
first = store.items(limit=200)
store.pending([one.id for one in first])
list(store.annotations(AnnotationFilter(item=first[0].id)))
opened = time.perf_counter()
count = store.count_items()
choose = random.Random(1)
steps, commits = [], []
for _ in range(300):
    t = time.perf_counter()
    (item,) = store.items(offset=choose.randrange(count), limit=1)
    held = list(store.annotations(AnnotationFilter(item=item.id)))
    store.queries(item.id); store.predictions(item.id)
    steps.append(time.perf_counter() - t)
    t = time.perf_counter()
    store.apply(edits.reshape(held[0], Box(choose.random(), 1, 50, 60)))
    commits.append(time.perf_counter() - t)
wanted = {"question": AnnotationFilter(question="number 7?"), "author": AnnotationFilter(author="ann"),
    "score": AnnotationFilter(score=(0.123, 0.124)), "since": AnnotationFilter(since="2026-11-30"),
    "all": AnnotationFilter(author="groundling")}
searches = {}
for name, one in wanted.items():
    t = time.perf_counter()
    store.count_annotations(one)
    list(store.annotations(one, 0, 200))
    searches[f"search_{name}_ms"] = 1000 * (time.perf_counter() - t)
print(json.dumps({"searches": searches, "open": opened - imported, "steps": steps, "commits": commits,
    "rss": int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024}))
"""


def build(folder: Path, media: int, each: int) -> None:
    items = [MediaItem(new_id(), f"media/{n:06}.png", MediaKind.IMAGE, 640, 480) for n in range(media)]

    def annotations() -> Iterator[edits.Change]:
        for at, item in enumerate(items):
            asked = Query(new_id(), item.id, f"Where is number {at}?", BY.at)
            yield edits.Change(None, asked)
            for n in range(each):
                review = Review.PREDICTED if n % 2 else Review.ACCEPTED
                box = Box(n, n, n + 20, n + 30)
                by = RARE if not at % 100 and not n else BY
                score = (at * each + n) % 10_000 / 10_000
                yield edits.Change(
                    None, Annotation(new_id(), item.id, "kite", box, review, by, query=asked.id, score=score)
                )

    store = ProjectStore.create(folder)
    store.apply_changes("Add media", (edits.Change(None, item) for item in items))
    store.apply_changes("Import", annotations())
    store.close()


def measured(folder: Path) -> dict[str, float]:
    run = subprocess.run(
        [sys.executable, "-c", WORK, str(folder)], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    figures = json.loads(run.stdout)
    return {
        "open_ms": figures["open"] * 1000,
        "rss_mib": figures["rss"],
        "next_p95_ms": statistics.quantiles(figures["steps"], n=20)[18] * 1000,
        "edit_p50_ms": statistics.median(figures["commits"]) * 1000,
        "edit_p95_ms": statistics.quantiles(figures["commits"], n=20)[18] * 1000,
        **figures["searches"],
    }


@pytest.mark.bench
def test_a_large_project_costs_what_a_small_one_costs(tmp_path: Path) -> None:
    build(tmp_path / "small", 100, 10)
    build(tmp_path / "large", MEDIA, 10)
    runs = [(measured(tmp_path / "small"), measured(tmp_path / "large")) for _ in range(5)]
    for key in runs[0][0]:
        small, large = (statistics.median(run[side][key] for run in runs) for side in (0, 1))
        print(f"{key:18} 1k annotations {small:8.2f}   {MEDIA * 10:,} {large:8.2f}   ratio {large / small:5.2f}")
