import msgspec
import pytest

from engine.domain.geometry import Box, Segment
from engine.grounding.calibration import Calibration, along

CURVE = ((0.2, 0.1), (0.6, 0.5), (0.8, 0.9))


def test_a_score_between_two_points_lies_between_their_values():
    assert along(CURVE, 0.4) == pytest.approx(0.3)
    assert along(CURVE, 0.7) == pytest.approx(0.7)


def test_beyond_its_ends_a_curve_is_level():
    assert along(CURVE, 0.0) == 0.1
    assert along(CURVE, 1.0) == 0.9


def test_boxes_and_segments_have_their_own_curves_and_none_changes_nothing():
    calibration = Calibration(boxes=CURVE)
    assert calibration.score(0.6, Box(0, 0, 1, 1)) == 0.5
    assert calibration.score(0.6, Segment(0, 1)) == 0.6


def test_a_manifest_with_a_share_above_one_is_refused():
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"boxes": [[0.5, 1.5]]}', type=Calibration)
