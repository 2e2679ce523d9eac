"""Lists of very many rows: opening and scrolling."""

import time
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.wiring.media_list import StoredMedia
from engine.domain.media import MediaItem, MediaKind
from engine.edits import Change
from engine.store.project_store import ProjectStore
from widgets.media_list import MediaList

pytestmark = pytest.mark.bench
MANY = 100_000


def test_a_hundred_thousand_media(tmp_path: Path, qtbot: QtBot) -> None:
    store = ProjectStore.create(tmp_path / "p")
    items = (MediaItem(f"I{at:06d}", f"{at:06d}.jpg", MediaKind.IMAGE, 640, 480) for at in range(MANY))
    store.apply_changes("Add", (Change(None, item) for item in items))
    panel = MediaList()
    qtbot.addWidget(panel)
    panel.resize(300, 800)
    panel.show()
    begun = time.perf_counter()
    panel.show_media(StoredMedia(store))
    qtbot.wait(1)
    opened = time.perf_counter() - begun
    steps = []
    for row in range(0, MANY, 1999):
        begun = time.perf_counter()
        panel.show_current(f"I{row:06d}")
        panel._view.viewport().repaint()
        steps.append(time.perf_counter() - begun)
    steps.sort()
    p95 = steps[int(0.95 * len(steps))]
    print(f"\n{MANY:,} media: listed in {1000 * opened:.0f} ms (gate 2000); far jump p95 {1000 * p95:.1f} ms (gate 50)")
    store.close()
    assert opened <= 2.0
