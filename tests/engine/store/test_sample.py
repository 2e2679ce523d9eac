"""The sample project is laid down whole, with or without its truth."""

from pathlib import Path

import pytest

from engine.domain.annotation import Review
from engine.domain.errors import StoreError
from engine.domain.geometry import Box, Segment, Track
from engine.domain.media import MediaItem, MediaKind
from engine.store.project_store import ProjectStore
from engine.store.sample import lay_down, truth
from resources import path as resource


def test_the_sample_has_pictures_a_clip_with_sound_and_a_sound(tmp_path: Path) -> None:
    lay_down(tmp_path / "s")
    store = ProjectStore.open(tmp_path / "s")
    items = store.items()
    assert {item.kind for item in items} == set(MediaKind)
    assert any(item.kind is MediaKind.VIDEO and item.sound for item in items)
    assert all(store.path_of(item).parent == tmp_path / "s" for item in items)
    assert store.count_annotations() == 0
    store.close()


def test_the_truth_lies_inside_its_media(tmp_path: Path) -> None:
    lay_down(tmp_path / "s", verified=True)
    store = ProjectStore.open(tmp_path / "s")
    annotations = list(store.annotations())
    assert len(annotations) == sum(len(one.annotations) for one in truth())
    for one in annotations:
        item = store.get(MediaItem, one.item)
        assert item is not None
        assert one.review is Review.ACCEPTED
        match one.geometry:
            case Box() as box:
                assert 0 <= box.x0 < box.x1 <= item.width
                assert 0 <= box.y0 < box.y1 <= item.height
            case Segment(start, end):
                assert item.clock is not None
                assert item.clock.start <= start < end <= item.clock.start + item.clock.duration
            case Track(keys):
                assert keys
    store.close()


def test_the_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in resource("sample").iterdir()) <= 6 << 20


def test_a_project_is_never_overwritten(tmp_path: Path) -> None:
    lay_down(tmp_path / "s")
    with pytest.raises(StoreError, match="project already"):
        lay_down(tmp_path / "s")
