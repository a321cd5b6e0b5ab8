"""Percentile bootstrap: against scipy, against the normal approximation, and its coverage."""

from functools import partial

import numpy as np
import pytest
from scipy import stats

from ftlib import measure
from ftlib.errors import InputError
from ftlib.measure import bootstrap_interval

RNG = np.random.default_rng(3)
Y_TRUE = RNG.integers(0, 2, 300)
Y_SCORE = np.clip(0.35 * Y_TRUE + 0.65 * RNG.random(300), 0, 1)
Y_PRED = (Y_SCORE >= 0.5).astype(int)


@pytest.mark.parametrize(
    ("metric", "guess"),
    [
        (measure.accuracy_score, Y_PRED),
        (measure.f1_score, Y_PRED),
        (measure.matthews_corrcoef, Y_PRED),
        (measure.roc_auc_score, Y_SCORE),
        (measure.average_precision_score, Y_SCORE),
        (measure.brier_score_loss, Y_SCORE),
        (measure.expected_calibration_error, Y_SCORE),
        (measure.r2_score, Y_SCORE),
        (partial(measure.fbeta_score, beta=2, average="macro"), Y_PRED),
    ],
)
def test_close_to_scipys_percentile_interval(metric, guess):
    found = bootstrap_interval(metric, Y_TRUE, guess, n=600)
    reference = stats.bootstrap(
        (Y_TRUE, guess), metric, n_resamples=600, paired=True, vectorized=False, method="percentile", rng=1
    ).confidence_interval
    assert found.estimate == metric(Y_TRUE, guess)
    assert (found.low, found.high) == pytest.approx(tuple(reference), abs=0.25 * found.width)


def test_width_follows_the_standard_error_of_a_share():
    found = bootstrap_interval(measure.accuracy_score, Y_TRUE, Y_PRED, n=2000)
    error = np.sqrt(found.estimate * (1 - found.estimate) / len(Y_TRUE))
    assert found.width == pytest.approx(2 * 1.96 * error, rel=0.1)
    narrow = bootstrap_interval(measure.accuracy_score, Y_TRUE, Y_PRED, n=2000, level=0.5)
    assert narrow.width == pytest.approx(2 * 0.6745 * error, rel=0.15)


def test_it_covers_the_truth_as_often_as_it_says():
    rng, hits = np.random.default_rng(0), 0
    for seed in range(150):
        right = (rng.random(100) < 0.8).astype(int)
        hits += 0.8 in bootstrap_interval(measure.accuracy_score, np.ones(100, int), right, n=150, seed=seed)
    assert 0.87 <= hits / 150 <= 0.99


def test_same_seed_same_interval():
    make = lambda seed: bootstrap_interval(measure.f1_score, Y_TRUE, Y_PRED, n=50, seed=seed)
    assert make(1) == make(1) != make(2)


def test_weights_stay_with_their_examples():
    weight = np.where(Y_TRUE == Y_PRED, 1.0, 0.0)  # every mistake weighs nothing
    found = bootstrap_interval(measure.accuracy_score, Y_TRUE, Y_PRED, n=50, sample_weight=weight)
    assert (found.low, found.high) == (1.0, 1.0)


def test_undefined_resamples_are_left_out_and_counted():
    y_true = np.array([1] + [0] * 4)
    found = bootstrap_interval(measure.roc_auc_score, y_true, [0.9, 0.1, 0.2, 0.3, 0.4], n=200)
    assert 20 < found.undefined < 100
    assert (found.low, found.high) == (1.0, 1.0)
    assert f"undefined in {found.undefined} of 200 resamples" in str(found)


def test_text_labels_and_shape():
    words = np.array(["no", "yes"])
    found = bootstrap_interval(
        partial(measure.recall_score, pos_label="yes"), words[Y_TRUE], words[Y_PRED], n=20
    )
    assert found.estimate == measure.recall_score(Y_TRUE, Y_PRED)
    assert str(found) == f"{found.estimate:.4f} [{found.low:.4f}, {found.high:.4f}] (95%)"


@pytest.mark.parametrize(
    ("args", "options", "says"),
    [
        (([0, 1], [0, 1, 1]), {}, "2 examples and y_pred_or_score 3"),
        (([0, 1], [0, 1]), {"level": 95}, "level=95"),
        (([0, 1], [0, 1]), {"n": 1}, "n=1"),
        (([], []), {}, "y_true is empty"),
    ],
)
def test_refusals(args, options, says):
    with pytest.raises(InputError, match=says):
        bootstrap_interval(measure.accuracy_score, *args, **options)


def test_more_refusals():
    with pytest.raises(InputError, match="undefined in 30 of 30"):
        bootstrap_interval(measure.roc_auc_score, [1, 1, 1], [0.1, 0.2, 0.3], n=30)
    with pytest.raises(InputError, match="one number"):
        bootstrap_interval(partial(measure.f1_score, average=None), [0, 1, 1], [0, 1, 0], n=10)
