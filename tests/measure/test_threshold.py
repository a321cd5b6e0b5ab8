"""Thresholds against brute force: every candidate tried, the best taken."""

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn_reference import scored

from ftlib import measure
from ftlib.errors import InputError
from ftlib.measure import Counts, best_threshold, cost_threshold, threshold_sweep

some = settings(max_examples=45, deadline=None)


def candidates(y_true, y_score):
    """(threshold, counts) for calling nothing positive and for each score there is, counted one by one."""
    for threshold in [np.inf, *sorted(set(y_score.tolist()), reverse=True)]:
        yield threshold, Counts.at(y_true, y_score, threshold)


@some
@given(scored())
def test_the_sweep_counts_what_counting_one_by_one_counts(case):
    y_true, y_score, _ = case
    sweep = threshold_sweep(y_true, y_score)
    brute = list(candidates(y_true, y_score))
    assert sweep.thresholds.tolist() == [threshold for threshold, _ in brute]
    for i, (_, counts) in enumerate(brute):
        assert sweep.counts(i) == counts
        assert sweep.accuracy[i] == pytest.approx(counts.accuracy)
        assert sweep.recall[i] == pytest.approx(counts.recall)
        assert sweep.fbeta(2)[i] == pytest.approx(counts.fbeta(2))
        called = counts.tp + counts.fp
        assert (
            np.isnan(sweep.precision[i])
            if not called
            else sweep.precision[i] == pytest.approx(counts.precision)
        )


@some
@given(scored(), st.floats(-0.5, 1.5))
def test_any_threshold_finds_its_entry(case, threshold):
    y_true, y_score, _ = case
    assume(threshold <= y_score.max())
    sweep = threshold_sweep(y_true, y_score)
    assert sweep.counts(sweep.at(threshold)) == Counts.at(y_true, y_score, threshold)


@some
@given(scored(), st.sampled_from([0, 1, 5]), st.sampled_from([0, 1, 50]))
def test_by_cost(case, cost_fp, cost_fn):
    y_true, y_score, _ = case
    choice = best_threshold(y_true, y_score, by="cost", cost_fp=cost_fp, cost_fn=cost_fn)
    costs = [counts.cost(cost_fp, cost_fn) for _, counts in candidates(y_true, y_score)]
    assert choice.cost == min(costs) == choice.counts.cost(cost_fp, cost_fn)
    assert choice.apply(y_true, y_score) == choice.counts


@some
@given(scored(), st.sampled_from([0.3, 0.5, 0.9, 1.0]), st.sampled_from(["recall", "precision"]))
def test_by_a_floor(case, floor, by):
    y_true, y_score, _ = case
    other = "precision" if by == "recall" else "recall"
    allowed = [
        c for _, c in candidates(y_true, y_score) if c.tp + c.fp and c.tp + c.fn and getattr(c, by) >= floor
    ]
    assume(y_true.any())
    if not allowed:
        with pytest.raises(InputError, match=f"no threshold reaches {by} {floor:g}; the greatest here is"):
            best_threshold(y_true, y_score, by=by, at_least=floor)
        return
    choice = best_threshold(y_true, y_score, by=by, at_least=floor)
    assert getattr(choice.counts, by) >= floor
    assert getattr(choice.counts, other) == pytest.approx(max(getattr(c, other) for c in allowed))


@some
@given(scored(), st.sampled_from([0.5, 1, 2]))
def test_by_fbeta(case, beta):
    y_true, y_score, _ = case
    choice = best_threshold(y_true, y_score, by="fbeta", beta=beta)
    assert choice.counts.fbeta(beta) == pytest.approx(
        max(c.fbeta(beta) for _, c in candidates(y_true, y_score))
    )


def test_weights_count_as_repetition():
    y_true, y_score = np.array([0, 1, 1, 0, 1]), np.array([0.2, 0.3, 0.6, 0.7, 0.9])
    weight = np.array([1, 3, 1, 2, 1])
    once = best_threshold(y_true, y_score, cost_fn=2, sample_weight=weight)
    repeated = best_threshold(np.repeat(y_true, weight), np.repeat(y_score, weight), cost_fn=2)
    assert (once.threshold, once.counts, once.cost) == (repeated.threshold, repeated.counts, repeated.cost)


def test_a_cost_matrix_may_reward():
    y_true, y_score = [0, 0, 1], [0.1, 0.8, 0.9]
    assert best_threshold(y_true, y_score, cost_matrix=[[0, 1], [1, -5]]).cost == -5
    assert best_threshold([0, 0, 0, 1], [0.9, 0.8, 0.7, 0.1], cost_fp=1, cost_fn=1).threshold == np.inf


def test_the_cost_threshold_is_best_for_calibrated_probabilities():
    rng = np.random.default_rng(0)
    proba = rng.random(200_000)
    truth = rng.random(200_000) < proba
    choice = best_threshold(truth, proba, cost_fp=1, cost_fn=4)
    assert cost_threshold(cost_fp=1, cost_fn=4) == 0.2
    assert choice.threshold == pytest.approx(0.2, abs=0.02)


def test_chosen_on_validation_it_looks_better_than_it_is():
    """Scores that say nothing: the chosen threshold seems to help where it was chosen, and does not elsewhere."""
    rng = np.random.default_rng(0)
    gain_seen, gain_new = [], []
    for _ in range(40):
        y_val, s_val, y_test, s_test = (
            rng.integers(0, 2, 40),
            rng.random(40),
            rng.integers(0, 2, 40),
            rng.random(40),
        )
        choice = best_threshold(y_val, s_val)
        gain_seen.append(choice.counts.accuracy)
        gain_new.append(choice.apply(y_test, s_test).accuracy)
    assert np.mean(gain_seen) > 0.55 > np.mean(gain_new)


def test_a_choice_reads_well():
    choice = best_threshold([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], by="recall", at_least=1.0)
    assert str(choice).startswith(
        "threshold 0.5 (recall at least 1): precision 0.6667, recall 1.0000, F1 0.8000, TP 2"
    )
    counts = reference.confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1])
    assert choice.counts.matrix.tolist() == counts.tolist()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"by": "luck"}, "by='luck'"),
        ({"by": "recall"}, "needs at_least="),
        ({"by": "precision", "at_least": 1.2}, "above 0 and up to 1; got 1.2"),
        ({"cost_matrix": [1, 2]}, "expected \\[\\[TN, FP\\]"),
        ({"cost_fp": np.nan}, "finite numbers"),
    ],
)
def test_refusals(options, says):
    with pytest.raises(InputError, match=says):
        best_threshold([0, 1], [0.2, 0.4], **options)
    with pytest.raises(InputError, match="not both zero"):
        cost_threshold(0, 0)
    with pytest.raises(InputError, match="y_score holds NaN"):
        measure.threshold_sweep([0, 1], [0.1, np.nan])
