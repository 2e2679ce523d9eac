from pathlib import Path

import av
import msgspec
import pytest
from PIL import Image

from engine.domain.geometry import Box, Segment, Track
from engine.synthesis.kinds import HELD_OUT
from engine.synthesis.truth import SampleTruth

FOLDER = Path(__file__).parents[3] / "resources" / "sample"
TRUTH = msgspec.json.decode((FOLDER / "truth.json").read_bytes(), type=list[SampleTruth])


def test_the_sample_is_small_and_complete():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 6_000_000
    assert {truth.path for truth in TRUTH} == {path.name for path in FOLDER.iterdir()} - {"truth.json"}


@pytest.mark.parametrize("truth", [truth for truth in TRUTH if truth.path.endswith(".jpg")], ids=lambda row: row.path)
def test_boxes_of_the_pictures_lie_inside(truth):
    with Image.open(FOLDER / truth.path) as picture:
        width, height = picture.size
    for known in truth.annotations:
        assert isinstance(known.geometry, Box)
        assert known.geometry.x1 <= width
        assert known.geometry.y1 <= height


def test_one_picture_shows_kinds_that_the_model_never_saw():
    names = {kind.name for kind in HELD_OUT}
    assert [{known.phrase for known in truth.annotations} <= names for truth in TRUTH].count(True) == 1
    assert [truth.held_out for truth in TRUTH].count(True) == 1


def test_the_clip_has_h264_and_aac_and_times_within_it():
    truth = next(row for row in TRUTH if row.path.endswith(".mp4"))
    with av.open(str(FOLDER / truth.path)) as container:
        assert [stream.codec.name for stream in container.streams] == ["h264", "aac"]
        length = container.streams.video[0].duration
    times = [known.geometry for known in truth.annotations]
    assert all(0 <= place.start < place.end <= length for place in times if isinstance(place, Segment))
    assert all(place.keys[-1].pts <= length for place in times if isinstance(place, Track))
