from itertools import pairwise

import numpy as np
import pytest

from engine.evaluation.calibration import Sureness, calibration_error, fitted
from engine.grounding.calibration import along


def boastful(seed, count):
    """Places that are right half as often as their scores say."""
    rng = np.random.default_rng(seed)
    scores = rng.random(count)
    return [
        Sureness(float(score), float(chance < score / 2))
        for score, chance in zip(scores, rng.random(count), strict=True)
    ]


def test_a_score_that_tells_the_truth_has_no_calibration_error():
    rows = [Sureness(0.75, hit) for hit in (1.0, 1.0, 1.0, 0.0)] + [Sureness(0.25, hit) for hit in (0.0, 0.0, 0.0, 1.0)]
    assert calibration_error(rows).value == pytest.approx(0.0)


def test_a_boastful_score_has_the_error_of_its_boasting():
    assert calibration_error([Sureness(0.95, 0.0)] * 10).value == pytest.approx(0.95)


def test_a_fitted_curve_takes_the_boasting_out_of_scores_it_has_not_seen():
    curve, unseen = fitted(boastful(1, 2000)), boastful(2, 2000)
    corrected = [Sureness(along(curve, row.score), row.right) for row in unseen]
    assert calibration_error(corrected).value < 0.2 * calibration_error(unseen).value


def test_what_was_surer_stays_surer_even_where_it_was_wrong_more_often():
    rng = np.random.default_rng(3)
    rows = [Sureness(float(score), float(rng.random() < 1 - score)) for score in rng.random(500)]
    curve = fitted(rows)
    assert all(low[0] < high[0] and low[1] <= high[1] for low, high in pairwise(curve))


def test_a_handful_of_places_says_nothing():
    assert fitted(boastful(4, 30)) == ()
